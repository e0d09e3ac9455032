"""Names of weights in sentences."""

from collections.abc import Sequence

_MOST = 3


def named(names: Sequence[str], separator: str = ", ") -> str:
    """Name the first few and count the rest."""
    rest = len(names) - _MOST
    return separator.join(names[:_MOST]) + (f" and {rest} more" if rest > 0 else "")
