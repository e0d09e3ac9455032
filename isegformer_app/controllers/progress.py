"""How long work away from the window's thread says how far it is, and learns that it is not wanted any more."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what is in hand; raises `Cancelled` where the work is to end."""


class Cancelled(Exception):  # noqa: N818 - no error: the annotator changed their mind
    """The annotator wants no more of it."""
