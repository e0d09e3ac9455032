"""The actions that volumes have and photos have not: slices, planes, windows."""

from .action_spec import ActionSpec

FAST = 5
"""Slices that Shift skips."""

_MENU, GREYS = "Vol&ume", "Vol&ume/Grey &window"
_SIDEWAYS = "Also Shift+wheel. Of one time point only: moves where three planes meet"

VOLUME_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("previous_slice", "&Previous slice", _MENU, ("PgUp", "Up"), "Also the wheel"),
    ActionSpec("next_slice", "&Next slice", _MENU, ("PgDown", "Down"), "Also the wheel"),
    ActionSpec("previous_five", "Five slices &back", _MENU, ("Shift+PgUp", "Shift+Up")),
    ActionSpec("next_five", "Five slices &on", _MENU, ("Shift+PgDown", "Shift+Down")),
    ActionSpec("previous_annotated", "Pr&evious annotated slice", _MENU, ("Ctrl+PgUp",)),
    ActionSpec("next_annotated", "Ne&xt annotated slice", _MENU, ("Ctrl+PgDown",)),
    ActionSpec(
        "carry_on",
        "&Carry object to the next slice",
        _MENU,
        ("G",),
        "In the direction last gone; correct it, accept it, or carry it on",
        starts_group=True,
    ),
    ActionSpec("carry_back", "Carr&y object the other way", _MENU, ("Shift+G",), "Against the direction last gone"),
    ActionSpec(
        "carry_through", "Carry object thro&ugh slices…", _MENU, ("Ctrl+G",), "Until it ends or the mask is in doubt"
    ),
    ActionSpec(
        "fill_between",
        "&Fill between slices by shape",
        _MENU,
        ("Ctrl+Shift+G",),
        "From the slices on both sides where the object was made by hand; the image is not looked at",
    ),
    ActionSpec("next_doubtful", "Next slice to loo&k at", _MENU, ("Alt+PgDown",), "Marked amber beside the plane"),
    ActionSpec("previous_time", "Previous &time point", _MENU, ("Left",), _SIDEWAYS, starts_group=True),
    ActionSpec("next_time", "Next time po&int", _MENU, ("Right",), _SIDEWAYS),
    ActionSpec("axial", "&Axial", _MENU, ("Alt+A",), "Work on the axial plane", True, True),
    ActionSpec("coronal", "Co&ronal", _MENU, ("Alt+C",), "Work on the coronal plane", True),
    ActionSpec("sagittal", "&Sagittal", _MENU, ("Alt+G",), "Work on the sagittal plane", True),
    ActionSpec("three_planes", "T&hree planes", _MENU, ("Alt+X",), "All together; Shift moves where they meet", True),
    ActionSpec("surfaces", "3-&D view", _MENU, ("Alt+D",), "Surfaces of the objects, beside the planes", True),
    ActionSpec("neurological", "Patient's &left on the left", _MENU, (), "Neurological convention", True),
    ActionSpec("measures", "&Measures", _MENU, ("Ctrl+M",), "Volume, area and values of every object", True, True),
    ActionSpec("window_lung", "&Lung", GREYS, ("Alt+1",), "CT: level -600, width 1500"),
    ActionSpec("window_bone", "&Bone", GREYS, ("Alt+2",), "CT: level 400, width 1800"),
    ActionSpec("window_liver", "L&iver", GREYS, ("Alt+3",), "CT: level 30, width 150"),
    ActionSpec("window_brain", "B&rain", GREYS, ("Alt+4",), "CT: level 40, width 80"),
    ActionSpec("window_soft", "&Soft tissue", GREYS, ("Alt+5",), "CT: level 40, width 400"),
    ActionSpec("window_header", "Of the &file", GREYS, ("Alt+6",), "The window that the file asks for"),
    ActionSpec("window_auto", "&Automatic", GREYS, ("Alt+7", "Ctrl+J"), "From the 0.1 to the 99.9 percentile"),
    ActionSpec("invert_level", "Level rises &upwards", GREYS, (), "When the right button is drawn up", True, True),
)
