"""Images and masks that share their stems, in two folders: what most published layouts are."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...data.annotated import Annotated, Found, Objects, Trouble
from ...data.images import IMAGE_SUFFIXES, read_image
from ...data.mask_folders import MASK_SUFFIXES
from ...errors import DatasetError

ReadObjects = Callable[[Path], Objects]
"""Reads the objects of one mask file."""


@dataclass(frozen=True)
class Folders:
    """Two folders inside the root: where the images are, and where the masks."""

    images: str
    masks: str

    def inside(self, root: Path) -> bool:
        """Tell whether both are in `root`."""
        return (root / self.images).is_dir() and (root / self.masks).is_dir()


def open_pairs(
    name: str, root: Path, layouts: Sequence[Folders], read: ReadObjects, stems: Collection[str] | None = None
) -> Found:
    """Open the first of `layouts` that is in `root`, or in a folder of it; files without a partner become troubles.

    `stems` restricts to these. Raises `DatasetError` where there is no such folder.
    """
    place, folders = find_folders(root, layouts)
    images, doubles = by_stem(place / folders.images, IMAGE_SUFFIXES)
    masks, _ = by_stem(place / folders.masks, MASK_SUFFIXES)
    found = pair_up(name, {stem: path for stem, path in images.items() if stem not in doubles}, masks, read, stems)
    names = {f"{name}/{stem}" for stem in doubles}
    others = tuple(trouble for trouble in found.troubles if trouble.name not in names)
    return Found(
        found.images, (*(Trouble(each, "more than one image has this name") for each in sorted(names)), *others)
    )


def pair_up(
    name: str,
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    read: ReadObjects,
    stems: Collection[str] | None = None,
) -> Found:
    """Join images and masks of one stem, in the order of the stems; what lacks a partner becomes a trouble."""
    found: list[Annotated] = []
    troubles: list[Trouble] = []
    for stem in sorted(set(images) | set(masks) if stems is None else set(stems)):
        if stem not in images:
            troubles.append(Trouble(f"{name}/{stem}", "there is no image of this name"))
        elif stem not in masks:
            troubles.append(Trouble(f"{name}/{stem}", "there is no mask of this name"))
        else:
            image, mask = images[stem], masks[stem]
            found.append(Annotated(name, stem, partial(read_image, image), partial(read, mask), paths=(image, mask)))
    if not found and not troubles:
        troubles.append(Trouble(name, "the folders hold no image with a mask"))
    return Found(tuple(found), tuple(troubles))


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
