"""The published sets of photos: GrabCut, Berkeley, DAVIS, COCO_MVal, PASCAL VOC and SBD, as RITM's files lie."""

import cv2
import numpy as np
from numpy.typing import NDArray
from pathlib import Path

from ...data.images import read_labels
from ...errors import DatasetError
from ..objects import objects_of
from ..samples import Entry, ImageSet, Truths
from .pairs import Folders, by_stem, folders_in, open_pairs, pair_up, read_list, truths_of_labels

_GRABCUT = Folders("data_GT", "boundary_GT")
_BERKELEY = Folders("images", "masks")
_DAVIS = Folders("img", "gt")
_VOC = Folders("JPEGImages", "SegmentationObject")
_SBD = Folders("img", "inst")

_VOC_VOID = 255
_GREY_VOID = 220


def open_grabcut(root: Path) -> ImageSet:
    """Open GrabCut, `data_GT` and `boundary_GT`: 50 photos, one object each; 128 in a mask counts nowhere."""
    return open_pairs(
        "grabcut", root, [_GRABCUT, _BERKELEY], truths_of_labels(lambda labels: objects_of(labels, "binary"))
    )


def open_berkeley(root: Path) -> ImageSet:
    """Open Berkeley, `images` and `masks`: masks as GrabCut's."""
    return open_pairs("berkeley", root, [_BERKELEY], truths_of_labels(lambda labels: objects_of(labels, "binary")))


def open_davis(root: Path, name: str = "davis") -> ImageSet:
    """Open the frames of DAVIS, `img` and `gt`: everything that is not black is the one object of a frame."""
    return open_pairs(name, root, [_DAVIS], truths_of_labels(lambda labels: Truths.of((labels != 0).astype(np.int32))))


def open_coco_mval(root: Path) -> ImageSet:
    """Open COCO_MVal, laid out as DAVIS."""
    return open_davis(root, "coco_mval")


def open_voc(root: Path, split: str = "val", *, as_grey: bool = False) -> ImageSet:
    """Open PASCAL VOC: `JPEGImages`, `SegmentationObject` and `ImageSets/Segmentation/SPLIT.txt`.

    Objects are the indices of the palette, 255 counts nowhere. `as_grey` numbers them as the published evaluations
    do, by the grey value of their colour: numbers 1 and 16, 3 and 18, 6 and 21, 9 and 24 are then the same object.
    """
    place = _with_list(root, _VOC, f"ImageSets/Segmentation/{split}.txt")
    stems = read_list(place / "ImageSets" / "Segmentation" / f"{split}.txt")
    read = _read_voc_grey if as_grey else _read_voc
    return open_pairs("voc", place, [_VOC], read, stems)


def open_sbd(root: Path, split: str = "val") -> ImageSet:
    """Open SBD: `img`, the MATLAB files of `inst`, and `SPLIT.txt`; each number of `GTinst` is an object."""
    place = _with_list(root, _SBD, f"{split}.txt")
    stems = read_list(place / f"{split}.txt")
    images, _ = by_stem(place / _SBD.images, (".jpg", ".png"))
    truths, _ = by_stem(place / _SBD.masks, (".mat",))
    entries, problems = pair_up("sbd", images, truths, (_SBD.images, _SBD.masks), stems)
    return ImageSet("sbd", tuple(entries), _read_sbd, tuple(problems))


def _with_list(root: Path, folders: Folders, listed: str) -> Path:
    """Find the folder that holds the images, the masks and the list of a split; or raise `DatasetError`."""
    for place in (root, *folders_in(root), *(inner for each in folders_in(root) for inner in folders_in(each))):
        if folders.inside(place) and (place / listed).is_file():
            return place
    raise DatasetError(f"{str(root)!r} does not hold {folders.images!r}, {folders.masks!r} and {listed!r}.")


def _read_voc(entry: Entry) -> Truths:
    labels = read_labels(entry.mask)
    ignored = labels == _VOC_VOID
    return Truths.of(np.where(ignored, 0, labels).astype(np.int32), ignored)


def _read_voc_grey(entry: Entry) -> Truths:
    labels = read_labels(entry.mask)
    if int(labels.max(initial=0)) > _VOC_VOID:
        raise DatasetError(f"The mask {str(entry.mask)!r} holds no palette indices up to {_VOC_VOID}.")
    grey = voc_greys()[labels]
    ignored = np.asarray(grey == _GREY_VOID)
    return Truths.of(np.where(ignored, 0, grey).astype(np.int32), ignored)


def voc_greys() -> NDArray[np.int32]:
    """Grey value that OpenCV gives to each of the 256 colours of VOC's palette: (256,) int32."""
    palette = np.zeros((1, 256, 3), np.uint8)
    for number in range(256):
        for bit in range(8):
            for channel in range(3):
                palette[0, number, channel] |= ((number >> (3 * bit + channel)) & 1) << (7 - bit)
    return np.asarray(cv2.cvtColor(palette, cv2.COLOR_RGB2GRAY)[0], np.int32)


def _read_sbd(entry: Entry) -> Truths:
    from scipy.io import loadmat

    try:
        stored = loadmat(str(entry.mask))["GTinst"][0][0][0]
        labels = np.asarray(stored).astype(np.int32)
    except Exception as error:
        # The reader of MATLAB files meets hostile bytes with many exceptions, and each means the same.
        raise DatasetError(f"{str(entry.mask)!r} is no MATLAB file with a GTinst of SBD.") from error
    if labels.ndim != 2:
        raise DatasetError(f"{str(entry.mask)!r} holds a GTinst that is no picture.")
    return Truths.of(labels)
