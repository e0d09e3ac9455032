"""Folders of images and masks: `images/STEM.*`, `masks/STEM.png`, and perhaps a `set.json` that names the kind."""

import csv
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import DatasetError
from ..objects import MaskKind, checked_kind, infer_kind, objects_of
from ..samples import ImageSet
from .pairs import Folders, folders_in, open_pairs, read_text, truths_of_labels

_FOLDERS = Folders("images", "masks")


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
    opened = open_pairs(
        folder.name, folder, [_FOLDERS], truths_of_labels(lambda labels: objects_of(labels, "binary")), stems
    )
    known = kind or _declared_kind(folder) or infer_kind(entry.mask for entry in opened.entries)
    return replace(opened, read_truths=truths_of_labels(lambda labels: objects_of(labels, known, ignore_value)))


def set_folders(root: Path) -> Sequence[Path]:
    """Find `root` itself, or the folders inside it, that hold `images` and `masks`; or raise `DatasetError`."""
    inside = folders_in(root)
    if _FOLDERS.inside(root):
        return [root.resolve()]
    folders = [path for path in inside if _FOLDERS.inside(path)]
    if not folders:
        raise DatasetError(f"{str(root)!r} holds no folders 'images' and 'masks', and neither do the folders in it.")
    return folders


def _declared_kind(folder: Path) -> MaskKind | None:
    path = folder / "set.json"
    if not path.is_file():
        return None
    try:
        declared = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DatasetError(f"{str(path)!r} is no valid JSON: line {error.lineno}, {error.msg}.") from error
    if not isinstance(declared, dict) or "kind" not in declared:
        return None
    return checked_kind(str(declared["kind"]), path)


def _read_manifest(path: Path, split: str | None) -> dict[str, list[str]]:
    rows = csv.DictReader(read_text(path).splitlines())
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
