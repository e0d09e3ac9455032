"""Datasets in their published layouts: which pixels are which object, and what counts nowhere."""

import json
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from model.data.annotated import Found
from model.errors import DatasetError, SettingsError
from model.evaluation.layouts.natural import voc_greys
from model.evaluation.layouts.registry import LAYOUTS, Where, dataset_name, open_dataset

SIZE = (20, 30)


def areas(found: Found) -> dict[str, dict[int, int]]:
    return {image.stem: image.read_objects().areas() for image in found.images}


def opened(name: str, root: Path, *, as_published: bool = False, split: str = "val") -> Found:
    return open_dataset(name, Where(root=root, as_published=as_published, split=split))


def write(path: Path, array: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def photo(path: Path) -> None:
    write(path, np.full((*SIZE, 3), 90, np.uint8))


def blocks(*values: int) -> NDArray[np.uint8]:
    """Blocks of 4 x 4 pixels side by side, one a value, on zeros."""
    mask = np.zeros(SIZE, np.uint8)
    for place, value in enumerate(values):
        mask[2:6, 5 * place : 5 * place + 4] = value
    return mask


def palette_png(path: Path, indices: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(indices)
    colours = []
    for number in range(256):
        channels = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                channels[channel] |= ((number >> (3 * bit + channel)) & 1) << (7 - bit)
        colours += channels
    image.putpalette(colours, "RGB")
    image.save(path)


@pytest.mark.parametrize(
    ("name", "folders"), [("grabcut", ("data_GT", "boundary_GT")), ("berkeley", ("images", "masks"))]
)
def test_grabcut_and_berkeley_ignore_128(tmp_path: Path, name: str, folders: tuple[str, str]) -> None:
    photo(tmp_path / folders[0] / "a.jpg")
    write(tmp_path / folders[1] / "a.bmp", blocks(255, 128, 64))
    # GrabCut's scissors.JPG, and the second object of Berkeley's 239007.
    (tmp_path / folders[0] / "aa.JPG").write_bytes((tmp_path / folders[0] / "a.jpg").read_bytes())
    write(tmp_path / folders[1] / "aa.png", blocks(0, 255))
    found = opened(name, tmp_path)
    assert areas(found) == {"a": {1: 16}, "aa": {1: 16}}
    assert found.images[0].read_objects().ignored.sum() == 16


@pytest.mark.parametrize("name", ["davis", "coco_mval"])
def test_everything_that_is_not_black_is_the_object_of_a_frame(tmp_path: Path, name: str) -> None:
    photo(tmp_path / "img" / "a.jpg")
    coloured = np.zeros((*SIZE, 3), np.uint8)
    coloured[2:6, 0:4, 0], coloured[2:6, 8:12, 2] = 128, 1
    write(tmp_path / "gt" / "a.png", coloured)
    photo(tmp_path / "img" / "b.jpg")
    found = opened(name, tmp_path)
    assert areas(found) == {"a": {1: 32}}
    assert [trouble.name for trouble in found.troubles] == [f"{name}/b"]


def make_voc(root: Path) -> None:
    for stem, values in {"a": (1, 4, 16, 255), "b": (2,), "not-listed": (1,)}.items():
        photo(root / "JPEGImages" / f"{stem}.jpg")
        palette_png(root / "SegmentationObject" / f"{stem}.png", blocks(*values))
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("a\nb\nmissing\n")


def test_voc_is_read_by_palette_index(tmp_path: Path) -> None:
    make_voc(tmp_path / "VOCdevkit" / "VOC2012")
    found = opened("voc", tmp_path)
    assert areas(found) == {"a": {1: 16, 4: 16, 16: 16}, "b": {2: 16}}
    assert found.images[0].read_objects().ignored.sum() == 16
    assert [trouble.name for trouble in found.troubles] == ["voc/missing"]


def test_voc_as_published_merges_what_has_one_grey(tmp_path: Path) -> None:
    greys = voc_greys()
    # The greys that were measured on the published masks: void, and the four pairs that are one.
    assert greys[255] == 220
    assert [(int(greys[a]), int(greys[b])) for a, b in ((1, 16), (3, 18), (6, 21), (9, 24))] == [
        (38, 38),
        (113, 113),
        (90, 90),
        (57, 57),
    ]
    make_voc(tmp_path)
    # Number 4 is dark blue: the last object in the order of greys is 1 and 16 together.
    assert list(areas(opened("voc", tmp_path, as_published=True))["a"].items()) == [(int(greys[4]), 16), (38, 32)]


def test_sbd_has_the_numbers_of_its_matlab_files(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        photo(tmp_path / "img" / f"{stem}.jpg")
    (tmp_path / "inst").mkdir()
    savemat(tmp_path / "inst" / "a.mat", {"GTinst": {"Segmentation": blocks(1, 2), "Categories": [3, 4]}})
    (tmp_path / "inst" / "b.mat").write_bytes(b"no matlab")
    (tmp_path / "val.txt").write_text("a\nb\n")
    found = opened("sbd", tmp_path)
    assert found.images[0].read_objects().areas() == {1: 16, 2: 16}
    with pytest.raises(DatasetError, match="GTinst"):
        found.images[1].read_objects()


def test_sbd_is_trained_without_masks_of_a_few_stray_lines(tmp_path: Path) -> None:
    """A diagonal of 20 pixels fills .05 of its box."""
    labels = blocks(1)
    labels[np.arange(20), np.arange(10, 30)] = 2
    photo(tmp_path / "img" / "a.jpg")
    (tmp_path / "inst").mkdir()
    savemat(tmp_path / "inst" / "a.mat", {"GTinst": {"Segmentation": labels, "Categories": [3, 4]}})
    for split in ("train", "val"):
        (tmp_path / f"{split}.txt").write_text("a\n")
    assert areas(opened("sbd", tmp_path)) == {"a": {1: 16, 2: 20}}
    assert areas(opened("sbd", tmp_path, split="train")) == {"a": {1: 16}}


def test_lvis_objects_may_overlap_and_photos_lie_in_two_folders(tmp_path: Path) -> None:
    photo(tmp_path / "val" / "images" / "000000000001.jpg")
    photo(tmp_path / "train" / "images" / "000000000002.jpg")
    square, wide = [0, 0, 10, 0, 10, 10, 0, 10], [5, 5, 25, 5, 25, 10, 5, 10]
    sizes = {"height": SIZE[0], "width": SIZE[1]}
    content = {
        "images": [
            {"id": 1, "coco_url": "http://images.cocodataset.org/val2017/000000000001.jpg", **sizes},
            {"id": 2, "coco_url": "http://images.cocodataset.org/train2017/000000000002.jpg", **sizes},
            {"id": 3, "coco_url": "http://images.cocodataset.org/val2017/000000000003.jpg", **sizes},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "segmentation": [square]},
            {"id": 2, "image_id": 1, "segmentation": [wide]},
            {"id": 3, "image_id": 2, "segmentation": [square]},
            {"id": 4, "image_id": 2, "segmentation": []},
            {"id": 5, "image_id": 3, "segmentation": [square]},
        ],
    }
    (tmp_path / "val" / "lvis_val.json").write_text(json.dumps(content))
    found = opened("LVIS".lower(), tmp_path)
    assert areas(found) == {"000000000001": {1: 100, 2: 100}, "000000000002": {1: 100}}
    assert found.images[1].read_objects().without_pixels() == [2]
    assert [trouble.name for trouble in found.troubles] == ["lvis_val/000000000003"]


def test_sstem_has_the_parts_of_the_mitochondria(tmp_path: Path) -> None:
    stack = tmp_path / "stack1"
    mask = np.zeros(SIZE, np.uint8)
    mask[2:8, 2:8], mask[12:18, 12:18], mask[0, 29] = 255, 128, 127
    write(stack / "raw" / "01.tif", mask)
    write(stack / "mitochondria" / "01.png", mask)
    write(stack / "raw" / "03.tif", mask)
    found = opened("sstem", tmp_path)
    assert areas(found) == {"01": {1: 36, 2: 36}}
    assert [trouble.name for trouble in found.troubles] == ["sstem/03"]


def test_sstem_as_published_joins_parts_that_touch_at_a_corner(tmp_path: Path) -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[2:4, 2:4], mask[4:6, 4:6], mask[12, 12] = 255, 255, 1
    write(tmp_path / "raw" / "01.tif", mask)
    write(tmp_path / "mitochondria" / "01.png", mask)
    assert areas(opened("sstem", tmp_path)) == {"01": {1: 4, 2: 4}}
    # The published call, word for word: the 4 is taken as the array for the labels.
    parts = cv2.connectedComponentsWithStats(mask, 4)[1]  # type: ignore[call-overload]
    assert areas(opened("sstem", tmp_path, as_published=True)) == {"01": {1: 8, 2: 1}}
    assert np.array_equal(opened("sstem", tmp_path, as_published=True).images[0].read_objects().flat(), parts)


@pytest.mark.parametrize("masks", ["annotation", "annotations"])
def test_oai_zib_has_an_object_a_label_and_brats_one_a_slice(tmp_path: Path, masks: str) -> None:
    photo(tmp_path / "test" / "image" / "a.png")
    write(tmp_path / "test" / masks / "a.png", blocks(1, 2))
    assert areas(opened("oai_zib", tmp_path)) == {"a": {1: 16, 2: 16}}
    assert areas(opened("brats", tmp_path)) == {"a": {1: 32}}


def test_oai_is_trained_on_its_training_folder_and_never_on_another(tmp_path: Path) -> None:
    for split, values in (("train", (3, 9)), ("test", (1,))):
        photo(tmp_path / split / "image" / "a.png")
        write(tmp_path / split / "annotations" / "a.png", blocks(*values))
    for name in ("oai", "oai_zib"):
        assert areas(opened(name, tmp_path, split="train")) == {"a": {3: 16, 9: 16}}
        assert areas(opened(name, tmp_path)) == {"a": {1: 16}}
    (tmp_path / "train").rename(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="no folder for the split 'train', only test"):
        opened("oai", tmp_path, split="train")


def save_volume(path: Path, values: NDArray[np.int16]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)  # type: ignore[no-untyped-call]


def test_brats_takes_the_slices_with_a_tumour(tmp_path: Path) -> None:
    labels = np.zeros((8, 9, 6), np.int16)
    labels[1:3, 1:3, 2], labels[4:6, 4:6, 2], labels[0, 0, 5] = 1, 4, 2
    case = tmp_path / "BraTS20_Training_001"
    save_volume(case / f"{case.name}_flair.nii.gz", np.arange(8 * 9 * 6, dtype=np.int16).reshape(8, 9, 6))
    save_volume(case / f"{case.name}_seg.nii.gz", labels)
    assert areas(opened("brats", tmp_path)) == {f"{case.name}@2": {1: 8}, f"{case.name}@5": {1: 1}}


def test_volumes_are_clicked_slice_by_slice(tmp_path: Path) -> None:
    labels = np.zeros((8, 9, 6), np.int16)
    labels[1:3, 1:3, 2], labels[4:6, 4:6, 2] = 1, 2
    save_volume(tmp_path / "knee.nii.gz", np.arange(8 * 9 * 6, dtype=np.int16).reshape(8, 9, 6))
    save_volume(tmp_path / "knee-label.nii.gz", labels)
    found = opened("nifti", tmp_path)
    assert areas(found) == {"knee@2": {1: 4, 2: 4}}
    assert found.images[0].place == (2, 2)
    pixels, objects = found.images[0].read()
    assert pixels.shape == (8, 9, 3)
    assert objects.mask(1)[1:3, 1:3].all()
    across = open_dataset("nifti", Where(root=tmp_path, axis=0, kind="instances"))
    assert areas(across) == {f"knee@{index}": {number: 2} for index, number in ((1, 1), (2, 1), (4, 2), (5, 2))}
    other = tmp_path / "other"
    save_volume(other / "hip.nii.gz", labels)
    save_volume(other / "hip-label.nii.gz", labels[:, :, :5])
    found = opened("nifti", other)
    assert found.images == ()
    assert "(8, 9, 5)" in found.troubles[0].reason


def test_labels_that_lie_elsewhere_in_the_patient_are_no_truth(tmp_path: Path) -> None:
    labels = np.zeros((8, 9, 6), np.int16)
    labels[1:3, 1:3, 2] = 1
    for name, x_step in (("knee", 1.0), ("knee-label", -1.0)):
        image = nibabel.Nifti1Image(labels, np.diag([x_step, 1, 1, 1]))  # type: ignore[no-untyped-call]
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    found = opened("nifti", tmp_path)
    assert found.images == ()
    assert "lies up to 14.00 mm beside its image" in found.troubles[0].reason
    unplaced = nibabel.Nifti1Image(labels, None)  # type: ignore[no-untyped-call]
    nibabel.save(unplaced, tmp_path / "knee-label.nii.gz")
    assert len(opened("nifti", tmp_path).images) == 1


def test_a_mask_of_another_size_is_refused_in_words(tmp_path: Path) -> None:
    photo(tmp_path / "img" / "a.jpg")
    write(tmp_path / "gt" / "a.png", np.full((7, 7), 255, np.uint8))
    with pytest.raises(DatasetError, match="7 x 7"):
        opened("davis", tmp_path).images[0].read()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GrabCut", "grabcut"),
        ("COCO_MVal", "coco_mval"),
        ("PascalVOC", "voc"),
        ("OAI-ZIB", "oai_zib"),
        ("ssTEM", "sstem"),
    ],
)
def test_datasets_are_known_however_they_are_written(text: str, name: str) -> None:
    assert dataset_name(text) == name
    with pytest.raises(SettingsError, match="choose one"):
        dataset_name(f"{text}2")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_root_without_the_files_is_refused(name: str, tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(DatasetError):
            opened(name, root)


def test_the_published_sides_are_kept() -> None:
    assert {layout.zoom_side for name, layout in LAYOUTS.items() if name != "davis"} == {400}
    assert (LAYOUTS["davis"].zoom_side, LAYOUTS["davis"].fixed_side) == (600, 672)
