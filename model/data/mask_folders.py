"""Folders of images and masks as people have them.

`ROOT/images/STEM.*` with `ROOT/masks/STEM.png` (binary, instances or classes), or with several files an image: either
`ROOT/masks/STEM/*.png` or `ROOT/masks/STEM_*.png`, a mask an object. `ROOT` may also hold a folder a set, and a set may
have a `set.json` {"kind": ...}. Another name for `masks` is `labels`.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble, layered
from .images import IMAGE_SUFFIXES, read_image, read_labels
from .objects import BoolMask, MaskKind, checked_kind, classes_of, infer_kind, objects_of

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
"""Endings of mask files, in the order of preference; never a lossy format."""

_MASK_FOLDERS = ("masks", "labels")


def mask_folder_of(folder: Path) -> Path | None:
    """Find the folder of masks beside `images`, None where there is none."""
    if not (folder / "images").is_dir():
        return None
    return next((folder / name for name in _MASK_FOLDERS if (folder / name).is_dir()), None)


def open_mask_folder(folder: Path, kind: MaskKind | None = None, ignore_value: int | None = None) -> Found:
    """Open one folder with `images` and `masks`; files without a partner are troubles.

    `kind` None takes what `set.json` says, or else what the values of the masks tell.
    """
    mask_folder = mask_folder_of(folder)
    if mask_folder is None:
        raise DatasetError(f"{str(folder)!r} holds no folders 'images' and 'masks'.")
    images, troubles = _images(folder / "images", folder.name)
    whole, several = _masks(mask_folder, images)
    if kind is None:
        kind = _declared_kind(folder) or infer_kind(whole.values())
    found = []
    for stem in sorted({*images, *whole, *several}):
        if stem not in images:
            troubles.append(Trouble(f"{folder.name}/{stem}", "there is a mask but no image of this name"))
        elif stem in whole:
            read = partial(_read, whole[stem], kind, ignore_value)
            paths = (images[stem], whole[stem])
            found.append(Annotated(folder.name, stem, partial(read_image, images[stem]), read, paths=paths))
        elif stem in several:
            parts = partial(_read_several, several[stem])
            files = (images[stem], *several[stem])
            found.append(Annotated(folder.name, stem, partial(read_image, images[stem]), parts, paths=files))
        else:
            troubles.append(Trouble(f"{folder.name}/{stem}", "there is an image but no mask of this name"))
    return Found(tuple(found), tuple(troubles))


def _images(folder: Path, set_name: str) -> tuple[dict[str, Path], list[Trouble]]:
    by_stem: dict[str, list[Path]] = {}
    for path in _files(folder, IMAGE_SUFFIXES):
        by_stem.setdefault(path.stem, []).append(path)
    doubles = [stem for stem, paths in by_stem.items() if len(paths) > 1]
    troubles = [
        Trouble(f"{set_name}/{stem}", "more than one image has this name; the first is taken") for stem in doubles
    ]
    return {stem: paths[0] for stem, paths in by_stem.items()}, troubles


def _masks(folder: Path, images: dict[str, Path]) -> tuple[dict[str, Path], dict[str, tuple[Path, ...]]]:
    """Mask files by the stem of their image: one label map each, and several files of one object each."""
    whole: dict[str, Path] = {}
    several = {
        path.name: files
        for path in sorted(folder.iterdir())
        if path.is_dir() and (files := tuple(_files(path, MASK_SUFFIXES)))
    }
    parts: dict[str, list[Path]] = {}
    for path in _files(folder, MASK_SUFFIXES):
        owner = None if path.stem in images else _owner(path.stem, images)
        if owner is None:
            whole.setdefault(path.stem, path)
        else:
            parts.setdefault(owner, []).append(path)
    for owner, paths in parts.items():
        if len(paths) == 1:
            whole.setdefault(owner, paths[0])
        else:
            several.setdefault(owner, tuple(paths))
    return whole, several


def _owner(stem: str, images: dict[str, Path]) -> str | None:
    """The image `a_b` of a mask `a_b_mask` or `a_b_0`: the longest beginning that ends before a separator."""
    for end in range(len(stem) - 1, 0, -1):
        if stem[end] in "_-." and stem[:end] in images:
            return stem[:end]
    return None


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    paths = [path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith(".")]
    return sorted(paths, key=lambda path: (path.stem, suffixes.index(path.suffix.lower())))


def _declared_kind(folder: Path) -> MaskKind | None:
    path = folder / "set.json"
    if not path.is_file():
        return None
    try:
        declared = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{str(path)!r} is no readable JSON; correct it or take it away.") from error
    if not isinstance(declared, dict) or "kind" not in declared:
        return None
    return checked_kind(str(declared["kind"]), path)


def _read(path: Path, kind: MaskKind, ignore_value: int | None) -> Objects:
    labels = read_labels(path)
    objects, ignored = objects_of(labels, kind, ignore_value)
    return Objects(objects[None], ignored, classes=classes_of(labels, objects) if kind == "semantic" else {})


def _read_several(paths: Sequence[Path]) -> Objects:
    masks: list[BoolMask] = []
    for path in paths:
        labels = read_labels(path)
        if masks and labels.shape != masks[0].shape:
            raise DatasetError(f"The mask {str(path)!r} has not the size of the others of its image.")
        masks.append(labels > 0)
    size = (masks[0].shape[0], masks[0].shape[1])
    return Objects(layered(masks, size), np.zeros(size, np.bool_))
