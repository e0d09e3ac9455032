"""What people have becomes images with objects; what cannot be used is named."""

import gzip
import json
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pycocotools import mask as coco

from isegformer_app.document import PHOTO, Annotation, MaskCrop
from isegformer_app.document.edits import PlaceMask
from isegformer_app.document.object_edits import NewObject
from isegformer_app.files.session import Session, Work, save_session
from model.data.annotated import layered
from model.data.check import check_data, hold_out
from model.data.coco_masks import coco_mask, run_lengths
from model.data.own_data import open_own_data
from model.data.session_sets import open_session
from model.errors import DatasetError

GREY = np.full((40, 50, 3), 90, np.uint8)


def disk(row: int, col: int, radius: int = 8) -> np.ndarray:
    rows, cols = np.mgrid[:40, :50]
    return np.asarray((rows - row) ** 2 + (cols - col) ** 2 <= radius**2)


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def test_one_label_map_an_image(tmp_path: Path) -> None:
    write(tmp_path / "images" / "a.jpg", GREY)
    write(tmp_path / "masks" / "a.png", (disk(10, 10) * 3 + disk(30, 40) * 7).astype(np.uint8))
    (image,) = open_own_data([tmp_path]).images
    pixels, objects = image.read()
    assert pixels.shape == (40, 50, 3)
    assert set(objects.areas()) == {3, 7}
    assert np.array_equal(objects.mask(7), disk(30, 40))


@pytest.mark.parametrize("place", ["a/{}.png", "a_{}.png"])
def test_several_files_an_image_may_overlap(tmp_path: Path, place: str) -> None:
    write(tmp_path / "images" / "a.png", GREY)
    truths = [disk(15, 15), disk(15, 22), disk(30, 40)]
    for number, mask in enumerate(truths):
        write(tmp_path / "masks" / place.format(number), (mask * 255).astype(np.uint8))
    (image,) = open_own_data([tmp_path]).images
    objects = image.read_objects()
    assert len(objects.layers) == 2
    assert [np.array_equal(objects.mask(number), truth) for number, truth in enumerate(truths, 1)] == [True] * 3


def test_a_mask_with_a_suffix_belongs_to_its_image(tmp_path: Path) -> None:
    write(tmp_path / "images" / "a_b.png", GREY)
    write(tmp_path / "masks" / "a_b_mask.png", (disk(15, 15) * 255).astype(np.uint8))
    (image,) = open_own_data([tmp_path]).images
    assert np.array_equal(image.read_objects().mask(1), disk(15, 15))


def test_coco_polygons_runs_and_crowds(tmp_path: Path) -> None:
    write(tmp_path / "images" / "a.png", GREY)
    truth = disk(20, 30)
    packed = coco.encode(np.asfortranarray(truth.astype(np.uint8)))
    counts = np.diff(np.flatnonzero(np.diff(truth.T.reshape(-1).astype(int), prepend=2, append=2))).tolist()
    base = {"image_id": 1, "category_id": 1, "iscrowd": 0}
    size = [40, 50]
    annotations = [
        {**base, "id": 1, "segmentation": [[2, 2, 12, 2, 12, 12, 2, 12]]},
        {**base, "id": 2, "segmentation": {"size": size, "counts": packed["counts"].decode()}},
        {**base, "id": 3, "segmentation": {"size": size, "counts": counts}},
        {**base, "id": 4, "iscrowd": 1, "segmentation": [[40, 30, 48, 30, 48, 38, 40, 38]]},
    ]
    images = [{"id": 1, "file_name": "elsewhere/a.png", "height": 40, "width": 50}]
    images.append({"id": 2, "file_name": "gone.png", "height": 4, "width": 4})
    annotations.append({**base, "id": 5, "image_id": 2, "segmentation": [[0, 0, 3, 0, 3, 3]]})
    (tmp_path / "all.json").write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
    found = open_own_data([tmp_path / "all.json"])
    (image,) = found.images
    objects = image.read_objects()
    assert objects.mask(1).sum() == 100
    assert np.array_equal(objects.mask(2), truth)
    assert np.array_equal(objects.mask(3), truth)
    assert objects.ignored.sum() == 64
    assert [trouble.reason for trouble in found.troubles] == ["its image file is not there"]


def test_coco_images_of_one_name_keep_apart(tmp_path: Path) -> None:
    """Measured objects are told apart by set, image and number, so a second `a` would replace the first."""
    names = ["a.png", "a.jpg", "a.png"]
    for name in names:
        write(tmp_path / name, GREY)
    found = open_own_data([_coco_of(tmp_path, names)])
    assert [image.name for image in found.images] == ["all/a", "all/a+", "all/a++"]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0.png", ".."])
def test_a_coco_image_that_cannot_be_a_file_is_not_there(name: str, tmp_path: Path) -> None:
    write(tmp_path / "a.png", GREY)
    found = open_own_data([_coco_of(tmp_path, ["a.png", name])])
    assert [trouble.reason for trouble in found.troubles] == ["its image file is not there"]


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_coco_image_without_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="an image without id, file_name"):
        open_own_data([_coco_of(tmp_path, [name])])


def _coco_of(folder: Path, names: list[str]) -> Path:
    images = [{"id": number, "file_name": name, "height": 40, "width": 50} for number, name in enumerate(names)]
    corner = [[1, 1, 9, 1, 9, 9]]
    annotations = [{"id": each["id"], "image_id": each["id"], "segmentation": corner} for each in images]
    content = {"images": images, "annotations": annotations, "categories": []}
    (folder / "all.json").write_text(json.dumps(content))
    return folder / "all.json"


def test_an_image_of_impossible_size_takes_no_memory(tmp_path: Path) -> None:
    write(tmp_path / "a.png", GREY)
    images = [{"id": 1, "file_name": "a.png", "height": 10**6, "width": 10**6}]
    annotations = [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}]
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    with pytest.raises(DatasetError, match="1000000 x 1000000"):
        open_own_data([tmp_path / "a.json"]).images[0].read_objects()


@settings(max_examples=60)
@given(mask=arrays(np.bool_, (5, 4)))
def test_run_lengths_unpack_as_pycocotools_packs_them(mask: NDArray[np.bool_]) -> None:
    packed = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(coco_mask({"size": [5, 4], "counts": packed}, (5, 4), "a"), mask)
    assert np.array_equal(coco_mask({"size": [5, 4], "counts": run_lengths(packed)}, (5, 4), "a"), mask)


def test_polygons_are_filled_as_pycocotools_does() -> None:
    polygons = [[2.5, 1.2, 16.1, 3, 9, 8.7], [-4, 1, 3, 1, 3, 90]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools under numpy 2
        wanted = coco.decode(coco.merge(coco.frPyObjects(polygons, 10, 20))) > 0
    assert np.array_equal(coco_mask([*polygons, [1, 2]], (10, 20), "a"), wanted)


@pytest.mark.parametrize(
    "segmentation",
    [
        [[0, 0, 1e9, 0, 1e9, 1e9]],
        [[float("nan"), 0, 5, 5, float("inf"), 3]],
        [[2**70, 0, 5, 5, 3, 3]],
        [[0, 0, 1e6, 1e6] * 3000],
        [["a", 0, 5, 5, 3, 3]],
        {"size": [10, 20], "counts": ""},
        {"size": [10, 20], "counts": [5, 5]},
        {"size": [10, 20], "counts": [5, -3, 198]},
        {"size": [10, 20], "counts": [2**40]},
        {"size": [10, 20], "counts": "zzzzzzzz"},
        {"size": [10, 20], "counts": "\u20ac"},
        {"size": [10, 20]},
        {"size": [20, 10], "counts": [200]},
        None,
    ],
)
def test_hostile_segmentations_are_refused(segmentation: object) -> None:
    """pycocotools crashes at the first four, and gives what happens to stand in memory for too short run lengths."""
    with pytest.raises(DatasetError, match="of photo"):
        coco_mask(segmentation, (10, 20), "photo")


def test_nifti_slices_along_the_coarsest_axis(tmp_path: Path) -> None:
    labels = np.zeros((5, 40, 50), np.int16)
    labels[2], labels[3, :3, :2] = disk(20, 20), 1
    affine = np.diag([4.0, 1.0, 1.0, 1.0])
    for folder, name, array in (("imagesTr", "v_0000", labels * 100), ("labelsTr", "v", labels)):
        (tmp_path / folder).mkdir()
        nibabel.save(nibabel.Nifti1Image(array, affine), tmp_path / folder / f"{name}.nii.gz")  # type: ignore[no-untyped-call]
    (image,) = open_own_data([tmp_path]).images
    assert image.stem == "v@2"
    pixels, objects = image.read()
    assert np.array_equal(objects.mask(1), disk(20, 20))
    assert pixels[20, 20, 0] > pixels[0, 49, 0]


def test_a_session_of_the_window(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    write(photo, GREY)
    annotation = Annotation((1, 40, 50))
    number = annotation.state.next_object_id
    annotation.apply(NewObject(number, annotation.classes[0].id))
    annotation.apply(PlaceMask(number, PHOTO, MaskCrop.of(disk(20, 20))))
    save_session(tmp_path / "work.isegformer", Session((photo,), photo, {photo: Work.of(annotation, "0" * 64)}))
    (image,) = open_own_data([tmp_path / "work.isegformer"]).images
    assert np.array_equal(image.read()[1].mask(number), annotation.mask(number, PHOTO))
    assert np.array_equal(image.read()[1].mask(number), disk(20, 20))


def test_the_check_names_what_is_left_out(tmp_path: Path) -> None:
    for stem in ("good", "other", "empty", "torn", "lonely", "large"):
        write(tmp_path / "images" / f"{stem}.png", GREY)
    (tmp_path / "images" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    mask = (disk(20, 20) * 255).astype(np.uint8)
    for stem in ("good", "other", "torn", "astray"):
        write(tmp_path / "masks" / f"{stem}.png", mask)
    write(tmp_path / "masks" / "empty.png", np.zeros((40, 50), np.uint8))
    write(tmp_path / "masks" / "large.png", np.full((80, 100), 255, np.uint8))
    found = open_own_data([tmp_path])
    check = check_data(found)
    assert [each.image.stem for each in check.usable] == ["good", "other"]
    text = check.text()
    assert "2 images with 2 objects can be used." in text
    assert "Images have 50 pixels at the longer side." in text
    assert replace(check, usable=check.usable[:1]).text().startswith("1 image with 1 object can be used.")
    for said in ("empty: its mask is empty", "torn", "lonely: there is an image but no mask", "50 x 40", "astray"):
        assert said in text
    with pytest.raises(DatasetError, match="not clean"):
        check_data(found, strict=True)


def test_the_check_tells_how_many_objects_each_class_has(tmp_path: Path) -> None:
    """Of COCO by the names of its categories, of sessions by the window's classes, of semantic masks by number."""
    write(tmp_path / "coco" / "a.png", GREY)
    box = [[2, 2, 12, 2, 12, 12, 2, 12]]
    annotations = [{"image_id": 1, "category_id": number, "segmentation": box} for number in (7, 7, 8, 99)]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 50}],
        "annotations": annotations,
        "categories": [{"id": 7, "name": "cell"}, {"id": 8, "name": "vessel"}, {"id": 9, "name": "unused"}],
    }
    (tmp_path / "coco" / "all.json").write_text(json.dumps(content))
    photo = tmp_path / "photo.png"
    write(photo, GREY)
    annotation = Annotation((1, 40, 50))
    annotation.apply(NewObject(annotation.state.next_object_id, annotation.classes[0].id))
    annotation.apply(PlaceMask(annotation.state.next_object_id - 1, PHOTO, MaskCrop.of(disk(20, 20))))
    save_session(tmp_path / "work.isegformer", Session((photo,), photo, {photo: Work.of(annotation, "0" * 64)}))
    write(tmp_path / "parts" / "images" / "b.png", GREY)
    write(tmp_path / "parts" / "masks" / "b.png", (disk(10, 10) * 3 + disk(30, 40) * 3).astype(np.uint8))
    (tmp_path / "parts" / "set.json").write_text(json.dumps({"kind": "semantic"}))
    places = [tmp_path / "coco" / "all.json", tmp_path / "work.isegformer", tmp_path / "parts"]
    check = check_data(open_own_data(places))
    name = annotation.classes[0].name
    assert check.facts()["classes"] == {"cell": 2, "class 3": 2, "vessel": 1, name: 1}
    assert "Objects of each class: cell 2, class 3 2, vessel 1" in check.text()


def test_void_pixels_are_counted(tmp_path: Path) -> None:
    mask = (disk(20, 20) * 255).astype(np.uint8)
    mask[:4] = 128
    write(tmp_path / "images" / "a.png", GREY)
    write(tmp_path / "masks" / "a.png", mask)
    assert check_data(open_own_data([tmp_path])).facts()["void_share"] == pytest.approx(0.1)


def test_held_out_images_have_their_share_of_the_objects(tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path / "images" / f"{number}.png", GREY)
        write(tmp_path / "masks" / f"{number}.png", (disk(20, 20) * 255).astype(np.uint8))
    usable = check_data(open_own_data([tmp_path])).usable
    training, held = hold_out(usable, 0.3, 5)
    assert (len(training), len(held)) == (7, 3)
    assert not {each.image.stem for each in training} & {each.image.stem for each in held}
    assert hold_out(usable, 0.3, 5)[1] == held
    with pytest.raises(DatasetError, match="at least two"):
        hold_out(usable[:1], 0.3, 5)


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 49), st.integers(1, 15)), max_size=6))
def test_layers_lose_no_pixel(disks: list[tuple[int, int, int]]) -> None:
    masks = [disk(*each) for each in disks]
    layers = layered(masks, (40, 50))
    assert all(np.array_equal((layers == number).any(axis=0), mask) for number, mask in enumerate(masks, 1))


@pytest.mark.parametrize("name", ["nothing", "notes.txt", "empty"])
def test_what_is_no_data_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(DatasetError, match=name):
        open_own_data([tmp_path / name])


def test_a_hostile_session_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.isegformer"
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DatasetError, match="damaged"):
        open_own_data([path])


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        {"relative": 3, "absolute": 3},
        {"relative": "x" * 5000, "absolute": "/a"},
        {"relative": "", "absolute": "x" * 5000},
        {"relative": "", "absolute": "x", "volume": 3},
    ],
    ids=str,
)
def test_a_damaged_entry_of_a_session_is_told(entry: object, tmp_path: Path) -> None:
    head = {"format": "isegformer session", "photos": [entry], "works": [0]}
    with zipfile.ZipFile(tmp_path / "work.isegformer", "w") as archive:
        archive.writestr("session.json", json.dumps(head))
        archive.writestr("photos/0.json", json.dumps({"state": {"objects": [{"id": 1}]}}))
    (trouble,) = open_session(tmp_path / "work.isegformer").troubles
    assert trouble.reason == "entry 1 of the session is damaged"


def _broken_stream(data: bytes) -> bytes:
    packed = bytearray(gzip.compress(data))
    packed[10] |= 0b110  # a kind of block that deflate does not know
    return bytes(packed)


def _unknown_type(data: bytes) -> bytes:
    return gzip.compress(data[:70] + b"\x06\x00" + data[72:])


def _no_voxel(data: bytes) -> bytes:
    return gzip.compress(data[:42] + b"\x00\x00" + data[44:])


def _vast(data: bytes) -> bytes:
    return gzip.compress(data[:42] + b"\x00\x7d" * 3 + data[48:])


@pytest.mark.parametrize("damage", [_broken_stream, _unknown_type, _no_voxel, _vast])
def test_a_damaged_volume_is_left_out_and_others_stay(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    labels = np.zeros((12, 10, 4), np.uint8)
    labels[2:8, 2:8, 1] = 1
    stored: bytes = nibabel.Nifti1Image(labels, np.eye(4)).to_bytes()  # type: ignore[no-untyped-call]
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.nii.gz").write_bytes(gzip.compress(stored))
        (tmp_path / folder / "b.nii.gz").write_bytes(damage(stored))
    found = open_own_data([tmp_path])
    assert [image.group for image in found.images] == [f"{tmp_path.name}/a"]
    assert [trouble.name for trouble in found.troubles] == [f"{tmp_path.name}/b"]
