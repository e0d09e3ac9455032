"""What people have themselves: folders of images and masks, NIfTI volumes, and our own projects."""

import csv
from pathlib import Path

from ...data.annotated import Found, Trouble
from ...data.mask_folders import mask_folder_of, open_mask_folder
from ...data.nifti_sets import Slicing, open_nifti
from ...data.objects import MaskKind
from ...data.session_sets import SUFFIX, open_session
from ...errors import DatasetError
from .pairs import folders_in, read_text


def open_folder(root: Path, kind: MaskKind | None = None, ignore_value: int | None = None) -> Found:
    """Open `root`, or every folder inside it, that holds `images` and `masks`: a set each.

    `kind` None takes what `set.json` says, or else what the values of the masks tell. Raises `DatasetError` where
    there is no such folder.
    """
    return Found.of([_open_set(folder, kind, ignore_value) for folder in set_folders(root)])


def open_collection(
    root: Path, manifest: Path, split: str | None, kind: MaskKind | None = None, ignore_value: int | None = None
) -> Found:
    """Open the sets `root/SET` that `manifest` lists (CSV with columns set, stem, split), only lines of `split`.

    Raises `DatasetError` where the manifest cannot be read, names no line of the split, or a set has no folder.
    """
    listed = _read_manifest(manifest, split)
    folders = {folder.name: folder for folder in set_folders(root)}
    absent = sorted(set(listed) - set(folders))
    if absent:
        raise DatasetError(f"{str(root)!r} has no folder with images and masks for the set {absent[0]!r}.")
    parts = []
    for name, stems in listed.items():
        found = _open_set(folders[name], kind, ignore_value)
        by_stem = {image.stem: image for image in found.images}
        wanted = {f"{name}/{stem}" for stem in stems}
        named = [trouble for trouble in found.troubles if trouble.name in wanted]
        told = {trouble.name for trouble in named}
        named += [
            Trouble(f"{name}/{stem}", "there is no image with a mask of this name")
            for stem in stems
            if stem not in by_stem and f"{name}/{stem}" not in told
        ]
        parts.append(Found(tuple(by_stem[stem] for stem in stems if stem in by_stem), tuple(named)))
    return Found.of(parts)


def set_folders(root: Path) -> list[Path]:
    """Find `root` itself, or the folders inside it, that hold `images` and `masks`; or raise `DatasetError`."""
    inside = folders_in(root)
    if mask_folder_of(root) is not None:
        return [root.resolve()]
    folders = [path for path in inside if mask_folder_of(path) is not None]
    if not folders:
        raise DatasetError(f"{str(root)!r} holds no folders 'images' and 'masks', and neither do the folders in it.")
    return folders


def open_volumes(root: Path, slicing: Slicing) -> Found:
    """Open the NIfTI volumes with labels of a folder, or of the folders in it; raise `DatasetError` where none is."""
    inside = folders_in(root)
    parts = [found for folder in (root, *inside) if (found := open_nifti(folder, slicing)) is not None]
    if not parts:
        raise DatasetError(
            f"{str(root)!r} holds no volumes with labels: NAME.nii.gz with NAME-label.nii.gz, "
            "or folders 'images' and 'labels'."
        )
    return Found.of(parts)


def open_project(path: Path) -> Found:
    """Open a session file of the window, or the one in a folder: its finished objects are the truth.

    Raises `DatasetError` where it cannot be read.
    """
    if path.is_dir():
        sessions = sorted(path.glob(f"*{SUFFIX}"))
        if len(sessions) != 1:
            raise DatasetError(f"{str(path)!r} holds {len(sessions)} session files; name one of them.")
        path = sessions[0]
    return open_session(path, only_finished=True)


def _open_set(folder: Path, kind: MaskKind | None, ignore_value: int | None) -> Found:
    found = open_mask_folder(folder, kind, ignore_value)
    if not found.images and not found.troubles:
        return Found((), (Trouble(folder.name, "the folders hold no image with a mask"),))
    return found


def _read_manifest(path: Path, split: str | None) -> dict[str, list[str]]:
    rows = csv.DictReader(read_text(path).splitlines(), restval="")
    listed: dict[str, list[str]] = {}
    try:
        missing = {"set", "stem", "split"} - set(rows.fieldnames or ())
        if missing:
            raise DatasetError(f"The manifest {str(path)!r} has no column {sorted(missing)[0]!r}.")
        for row in rows:
            if split is None or row["split"] == split:
                listed.setdefault(row["set"], []).append(row["stem"])
    except csv.Error as error:
        raise DatasetError(f"The manifest {str(path)!r} is no table that can be read: {error}.") from error
    if not listed:
        raise DatasetError(f"The manifest {str(path)!r} has no line with the split {split!r}.")
    return listed
