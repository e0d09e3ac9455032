"""Folders of images and masks: `images/STEM.*`, `masks/STEM.png`, and perhaps a `set.json` that names the kind."""

import csv
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.images import IMAGE_SUFFIXES, read_labels
from ..data.objects import MaskKind, checked_kind, infer_kind, objects_of
from ..errors import DatasetError
from .samples import Entry, ImageSet, Problem
from .user import BoolMask

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
"""Endings of mask files, in the order of preference; never a lossy format."""


def open_folder(
    root: Path,
    kind: MaskKind | None = None,
    ignore_value: int | None = None,
    stems: Collection[str] | None = None,
) -> list[ImageSet]:
    """Open `root`, or every folder inside it, that holds `images` and `masks`: a set each.

    `kind` None takes what `set.json` says, or else what the values of the masks tell. `stems` restricts to these.
    Raises `DatasetError` where there is no such folder.
    """
    return [open_set(folder, kind, ignore_value, stems) for folder in set_folders(root)]


def open_collection(
    root: Path, manifest: Path, split: str | None, kind: MaskKind | None = None, ignore_value: int | None = None
) -> list[ImageSet]:
    """Open the sets `root/SET` that `manifest` lists (CSV with columns set, stem, split), only lines of `split`.

    Raises `DatasetError` where the manifest cannot be read, names no line of the split, or a set has no folder.
    """
    listed = _read_manifest(manifest, split)
    found = {folder.name: folder for folder in set_folders(root)}
    absent = sorted(set(listed) - set(found))
    if absent:
        raise DatasetError(f"{str(root)!r} has no folder with images and masks for the set {absent[0]!r}.")
    return [open_set(found[name], kind, ignore_value, stems) for name, stems in listed.items()]


def open_set(
    folder: Path, kind: MaskKind | None, ignore_value: int | None, stems: Collection[str] | None = None
) -> ImageSet:
    """Open one folder with `images` and `masks`; files without a partner become problems."""
    images, doubles = _by_stem(folder / "images", IMAGE_SUFFIXES)
    masks, _ = _by_stem(folder / "masks", MASK_SUFFIXES)
    problems = [Problem(folder.name, stem, "more than one image has this name") for stem in doubles]
    wanted = sorted(set(images) | set(masks)) if stems is None else sorted(set(stems))
    entries = []
    for stem in wanted:
        if stem not in images:
            problems.append(Problem(folder.name, stem, f"there is no image images/{stem}.*"))
        elif stem not in masks:
            problems.append(Problem(folder.name, stem, f"there is no mask masks/{stem}.png"))
        elif stem not in doubles:
            entries.append(Entry(folder.name, stem, images[stem], masks[stem]))
    if kind is None:
        kind = _declared_kind(folder) or infer_kind(entry.mask for entry in entries)
    return ImageSet(folder.name, tuple(entries), _reader(kind, ignore_value), tuple(problems))


def set_folders(root: Path) -> Sequence[Path]:
    """Find `root` itself, or the folders inside it, that hold `images` and `masks`; or raise `DatasetError`."""
    if not root.is_dir():
        raise DatasetError(f"There is no folder {str(root)!r}.")
    candidates = [root.resolve(), *sorted(path for path in root.iterdir() if path.is_dir())]
    folders = [path for path in candidates if (path / "images").is_dir() and (path / "masks").is_dir()]
    if not folders:
        raise DatasetError(f"{str(root)!r} holds no folders 'images' and 'masks', and neither do the folders in it.")
    return folders[:1] if folders[0] == candidates[0] else folders


def read_stems(path: Path) -> frozenset[str]:
    """Read a list of stems, one a line; raise `DatasetError` where it cannot be read or is empty."""
    stems = frozenset(line.strip() for line in _text(path).splitlines() if line.strip())
    if not stems:
        raise DatasetError(f"The list {str(path)!r} names no image.")
    return stems


def _reader(kind: MaskKind, ignore_value: int | None) -> Callable[[Entry], tuple[NDArray[np.int32], BoolMask]]:
    def read(entry: Entry) -> tuple[NDArray[np.int32], BoolMask]:
        return objects_of(read_labels(entry.mask), kind, ignore_value)

    return read


def _by_stem(folder: Path, suffixes: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """Files by stem, the preferred suffix first, and the stems that several files share."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith("."):
            files.setdefault(path.stem, []).append(path)
    chosen = {stem: min(paths, key=lambda path: suffixes.index(path.suffix.lower())) for stem, paths in files.items()}
    return chosen, [stem for stem, paths in files.items() if len(paths) > 1]


def _declared_kind(folder: Path) -> MaskKind | None:
    path = folder / "set.json"
    if not path.is_file():
        return None
    try:
        declared = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{str(path)!r} is no valid JSON: line {error.lineno}, {error.msg}.") from error
    if not isinstance(declared, dict) or "kind" not in declared:
        return None
    return checked_kind(str(declared["kind"]), path)


def _read_manifest(path: Path, split: str | None) -> dict[str, list[str]]:
    rows = csv.DictReader(_text(path).splitlines())
    missing = {"set", "stem", "split"} - set(rows.fieldnames or ())
    if missing:
        raise DatasetError(f"The manifest {str(path)!r} has no column {sorted(missing)[0]!r}.")
    listed: dict[str, list[str]] = {}
    for row in rows:
        if split is None or row["split"] == split:
            listed.setdefault(row["set"], []).append(row["stem"])
    if not listed:
        raise DatasetError(f"The manifest {str(path)!r} has no line with the split {split!r}.")
    return listed


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{str(path)!r} is no UTF-8 text.") from error
