"""Which keys every action has: those of a preset, changed by the annotator's own."""

from collections.abc import Mapping, Sequence

from PySide6.QtGui import QKeySequence

from .actions import ACTIONS
from .keymaps import KEYMAPS

Keys = tuple[str, ...]
"""Portable key sequences, the one that menus show first."""

_MENUS = dict.fromkeys(spec.menu.split("/")[0] for spec in ACTIONS)

FIXED_KEYS: Mapping[str, str] = {
    "Space": "finishes the object, and held moves the photo",
    "S": "hides the overlay",
    **{str(number): "picks a class" for number in range(1, 10)},
    **{f"Alt+{menu[menu.index('&') + 1].upper()}": f"opens the {menu.replace('&', '')} menu" for menu in _MENUS},
}
"""Keys that no action can have, and what they do."""


def portable(key: str) -> str:
    """The one way to write a key sequence."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


class KeyTable:
    """A key belongs to one action at most: what the annotator chose is taken from the preset's."""

    def __init__(self, preset: str, own: Mapping[str, Sequence[str]]) -> None:
        """`own`: keys by action; names that no action has are dropped."""
        self._preset = {spec.name: tuple(KEYMAPS[preset].get(spec.name, spec.keys)) for spec in ACTIONS}
        self._own: dict[str, Keys] = {}
        for name, keys in own.items():
            if name in self._preset:
                self.give(name, tuple(keys))

    @property
    def own(self) -> dict[str, Keys]:
        """What differs from the preset by choice."""
        return dict(self._own)

    def keys(self, name: str) -> Keys:
        """Keys of an action."""
        if name in self._own:
            return self._own[name]
        chosen = {portable(key) for keys in self._own.values() for key in keys}
        return tuple(key for key in self._preset[name] if portable(key) not in chosen)

    def all(self) -> dict[str, Keys]:
        """Keys of every action."""
        return {name: self.keys(name) for name in self._preset}

    def owner(self, key: str) -> str | None:
        """Name of the action that has a key."""
        wanted = portable(key)
        return next((name for name, keys in self.all().items() if wanted in map(portable, keys)), None)

    def give(self, name: str, keys: Keys) -> None:
        """Let an action have exactly these keys; fixed keys are left out.

        Whoever had one of them loses it, and goes back to the preset's where nothing is left.
        """
        wanted = tuple(dict.fromkeys(portable(key) for key in keys))
        wanted = tuple(key for key in wanted if key and key not in FIXED_KEYS)
        self._own.pop(name, None)
        for other, others in list(self._own.items()):
            left = tuple(key for key in others if key not in wanted)
            if left or not others:
                self._own[other] = left
            else:
                del self._own[other]
        if wanted != tuple(map(portable, self.keys(name))):
            self._own[name] = wanted

    def reset(self, name: str | None = None) -> None:
        """Go back to the preset's keys, of one action or of all."""
        if name is None:
            self._own.clear()
            return
        self._own.pop(name, None)
        # The preset's keys come home from whoever took them.
        self.give(name, self._preset[name])
