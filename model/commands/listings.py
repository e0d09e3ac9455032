"""Facts and lists as text for a terminal."""

from collections.abc import Mapping, Sequence

from ..errors import printable
from ..store import ListedModel

_NAME_WIDTH = 14
_MEGABYTE = 1_000_000


def told(facts: Mapping[str, object]) -> str:
    """Facts by name, a line each; what is nested stands indented below its name."""
    lines: list[str] = []
    for name, value in facts.items():
        if name == "multiply-adds" and isinstance(value, dict):
            lines += _operations(value)
        elif isinstance(value, dict) and value:
            width = max(_NAME_WIDTH, *(len(key) + 1 for key in value))
            lines += [f"{name}:", *(f"  {key:<{width}}{_plain(each)}" for key, each in value.items())]
        else:
            lines.append(f"{name + ':':<{_NAME_WIDTH + 2}}{_plain(value, name)}")
    return "\n".join(lines)


def _operations(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Multiply-adds in billions, by the side of the view."""
    lines = ["multiply-adds, in billions:"]
    for side, each in counts.items():
        encode, click = each["encode"] / 1e9, each["click"] / 1e9
        lines.append(f"  {f'{side} x {side}':<{_NAME_WIDTH}}{encode:.2f} once an image, {click:.2f} a click")
    return lines


def _plain(value: object, name: str = "") -> str:
    if isinstance(value, list):
        return ", ".join(printable(str(each)) for each in value)
    if isinstance(value, int) and not isinstance(value, bool) and name in ("parameters", "numbers"):
        return f"{value:,} ({value / 1e6:.2f} million)"
    return "none" if value in ({}, None) else printable(str(value))


def model_table(models: Sequence[ListedModel]) -> str:
    """A line for each model: name, size, speed, where from, licence."""
    rows = [("name", "size", "speed", "", "licence")]
    for each in models:
        origin = "bundled" if each.is_bundled else "own"
        rows.append((each.name, f"{each.size / _MEGABYTE:.1f} MB", each.speed, origin, each.problem or each.licence))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
