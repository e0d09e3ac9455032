"""Names of weights in sentences."""

from collections.abc import Sequence

_MOST = 3
_LONGEST = 80


def named(names: Sequence[str], separator: str = ", ") -> str:
    """Name the first few and count the rest; a name that is too long for a sentence is cut."""
    rest = len(names) - _MOST
    shown = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..." for name in names[:_MOST]]
    return separator.join(shown) + (f" and {rest} more" if rest > 0 else "")
