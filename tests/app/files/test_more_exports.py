"""YOLO, Pascal VOC, labelme, and the outlines beneath."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isegformer_app.document import PHOTO
from isegformer_app.files.errors import CannotWrite
from isegformer_app.files.exports import (
    outlines,
    write_labelme,
    write_voc,
    write_voc_classes,
    write_yolo,
    write_yolo_classes,
)
from tests.app.files.drawing import CLASSES, Mask, annotated, disk, masks, ring

SIZE = (40, 60)
DISK, RING = disk(SIZE, 10, 12, 6), ring(SIZE, 25, 40, 10)


@given(masks((6, 7)))
def test_outlines_filled_are_the_mask(mask: Mask) -> None:
    loops = outlines.outlines(mask)
    assert bool(loops) == mask.any()
    if loops:
        np.testing.assert_array_equal(outlines.filled(outlines.joined(loops), mask.shape), mask)
    for loop in loops:
        steps = np.abs(np.diff(loop, axis=0, append=loop[:1]))
        assert (steps.min(axis=1) == 0).all()
        assert (steps.max(axis=1) > 0).all()


@given(masks((6, 7)))
def test_parts_and_holes_are_counted_as_scipy_does(mask: Mask) -> None:
    from scipy import ndimage

    loops = outlines.outlines(mask)
    parts = ndimage.label(mask)[1]
    background = ndimage.label(~np.pad(mask, 1), structure=np.ones((3, 3)))[1]
    assert sum(not outlines.is_hole(loop) for loop in loops) == parts
    assert sum(outlines.is_hole(loop) for loop in loops) == background - 1


def test_simplified_outlines_stay_within_the_tolerance() -> None:
    (loop,) = outlines.outlines(disk((80, 80), 40, 40, 30))
    for tolerance in (0.5, 1.0, 3.0):
        rough = outlines.simplified(loop, tolerance)
        assert 3 <= len(rough) < len(loop)
        for point in loop:
            ends = np.roll(rough, -1, axis=0)
            nearest = min(outlines._distances(point[None], a, b)[0] for a, b in zip(rough, ends, strict=True))
            assert nearest <= tolerance + 1e-9
    assert outlines.simplified(loop, 0) is loop


def test_a_single_pixel_survives_any_tolerance() -> None:
    (loop,) = outlines.outlines(np.ones((1, 1), bool))
    assert len(outlines.simplified(loop, 100)) == 4


def test_yolo_lines_are_shares_of_width_and_height(tmp_path: Path) -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:5, 4:8] = True
    done = write_yolo(tmp_path / "a.txt", annotated((10, 20), [mask]), Path("a.png"))
    assert done.objects == 1
    place, *shares = (tmp_path / "a.txt").read_text().split()
    assert place == "0"
    corners = {(float(x), float(y)) for x, y in zip(shares[::2], shares[1::2], strict=True)}
    assert corners == {(0.2, 0.2), (0.4, 0.2), (0.4, 0.5), (0.2, 0.5)}


@given(st.lists(masks((6, 7)), max_size=3))
def test_any_mask_survives_yolo(tmp_path_factory: pytest.TempPathFactory, drawn: list[Mask]) -> None:
    target = tmp_path_factory.mktemp("yolo") / "a.txt"
    annotation = annotated((6, 7), drawn)
    write_yolo(target, annotation, Path("a.png"))
    lines = target.read_text().splitlines()
    expected = [annotation.mask(each.id, PHOTO) for each in annotation.objects]
    for line, mask in zip(lines, [mask for mask in expected if mask.any()], strict=True):
        shares = np.array(line.split()[1:], float).reshape(-1, 2)
        np.testing.assert_array_equal(outlines.filled(shares[:, ::-1] * (6, 7), (6, 7)), mask)


def test_yolo_on_a_large_photo_is_exact(tmp_path: Path) -> None:
    size = (1111, 4999)
    write_yolo(tmp_path / "a.txt", annotated(size, [ring(size, 600, 3000, 400)]), Path("a.png"))
    assert len((tmp_path / "a.txt").read_text().splitlines()) == 1


def test_yolo_classes_are_named(tmp_path: Path) -> None:
    write_yolo_classes(tmp_path / "data.yaml", CLASSES)
    text = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    assert "nc: 2\n" in text
    assert '  0: "cat"\n' in text
    assert json.loads(text.splitlines()[-1].split(": ", 1)[1]) == "Hündin"


def test_voc_pictures_hold_places_in_voc_colours(tmp_path: Path) -> None:
    done = write_voc(tmp_path, annotated(SIZE, [DISK, RING]), Path("photo.jpg"))
    assert done.objects == 2
    for folder, values in (("SegmentationClass", (1, 2)), ("SegmentationObject", (1, 2))):
        with Image.open(tmp_path / folder / "photo.png") as image:
            palette = image.getpalette("RGB")
            found = np.asarray(image)
        np.testing.assert_array_equal(found, np.where(RING, values[1], np.where(DISK, values[0], 0)))
        assert palette is not None
        assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
        assert palette[-3:] == [224, 224, 192]
    write_voc_classes(tmp_path / "labels.txt", CLASSES)
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8").split() == ["background", "cat", "Hündin"]


def test_too_many_objects_for_voc_are_refused(tmp_path: Path) -> None:
    annotation = annotated((16, 16), [np.arange(256).reshape(16, 16) == place for place in range(255)])
    with pytest.raises(CannotWrite, match="more than 254 objects"):
        write_voc(tmp_path, annotation, Path("photo.jpg"))
    assert list(tmp_path.iterdir()) == []


def test_voc_without_a_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="not there"):
        write_voc(tmp_path / "gone", annotated(SIZE, [DISK]), Path("photo.jpg"))


def test_labelme_masks_fill_their_boxes(tmp_path: Path) -> None:
    done = write_labelme(tmp_path / "a.json", annotated(SIZE, [DISK, RING]), tmp_path / "photos" / "a.jpg")
    assert done.objects == 2
    content = json.loads((tmp_path / "a.json").read_text())
    assert (content["imagePath"], content["imageHeight"], content["imageWidth"]) == ("photos/a.jpg", *SIZE)
    for shape, mask in zip(content["shapes"], (DISK, RING), strict=True):
        (left, top), (right, bottom) = shape["points"]
        with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as image:
            pixels = np.asarray(image)
        rebuilt = np.zeros(SIZE, bool)
        rebuilt[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = pixels
        np.testing.assert_array_equal(rebuilt, mask)
        assert shape["shape_type"] == "mask"
    assert [shape["label"] for shape in content["shapes"]] == ["cat", "Hündin"]
