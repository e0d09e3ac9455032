"""Images and masks that share their stems, in two folders: what most published layouts are."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...data.images import IMAGE_SUFFIXES, read_labels
from ...errors import DatasetError
from ..samples import Entry, ImageSet, Problem, Truths

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
"""Endings of mask files, in the order of preference; never a lossy format."""


@dataclass(frozen=True)
class Folders:
    """Two folders inside the root: where the images are, and where the masks."""

    images: str
    masks: str

    def inside(self, root: Path) -> bool:
        """Tell whether both are in `root`."""
        return (root / self.images).is_dir() and (root / self.masks).is_dir()


def open_pairs(
    name: str,
    root: Path,
    layouts: Sequence[Folders],
    read: Callable[[Entry], Truths],
    stems: Collection[str] | None = None,
) -> ImageSet:
    """Open the first of `layouts` that is in `root`, or in a folder of it; files without a partner become problems.

    `stems` restricts to these. Raises `DatasetError` where there is no such folder.
    """
    place, folders = find_folders(root, layouts)
    images, doubles = by_stem(place / folders.images, IMAGE_SUFFIXES)
    masks, _ = by_stem(place / folders.masks, MASK_SUFFIXES)
    problems = [Problem(name, stem, "more than one image has this name") for stem in doubles]
    entries, unpaired = pair_up(name, images, masks, (folders.images, folders.masks), stems)
    kept = tuple(entry for entry in entries if entry.stem not in doubles)
    return ImageSet(name, kept, read, tuple(problems + unpaired))


def pair_up(
    name: str,
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    folders: tuple[str, str],
    stems: Collection[str] | None = None,
) -> tuple[list[Entry], list[Problem]]:
    """Join images and masks of one stem, in the order of the stems; what lacks a partner becomes a problem."""
    entries, problems = [], []
    for stem in sorted(set(images) | set(masks) if stems is None else set(stems)):
        if stem not in images:
            problems.append(Problem(name, stem, f"there is no image {folders[0]}/{stem}.*"))
        elif stem not in masks:
            problems.append(Problem(name, stem, f"there is no mask {folders[1]}/{stem}.*"))
        else:
            entries.append(Entry(name, stem, images[stem], masks[stem]))
    return entries, problems


def find_folders(root: Path, layouts: Sequence[Folders]) -> tuple[Path, Folders]:
    """Find one of the `layouts` in `root`, or in a folder of it; raise `DatasetError` where there is none."""
    candidates = [root, *folders_in(root)]
    for folders in layouts:
        for candidate in candidates:
            if folders.inside(candidate):
                return candidate, folders
    wanted = " or ".join(f"{each.images!r} and {each.masks!r}" for each in layouts)
    raise DatasetError(f"{str(root)!r} holds no folders {wanted}, and neither do the folders in it.")


def folders_in(root: Path) -> list[Path]:
    """List the folders in `root`; raise `DatasetError` where it is none itself."""
    if not root.is_dir():
        raise DatasetError(f"There is no folder {str(root)!r}.")
    return sorted(path for path in root.iterdir() if path.is_dir())


def by_stem(folder: Path, suffixes: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """Files by stem, the preferred suffix first, and the stems that several files share."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith("."):
            files.setdefault(path.stem, []).append(path)
    chosen = {stem: min(paths, key=lambda path: suffixes.index(path.suffix.lower())) for stem, paths in files.items()}
    return chosen, [stem for stem, paths in files.items() if len(paths) > 1]


def read_list(path: Path) -> list[str]:
    """Read a list of stems, the first word of each line; raise `DatasetError` where there is none."""
    stems = [line.split()[0] for line in read_text(path).splitlines() if line.strip()]
    if not stems:
        raise DatasetError(f"The list {str(path)!r} names no image.")
    return stems


def read_text(path: Path) -> str:
    """Read UTF-8 text, or raise `DatasetError`."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{str(path)!r} is no UTF-8 text.") from error


def truths_of_labels(convert: Callable[[NDArray[np.int32]], Truths]) -> Callable[[Entry], Truths]:
    """Make a reader of entries from what turns the numbers of a mask file into objects."""
    return lambda entry: convert(read_labels(entry.mask))


def any_of(paths: Iterable[Path]) -> Path | None:
    """Give the first of the paths that is a file."""
    return next((path for path in paths if path.is_file()), None)
