"""What is known of an action before it is made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action; `menu` may have a submenu after a slash, and `keys` are portable key sequences, the first shown."""

    name: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    is_checkable: bool = False
    starts_group: bool = False
