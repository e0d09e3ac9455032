"""The published sets of photos: GrabCut, Berkeley, DAVIS, COCO_MVal, PASCAL VOC, SBD and LVIS, as RITM's files lie."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...data.annotated import Found, Objects
from ...data.coco_sets import open_coco
from ...data.images import read_labels
from ...data.matlab import first_field
from ...data.objects import objects_of
from ...errors import DatasetError
from .pairs import Folders, by_stem, folders_in, open_pairs, pair_up, read_list

_GRABCUT = Folders("data_GT", "boundary_GT")
_BERKELEY = Folders("images", "masks")
_DAVIS = Folders("img", "gt")
_VOC = Folders("JPEGImages", "SegmentationObject")
_SBD = Folders("img", "inst")
_LVIS_PHOTOS = ("val/images", "train/images", "val2017", "train2017", "images")

_VOC_VOID = 255
_GREY_VOID = 220
_LEAST_FILLED = 0.08


def open_grabcut(root: Path) -> Found:
    """Open GrabCut, `data_GT` and `boundary_GT`: 50 photos, one object each; 128 in a mask counts nowhere."""
    return open_pairs("grabcut", root, [_GRABCUT, _BERKELEY], _read_binary)


def open_berkeley(root: Path) -> Found:
    """Open Berkeley, `images` and `masks`: masks as GrabCut's."""
    return open_pairs("berkeley", root, [_BERKELEY], _read_binary)


def open_davis(root: Path, name: str = "davis") -> Found:
    """Open the frames of DAVIS, `img` and `gt`: everything that is not black is the one object of a frame."""
    return open_pairs(name, root, [_DAVIS], _read_foreground)


def open_coco_mval(root: Path) -> Found:
    """Open COCO_MVal, laid out as DAVIS."""
    return open_davis(root, "coco_mval")


def open_voc(root: Path, split: str = "val", *, as_grey: bool = False) -> Found:
    """Open PASCAL VOC: `JPEGImages`, `SegmentationObject` and `ImageSets/Segmentation/SPLIT.txt`.

    Objects are the indices of the palette, 255 counts nowhere. `as_grey` numbers them as the published evaluations
    do, by the grey value of their colour: numbers 1 and 16, 3 and 18, 6 and 21, 9 and 24 are then the same object.
    """
    listed = f"ImageSets/Segmentation/{split}.txt"
    place = _with_list(root, _VOC, listed)
    return open_pairs("voc", place, [_VOC], _read_voc_grey if as_grey else _read_voc, read_list(place / listed))


def open_sbd(root: Path, split: str = "val") -> Found:
    """Open SBD: `img`, the MATLAB files of `inst`, and `SPLIT.txt`; each number of `GTinst` is an object.

    To train on, masks that fill less than 0.08 of their box are left out: SBD has some of a few stray lines.
    """
    place = _with_list(root, _SBD, f"{split}.txt")
    images, _ = by_stem(place / _SBD.images, (".jpg", ".png"))
    truths, _ = by_stem(place / _SBD.masks, (".mat",))
    read = _read_filled_sbd if split == "train" else _read_sbd
    listed = read_list(place / f"{split}.txt")
    return replace(pair_up("sbd", images, truths, read, listed), listed=tuple(listed))


def open_lvis(root: Path, split: str = "val") -> Found:
    """Open LVIS: `SPLIT/lvis_SPLIT.json` or `lvis_v1_SPLIT.json`, photos in `val/images` and `train/images`.

    Some of the photos of LVIS's val split come from COCO's train2017, so both folders are looked in. Raises
    `DatasetError` where there is no such file.
    """
    folders_in(root)
    names = (f"{split}/lvis_{split}.json", f"lvis_v1_{split}.json", f"annotations/lvis_v1_{split}.json")
    path = next((root / name for name in names if (root / name).is_file()), None)
    if path is None:
        raise DatasetError(f"{str(root)!r} holds no file {names[0]!r} or {names[1]!r}.")
    return open_coco(path, [root / each for each in _LVIS_PHOTOS])


def voc_greys() -> NDArray[np.int32]:
    """Grey value that OpenCV gives to each of the 256 colours of VOC's palette: (256,) int32."""
    palette = np.zeros((1, 256, 3), np.uint8)
    for number in range(256):
        for bit in range(8):
            for channel in range(3):
                palette[0, number, channel] |= ((number >> (3 * bit + channel)) & 1) << (7 - bit)
    return np.asarray(cv2.cvtColor(palette, cv2.COLOR_RGB2GRAY)[0], np.int32)


def _with_list(root: Path, folders: Folders, listed: str) -> Path:
    """Find the folder that holds the images, the masks and the list of a split; or raise `DatasetError`."""
    inside = folders_in(root)
    for place in (root, *inside, *(inner for each in inside for inner in folders_in(each))):
        if folders.inside(place) and (place / listed).is_file():
            return place
    raise DatasetError(f"{str(root)!r} does not hold {folders.images!r}, {folders.masks!r} and {listed!r}.")


def _read_binary(mask: Path) -> Objects:
    return Objects.of(*objects_of(read_labels(mask), "binary"))


def _read_foreground(mask: Path) -> Objects:
    return Objects.of((read_labels(mask) != 0).astype(np.int32))


def _read_voc(mask: Path) -> Objects:
    return Objects.of(*objects_of(read_labels(mask), "instances", _VOC_VOID))


def _read_voc_grey(mask: Path) -> Objects:
    labels = read_labels(mask)
    if int(labels.max(initial=0)) > _VOC_VOID:
        raise DatasetError(f"The mask {str(mask)!r} holds no palette indices up to {_VOC_VOID}.")
    return Objects.of(*objects_of(voc_greys()[labels], "instances", _GREY_VOID))


def _read_sbd(mask: Path) -> Objects:
    labels = first_field(mask, "GTinst").astype(np.int32)
    if labels.ndim != 2:
        raise DatasetError(f"{str(mask)!r} holds a GTinst that is no picture.")
    return Objects.of(labels)


def _read_filled_sbd(mask: Path) -> Objects:
    objects = _read_sbd(mask)
    labels = objects.layers[0].copy()
    for number, area in objects.areas().items():
        found = (labels == number).astype(np.uint8)
        _, _, width, height = cv2.boundingRect(found)
        if area < _LEAST_FILLED * width * height:
            labels[found > 0] = 0
    return Objects.of(labels)
