"""Every action of the window in one table: its name, its words, its keys and its menu."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from .action_spec import ActionSpec
from .icons import icon
from .volume_actions import VOLUME_ACTIONS

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open", "&Open photo or volume…", "&File", ("Ctrl+O",), "Open one or more photos or volumes"),
    ActionSpec("open_folder", "Open &folder…", "&File", ("Ctrl+U",), "Queue all photos and volumes of a folder"),
    ActionSpec("open_sample", "Open the sam&ple photo", "&File", (), "A cat to try the clicks on"),
    ActionSpec("clear_recent", "&Clear recent list", "&File/Open &recent", starts_group=True),
    ActionSpec(
        "open_session",
        "Open sessio&n…",
        "&File",
        ("Ctrl+Shift+O",),
        "Go on with saved work",
        starts_group=True,
    ),
    ActionSpec(
        "add_session",
        "A&dd photos and work of another session…",
        "&File",
        (),
        "Put what others did into this session; each photo has its own step to undo",
    ),
    ActionSpec("save", "&Save session", "&File", ("Ctrl+S",), "Keep photos, objects, clicks and masks in one file"),
    ActionSpec("save_as", "Save session &as…", "&File", ("Ctrl+Shift+S",)),
    ActionSpec("autosave", "Save by i&tself", "&File", (), "Every two minutes, once there is a session file", True),
    ActionSpec(
        "import_mask",
        "Import &mask or labels…",
        "&File",
        (),
        "A picture of masks, or a label volume: each value or colour becomes an object",
        starts_group=True,
    ),
    ActionSpec("import_coco", "&Import COCO JSON…", "&File", (), "Polygons and masks made elsewhere, for all photos"),
    ActionSpec(
        "export",
        "&Export…",
        "&File",
        ("Ctrl+E", "Ctrl+Shift+E"),
        "COCO, PNG, YOLO, Pascal VOC, labelme, a table; of volumes NIfTI, DICOM-SEG, Slicer, surfaces",
    ),
    ActionSpec("quit", "&Quit", "&File", ("Ctrl+Q",), starts_group=True),
    ActionSpec("undo", "&Undo", "&Edit", ("Ctrl+Z",), "Take the last step back"),
    ActionSpec("redo", "&Redo", "&Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "Do again what was undone"),
    ActionSpec("remove_click", "Remove last &click", "&Edit", ("Backspace",), starts_group=True),
    ActionSpec("flip_click", "&Flip click under the cursor", "&Edit", ("I",), "Also Ctrl+click on a marker"),
    ActionSpec("delete", "&Delete click or object", "&Edit", ("Del",), "The click under the cursor, else the object"),
    ActionSpec("cancel", "Dr&op clicks", "&Edit", ("Esc",), "Leave the open object as it was before"),
    ActionSpec(
        "finish",
        "&Finish object",
        "&Object",
        ("Return", "Enter", "N"),
        "Accept the mask; the next click starts another object (also: tap Space)",
    ),
    ActionSpec(
        "accept_part",
        "&Accept part, go on",
        "&Object",
        ("Shift+Space",),
        "Write the mask so far and go on with the same object",
    ),
    ActionSpec("reopen", "Re&open object", "&Object", ("Ctrl+R",), "Go on with the clicks of a finished object"),
    ActionSpec("flip_sign", "Left click is &negative", "&Object", ("T",), "For hands with one button", True),
    ActionSpec("previous_object", "&Previous object", "&Object", (",",), starts_group=True),
    ActionSpec("next_object", "Ne&xt object", "&Object", (".",)),
    ActionSpec("rename", "&Rename…", "&Object", ("F2",)),
    ActionSpec("recolour", "&Colour…", "&Object"),
    ActionSpec("hide", "&Hide or show", "&Object", ("H",)),
    ActionSpec("lock", "&Lock or unlock", "&Object", ("K",)),
    ActionSpec("move_up", "Move &up", "&Object", ("Ctrl+Up",)),
    ActionSpec("move_down", "Move &down", "&Object", ("Ctrl+Down",)),
    ActionSpec("fill_holes", "F&ill holes", "&Object", ("Shift+H",), starts_group=True),
    ActionSpec("keep_largest", "Keep lar&gest part", "&Object", ("Shift+K",)),
    ActionSpec("smooth", "&Smooth border", "&Object", ("Shift+S",)),
    ActionSpec("points", "&Points", "&Tools", ("Q",), "Click on the object, right-click beside it", True),
    ActionSpec("brush", "&Brush", "&Tools", ("B",), "Paint pixels; the right button erases", True),
    ActionSpec("eraser", "&Eraser", "&Tools", ("E",), "Erase pixels; the right button paints", True),
    ActionSpec("polygon", "P&olygon", "&Tools", ("P",), "Corner by corner; begin with the right button to cut", True),
    ActionSpec("lasso", "&Lasso", "&Tools", ("L",), "Draw round an area; with the right button to cut", True),
    ActionSpec(
        "ruler", "&Ruler", "&Tools", ("M",), "Draw a line to measure; its ends can be moved; Esc leaves it", True
    ),
    ActionSpec("clear_rulers", "&Clear rulers", "&Tools", ("Shift+M",), "Remove the rulers of all slices"),
    ActionSpec("brush_smaller", "Brush s&maller", "&Tools", ("[",), starts_group=True),
    ActionSpec("brush_larger", "Brush l&arger", "&Tools", ("]",)),
    ActionSpec("fit", "&Fit in window", "&View", ("F",), "Once more: back to what was seen before"),
    ActionSpec("actual_size", "&100 %", "&View", ("Ctrl+0",)),
    ActionSpec("zoom_in", "Zoom &in", "&View", ("Ctrl++", "Ctrl+=")),
    ActionSpec("zoom_out", "Zoom &out", "&View", ("Ctrl+-",)),
    ActionSpec("overlay", "Show over&lay", "&View", (), "Tap S; hold S to peek under it", True, True),
    ActionSpec("overlay_style", "Fill, outline or &both", "&View", ("O",)),
    ActionSpec("opacity_down", "Overlay &weaker", "&View", ("Alt+Down",), "Also Alt+wheel"),
    ActionSpec("opacity_up", "Overlay &stronger", "&View", ("Alt+Up",), "Also Alt+wheel"),
    ActionSpec("crosshair", "&Crosshair", "&View", ("X",), "Lines through the cursor", True),
    ActionSpec("keep_zoom", "Keep &zoom between photos", "&View", (), "", True),
    ActionSpec("previous_photo", "&Previous photo", "&Photos", ("A",)),
    ActionSpec("next_photo", "&Next photo", "&Photos", ("D",)),
    ActionSpec("previous_unfinished", "Previous &unfinished", "&Photos", ("Ctrl+Shift+A",)),
    ActionSpec("next_unfinished", "Next un&finished", "&Photos", ("Ctrl+Shift+D",)),
    ActionSpec(
        "copy_to_next",
        "&Copy objects to the next photo",
        "&Photos",
        ("Ctrl+Shift+C",),
        "Turn the page and take the objects along, to be corrected there",
        starts_group=True,
    ),
    ActionSpec("mark_done", "Mark as &done", "&Photos", ("Ctrl+D",), "", True, True),
    ActionSpec("flag", "F&lag", "&Photos", ("Ctrl+K",), "Mark the photo as one to come back to", True),
    *VOLUME_ACTIONS,
    ActionSpec("models", "&Models…", "&Model", (), "What can answer, what others publish, and what each of them is"),
    ActionSpec("model_file", "Model from &file…", "&Model", (), "Also one of another project, which is imported"),
    ActionSpec(
        "train",
        "&Train on my annotations…",
        "&Model",
        (),
        "Teach the model your own objects, from sessions or folders of masks",
        starts_group=True,
    ),
    ActionSpec("evaluate", "&Evaluate…", "&Model", (), "How many clicks the model needs on your finished objects"),
    ActionSpec("device_auto", "&Choose by itself", "&Model/&Device", is_checkable=True),
    ActionSpec("device_cpu", "C&PU", "&Model/&Device", is_checkable=True),
    ActionSpec("device_cuda", "C&UDA (Nvidia)", "&Model/&Device", is_checkable=True),
    ActionSpec("threads", "CPU th&reads…", "&Model", (), "How many processor threads the network may use"),
    ActionSpec("theme_system", "Follow the &system", "&View/&Theme", is_checkable=True),
    ActionSpec("theme_light", "&Light", "&View/&Theme", is_checkable=True),
    ActionSpec("theme_dark", "&Dark", "&View/&Theme", is_checkable=True),
    ActionSpec("keys_default", "Defa&ult", "&View/&Keys", is_checkable=True),
    ActionSpec("keys_ritm", "Classic &RITM", "&View/&Keys", is_checkable=True),
    ActionSpec("keys_medical", "&ITK-SNAP / MITK", "&View/&Keys", is_checkable=True),
    ActionSpec("edit_keys", "&Edit keys…", "&View/&Keys", (), "Give actions other keys", starts_group=True),
    ActionSpec("cheat_sheet", "&Keys and gestures", "&Help", ("F1", "?")),
    ActionSpec("about", "&About", "&Help"),
)

Handlers = Mapping[str, Callable[[], object]]


def make_actions(parent: QObject, handlers: Handlers) -> dict[str, QAction]:
    """Build all actions and connect each with the handler of its name; raises `KeyError` where one has none."""
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.name)
        action.setCheckable(spec.is_checkable)
        handler = handlers[spec.name]
        action.triggered.connect(lambda _checked=False, handler=handler: handler())
        made[spec.name] = action
    return made


def give_icons(actions: Mapping[str, QAction]) -> None:
    """Draw the icons in the colours of the present theme."""
    for name, action in actions.items():
        action.setIcon(icon(name))


def give_keys(actions: Mapping[str, QAction], keys_by_name: Mapping[str, tuple[str, ...]]) -> None:
    """Set the keys of every action."""
    for spec in ACTIONS:
        keys = keys_by_name[spec.name]
        action = actions[spec.name]
        action.setShortcuts([QKeySequence(key) for key in keys])
        words = plain_text(spec)
        shown = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if keys else ""
        action.setToolTip(f"{words}{shown}" + (f"\n{spec.tip}" if spec.tip else ""))
        action.setStatusTip(spec.tip)


def plain_text(spec: ActionSpec) -> str:
    """The words of an action without the marks of its menu."""
    return spec.text.replace("&", "").removesuffix("…")


def fill_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> dict[str, QMenu]:
    """Put every action into its menu; menus appear in the order of the table. Answers the menus by their path."""
    menus: dict[str, QMenu] = {}
    for title in dict.fromkeys(spec.menu.split("/")[0] for spec in ACTIONS):
        menus[title] = bar.addMenu(title)
    for spec in ACTIONS:
        if spec.menu not in menus:
            parent, title = spec.menu.split("/")
            menus[parent].addSeparator()
            menus[spec.menu] = menus[parent].addMenu(title)
        if spec.starts_group:
            menus[spec.menu].addSeparator()
        menus[spec.menu].addAction(actions[spec.name])
    return menus
