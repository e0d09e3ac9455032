"""Reading JSON that may hold anything: each function returns what is wanted, or raises `BadContent`."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

Json = dict[str, Any]
Part = TypeVar("Part")

LARGEST_NUMBER = 2**40


class BadContent(Exception):  # noqa: N818 - never reaches the user: the reader of the file puts it into words
    """The JSON does not say what it should."""


def number(value: object, low: int = 0, high: int = LARGEST_NUMBER) -> int:
    """Return a whole number between two bounds."""
    if type(value) is not int or not low <= value <= high:
        raise BadContent(f"{value!r:.40} is no number from {low} to {high}")
    return value


def text(value: object) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise BadContent(f"{value!r:.40} is no text")
    return value


def truth(value: object) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise BadContent(f"{value!r:.40} is neither true nor false")
    return value


def listed(value: object, part: Callable[[Any], Part]) -> tuple[Part, ...]:
    """Return a list whose every entry is read by `part`."""
    if not isinstance(value, list):
        raise BadContent(f"{value!r:.40} is no list")
    return tuple(part(each) for each in value)


def record(value: object) -> Json:
    """Return a JSON object; what it misses is None, and refused by the one who reads it."""
    if not isinstance(value, dict):
        raise BadContent(f"{value!r:.40} is no record")
    return value


def triple(value: object, high: int = LARGEST_NUMBER) -> tuple[int, int, int]:
    """Return three numbers from 0."""
    numbers = listed(value, lambda each: number(each, 0, high))
    if len(numbers) != 3:  # noqa: PLR2004
        raise BadContent(f"{value!r:.40} is not of length 3")
    return numbers[0], numbers[1], numbers[2]


def amount(value: object) -> float:
    """Return a number that is finite and not negative, whole or not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST_NUMBER:
        raise BadContent(f"{value!r:.40} is no amount")
    return value


def real(value: object) -> float:
    """Return a number that is finite, whole or not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadContent(f"{value!r:.40} is no number")
    return float(value)
