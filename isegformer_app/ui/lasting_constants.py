"""A guard against PySide 6.12 on Python 3.11, which takes a reference to True away with every signal that is emitted.

After some three thousand signals, a minute of mouse moves, Python would find True deleted and abort the program.
"""

import ctypes
import sys

_PLENTY = sys.maxsize // 4


def make_constants_last() -> None:
    """Give None, True and False references that no fault can use up; from Python 3.12 on they last by themselves."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for constant in (None, True, False):
        # The count of references is the first field of every object.
        references = ctypes.c_ssize_t.from_address(id(constant))
        if references.value < _PLENTY:
            references.value += _PLENTY
