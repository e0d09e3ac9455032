"""Key presets: only what differs from the table of actions."""

from collections.abc import Mapping

Keymap = Mapping[str, tuple[str, ...]]

KEYMAPS: Mapping[str, Keymap] = {
    "default": {},
    # The Tk demonstration of RITM and its relatives has few keys; A accepts a part there, so photos turn with the
    # keys of the page.
    "ritm": {
        "previous_photo": ("PgUp",),
        "next_photo": ("PgDown",),
        "previous_slice": ("Up",),
        "next_slice": ("Down",),
        "accept_part": ("A", "Shift+Space"),
    },
    # ITK-SNAP turns the opacity with A and D, fits with Ctrl+F and picks the brush with 4, the polygon with 3.
    "medical": {
        "opacity_down": ("A",),
        "opacity_up": ("D",),
        "previous_photo": ("Ctrl+Alt+P",),
        "next_photo": ("Ctrl+Alt+N",),
        "previous_unfinished": ("Ctrl+Shift+P",),
        "next_unfinished": ("Ctrl+Shift+N",),
        "fit": ("Ctrl+F",),
        "actual_size": ("Ctrl+Shift+F",),
        "brush_smaller": ("-",),
        "brush_larger": ("+",),
        "crosshair": ("Shift+X",),
    },
}
