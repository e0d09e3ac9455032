"""What people have, opened by what it looks like: folders of masks, COCO JSON, NIfTI volumes, sessions."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import DatasetError
from .annotated import Found
from .coco_sets import is_coco, open_coco
from .mask_folders import mask_folder_of, open_mask_folder
from .nifti_sets import open_nifti
from .objects import MaskKind
from .session_sets import SUFFIX, open_session

LAYOUTS = (
    "images/ with masks/ (or a folder of such sets), a COCO JSON with its images, NIfTI volumes in images/ with "
    "labels/ (or imagesTr/ with labelsTr/), or a session of the window"
)


def open_own_data(places: Sequence[Path], kind: MaskKind | None = None, ignore_value: int | None = None) -> Found:
    """Open folders and files of any kind in `LAYOUTS`; raise `DatasetError` where one is none of them."""
    found = Found.of([_open(place, kind, ignore_value) for place in places])
    if not found.images:
        reason = f": {found.troubles[0].name}: {found.troubles[0].reason}" if found.troubles else ""
        raise DatasetError(f"The data holds no image with objects{reason}.")
    return found


def _open(place: Path, kind: MaskKind | None, ignore_value: int | None) -> Found:
    if place.is_file():
        if place.suffix.lower() == SUFFIX:
            return open_session(place)
        if place.suffix.lower() == ".json":
            return open_coco(place)
        raise DatasetError(f"{str(place)!r} is no data to train on: give {LAYOUTS}.")
    if not place.is_dir():
        raise DatasetError(f"There is no folder or file {str(place)!r}.")
    for folder in (place, *sorted(path for path in place.iterdir() if path.is_dir())):
        # A folder of volumes is a pair of folders as well.
        if (volumes := open_nifti(folder)) is not None:
            return volumes
        if mask_folder_of(folder) is not None:
            return _mask_folders(place, kind, ignore_value)
    sessions = [open_session(path) for path in sorted(place.glob(f"*{SUFFIX}"))]
    cocos = [open_coco(path) for path in sorted((*place.glob("*.json"), *place.glob("*/*.json"))) if is_coco(path)]
    if not sessions and not cocos:
        raise DatasetError(f"{str(place)!r} holds no data to train on: give {LAYOUTS}.")
    return Found.of([*sessions, *cocos])


def _mask_folders(place: Path, kind: MaskKind | None, ignore_value: int | None) -> Found:
    if mask_folder_of(place) is not None:
        return open_mask_folder(place.resolve(), kind, ignore_value)
    folders = sorted(path for path in place.iterdir() if path.is_dir() and mask_folder_of(path) is not None)
    return Found.of([open_mask_folder(folder, kind, ignore_value) for folder in folders])
