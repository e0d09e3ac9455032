"""Where a volume comes from and how it is looked at, as JSON, for the session file and the journal."""

from pathlib import Path

from isegformer_app.document import Normalisation, SliceKey, Viewpoint

from .plain_json import BadContent, Json, listed, number, real, record, text, triple, truth
from .volumes import FileKind, VolumeSource


def source_json(source: VolumeSource) -> Json:
    """Put into words what tells a volume from others; its path is kept apart."""
    return {
        "kind": source.kind.value,
        "series": source.series,
        "part": source.part,
        "hash": source.content_hash,
    }


def read_source(value: object, path: Path) -> VolumeSource:
    """Read `source_json`."""
    stored = record(value)
    try:
        kind = FileKind(stored.get("kind"))
    except ValueError as error:
        raise BadContent("a volume of an unknown kind") from error
    return VolumeSource(path, kind, text(stored.get("series")), text(stored.get("part")), text(stored.get("hash")))


def view_json(view: Viewpoint) -> Json:
    """Put into words how a volume is looked at, and what the network sees of it."""
    seen = view.normalisation
    return {
        "axis": view.key.axis,
        "cursor": list(view.cursor),
        "three": view.are_three_shown,
        "time": view.time,
        "window": None if view.window is None else list(view.window),
        "colours": view.colours,
        "normalisation": None if seen is None else {"name": seen.name, "window": list(seen.window)},
    }


def read_view(value: object) -> Viewpoint:
    """Read `view_json`."""
    stored = record(value)
    axis, cursor = number(stored.get("axis"), 0, 2), triple(stored.get("cursor"))
    view = Viewpoint(key=SliceKey(axis, cursor[axis]), cursor=cursor)
    view.are_three_shown, view.time = truth(stored.get("three")), number(stored.get("time"))
    view.colours = text(stored.get("colours"))
    if stored.get("window") is not None:
        view.window = _window(stored["window"])
    if stored.get("normalisation") is not None:
        seen = record(stored["normalisation"])
        view.normalisation = Normalisation(text(seen.get("name")), *_window(seen.get("window")))
    return view


def _window(value: object) -> tuple[float, float]:
    ends = listed(value, real)
    if len(ends) != 2:  # noqa: PLR2004 - black and white
        raise BadContent("a window that is none")
    return ends[0], ends[1]
