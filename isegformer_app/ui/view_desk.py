"""How it is looked at: overlay, zoom, tool, theme and keys. Nothing here changes the document."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import OverlapRule, Tool
from isegformer_app.settings import Settings

from .actions import give_icons, give_keys
from .adjust_panel import OVERLAY_STYLES, AdjustPanel, limited_brush
from .key_editor import KeyEditor
from .key_table import KeyTable
from .keymaps import KEYMAPS
from .overlay_render import colour_tables
from .planes_view import PlanesView
from .theme import THEMES, apply_theme

_BRUSH_STEP = 1.2
_OPACITY_STEP = 0.1
_TOOLS = {
    "points": Tool.CLICK,
    "brush": Tool.BRUSH,
    "eraser": Tool.ERASER,
    "polygon": Tool.POLYGON,
    "lasso": Tool.LASSO,
    "ruler": Tool.RULER,
}


class ViewDesk(QObject):
    """Keeps canvas, panel, actions and settings in step."""

    dressed = Signal()
    """Colours of the theme have changed."""

    def __init__(
        self,
        segmenting: SegmentingController,
        settings: Settings,
        planes: PlanesView,
        panel: AdjustPanel,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._segmenting, self._settings, self._planes, self._panel = segmenting, settings, planes, panel
        self._actions: Mapping[str, QAction] = {}
        self._before_ruler = Tool.CLICK
        panel.threshold_changed.connect(self.set_threshold)
        panel.opacity_changed.connect(self.set_opacity)
        panel.style_changed.connect(self.set_style)
        panel.rule_changed.connect(self.set_rule)
        panel.brush_changed.connect(self.set_brush)
        self._following = QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)
        for canvas in planes.canvases:
            canvas.brush_resized.connect(lambda factor: self.set_brush(settings.brush_radius * factor))
            canvas.opacity_turned.connect(lambda notches: self.set_opacity(settings.opacity + notches * _OPACITY_STEP))

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        handlers: dict[str, Callable[[], object]] = {
            "flip_sign": self.flip_sign,
            "clear_rulers": self.clear_rulers,
            "brush_smaller": lambda: self.set_brush(self._settings.brush_radius / _BRUSH_STEP),
            "brush_larger": lambda: self.set_brush(self._settings.brush_radius * _BRUSH_STEP),
            "fit": lambda: self._planes.active.fit(),
            "actual_size": lambda: self._planes.active.show_actual_size(),
            "zoom_in": lambda: self._planes.active.zoom(1.25),
            "zoom_out": lambda: self._planes.active.zoom(0.8),
            "overlay": lambda: self.set_overlay_shown(self._actions["overlay"].isChecked()),
            "overlay_style": self.next_style,
            "opacity_down": lambda: self.set_opacity(self._settings.opacity - _OPACITY_STEP),
            "opacity_up": lambda: self.set_opacity(self._settings.opacity + _OPACITY_STEP),
            "edit_keys": self.edit_keys,
            "crosshair": lambda: self.set_crosshair(self._actions["crosshair"].isChecked()),
            "keep_zoom": lambda: setattr(self._settings, "keep_zoom", self._actions["keep_zoom"].isChecked()),
        }
        handlers |= {name: partial(self.take, tool) for name, tool in _TOOLS.items()}
        handlers |= {f"theme_{name}": partial(self.set_theme, name) for name in THEMES}
        handlers |= {f"keys_{name}": partial(self.set_keys, name) for name in KEYMAPS}
        return handlers

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Show the settings in the actions, the panel and the canvas."""
        self._actions = actions
        self._segmenting.rule = OverlapRule(self._settings.overlap)
        actions["overlay"].setChecked(True)
        actions["crosshair"].setChecked(self._settings.crosshair)
        actions["keep_zoom"].setChecked(self._settings.keep_zoom)
        self.set_crosshair(self._settings.crosshair)
        self.set_brush(self._settings.brush_radius)
        self._panel.show_threshold(self._settings.threshold)
        self._panel.show_opacity(self._settings.opacity)
        self._panel.show_style(self._settings.overlay)
        self._panel.show_rule(self._segmenting.rule)
        self.set_keys(self._settings.keys)
        self.set_theme(self._settings.theme)
        self.take(Tool.CLICK)

    def recolour(self) -> None:
        """Colour the overlay anew: objects, opacity or style have changed."""
        photo = self._segmenting.photo
        objects = () if photo is None else photo.annotation.objects
        tables = colour_tables(objects, self._settings.opacity, self._settings.overlay)
        for canvas in self._planes.canvases:
            canvas.overlay.set_tables(tables)
            canvas.redraw()

    def take(self, tool: Tool) -> None:
        """Take a tool in hand."""
        if tool is not Tool.RULER:
            self._before_ruler = tool
        for canvas in self._planes.canvases:
            canvas.take(tool)
        if self._segmenting.photo is not None:
            self._segmenting.photo.viewpoint.tool = tool
        for name, each in _TOOLS.items():
            self._actions[name].setChecked(each is tool)

    def put_ruler_away(self) -> None:
        """Take the tool in hand that was there before the ruler."""
        self.take(self._before_ruler)

    def clear_rulers(self) -> None:
        """Remove the rulers of all slices."""
        photo = self._segmenting.photo
        if photo is not None:
            photo.viewpoint.rulers.clear()
            self._segmenting.show_again()

    def flip_sign(self) -> None:
        """Let the left button mean the other sign."""
        is_flipped = self._actions["flip_sign"].isChecked()
        for canvas in self._planes.canvases:
            canvas.points.is_flipped = is_flipped
        meaning = "beside" if is_flipped else "on"
        self._segmenting.tell(f"The left button now clicks {meaning} the object.")

    def set_overlay_shown(self, is_shown: bool) -> None:
        """Show or hide the overlay."""
        self._actions["overlay"].setChecked(is_shown)
        self._set_peeking(not is_shown)

    def peek(self, is_held: bool) -> None:
        """Hide a shown overlay, or show a hidden one, for as long as the key is held."""
        self._set_peeking(is_held == self._actions["overlay"].isChecked())

    def toggle_overlay(self) -> None:
        """Show or hide the overlay for longer."""
        self.set_overlay_shown(not self._actions["overlay"].isChecked())

    def _set_peeking(self, is_peeking: bool) -> None:
        for canvas in self._planes.canvases:
            canvas.set_peeking(is_peeking)

    def set_crosshair(self, is_shown: bool) -> None:
        """Show or hide the lines through the cursor."""
        self._settings.crosshair = is_shown
        for canvas in self._planes.canvases:
            canvas.set_crosshair(is_shown)

    def set_threshold(self, value: float) -> None:
        """Use another probability."""
        self._settings.threshold = value
        self._segmenting.threshold = value

    def set_opacity(self, value: float) -> None:
        """Make the overlay stronger or weaker, 0 to 1."""
        self._settings.opacity = min(max(value, 0.0), 1.0)
        self._panel.show_opacity(self._settings.opacity)
        self.recolour()

    def set_style(self, style: str) -> None:
        """Fill, outline or both."""
        self._settings.overlay = style
        self._panel.show_style(style)
        self.recolour()

    def next_style(self) -> None:
        """Go to the next style of the overlay."""
        place = OVERLAY_STYLES.index(self._settings.overlay) + 1
        self.set_style(OVERLAY_STYLES[place % len(OVERLAY_STYLES)])

    def set_rule(self, rule: OverlapRule) -> None:
        """Use another rule for masks that meet."""
        self._settings.overlap = rule.value
        self._segmenting.rule = rule

    def set_brush(self, radius: float) -> None:
        """Use another brush radius, in pixels of the photo."""
        self._settings.brush_radius = limited_brush(radius)
        self._panel.show_brush(self._settings.brush_radius)
        for canvas in self._planes.canvases:
            canvas.brush.radius = self._settings.brush_radius
            canvas.redraw_tool()

    def close_down(self) -> None:
        """The window closes: it does not follow the system any more."""
        QObject.disconnect(self._following)

    def _follow_system(self) -> None:
        """The system has gone from light to dark or back."""
        if self._settings.theme == "system":
            self.set_theme("system")

    def set_theme(self, theme: str) -> None:
        """Dress the window."""
        self._settings.theme = theme
        for name in THEMES:
            self._actions[f"theme_{name}"].setChecked(name == theme)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, theme)
        give_icons(self._actions)
        self.dressed.emit()

    def set_keys(self, preset: str) -> None:
        """Use another key preset."""
        self._settings.keys = preset
        for name in KEYMAPS:
            self._actions[f"keys_{name}"].setChecked(name == preset)
        give_keys(self._actions, KeyTable(preset, self._settings.own_keys).all())

    def edit_keys(self) -> None:
        """Let the annotator give actions other keys."""
        editor = KeyEditor(KeyTable(self._settings.keys, self._settings.own_keys), self._window)
        if editor.exec() == KeyEditor.DialogCode.Accepted:
            self._settings.own_keys = {name: list(keys) for name, keys in editor.table.own.items()}
            self.set_keys(self._settings.keys)
        editor.deleteLater()
