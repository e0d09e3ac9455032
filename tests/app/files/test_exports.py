"""Exports: read by the libraries of the formats, and compared pixel by pixel."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

from isegformer_app.document import PHOTO, Annotation, Click, LabelClass, MaskCrop, OverlapRule
from isegformer_app.document.edits import AddClick
from isegformer_app.document.object_edits import DeleteObject, NewObject
from isegformer_app.files.errors import CannotWrite, ReadBackDiffers
from isegformer_app.files.exports import (
    Picture,
    coco_masks,
    write_class_png,
    write_coco,
    write_coco_photos,
    write_indexed_png,
    write_object_pngs,
)
from isegformer_app.files.exports.report import free_names
from tests.app.files.drawing import CLASSES, Mask, annotated, disk, draw, masks, ring

# pycocotools has not learnt numpy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (40, 60)
DISK, RING, OTHER = disk(SIZE, 10, 12, 6), ring(SIZE, 25, 40, 10), disk(SIZE, 12, 18, 7)


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_indexed_png_holds_the_true_numbers_in_class_colours(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK, OTHER, RING], OverlapRule.KEEP)
    annotation.apply(DeleteObject(2))
    done = write_indexed_png(tmp_path / "mask.png", annotation)
    assert (done.paths, done.objects, done.skipped) == ((tmp_path / "mask.png",), 2, ())
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        palette = image.getpalette("RGB")
    assert palette is not None
    values = opened(tmp_path / "mask.png")
    np.testing.assert_array_equal(values, np.where(DISK, 1, np.where(RING, 3, 0)))
    assert tuple(palette[3:6]) == CLASSES[0].colour
    assert tuple(palette[9:12]) == CLASSES[0].colour
    assert tuple(palette[:3]) == (0, 0, 0)


def test_class_png_holds_the_numbers_of_classes(tmp_path: Path) -> None:
    write_class_png(tmp_path / "classes.png", annotated(SIZE, [DISK, RING, disk(SIZE, 35, 5, 3)]))
    expected = np.where(DISK | disk(SIZE, 35, 5, 3), 1, np.where(RING, 2, 0))
    np.testing.assert_array_equal(opened(tmp_path / "classes.png"), expected)


@pytest.mark.parametrize(("count", "mode"), [(255, "P"), (256, "I;16")])
def test_past_255_objects_the_png_has_16_bits(tmp_path: Path, count: int, mode: str) -> None:
    annotation = annotated((16, 20))
    for number in range(count):
        mask = np.zeros((16, 20), bool)
        mask.reshape(-1)[number] = True
        draw(annotation, mask)
    write_indexed_png(tmp_path / "many.png", annotation)
    with Image.open(tmp_path / "many.png") as image:
        assert image.mode == mode
    expected = np.arange(1, 321).reshape(16, 20)
    np.testing.assert_array_equal(opened(tmp_path / "many.png"), np.where(expected <= count, expected, 0))


def test_without_objects_an_empty_map_is_written(tmp_path: Path) -> None:
    done = write_indexed_png(tmp_path / "empty.png", annotated(SIZE))
    assert done.objects == 0
    assert not opened(tmp_path / "empty.png").any()
    done = write_coco(tmp_path / "empty.json", annotated(SIZE), tmp_path / "photo.jpg")
    assert json.loads((tmp_path / "empty.json").read_text())["annotations"] == []


def test_what_one_png_cannot_hold_is_said(tmp_path: Path) -> None:
    done = write_indexed_png(tmp_path / "mask.png", annotated(SIZE, [DISK, OTHER]))
    values = opened(tmp_path / "mask.png")
    np.testing.assert_array_equal(values == 2, OTHER)
    assert len(done.skipped) == 1
    assert f"{(DISK & OTHER).sum()} pixels" in done.skipped[0]


def test_one_png_an_object_keeps_overlaps_whole(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK, OTHER])
    done = write_object_pngs(tmp_path, annotation, Path("Foto ä.jpg"))
    assert [path.name for path in done.paths] == ["Foto ä-1-cat 1.png", "Foto ä-2-Hündin 2.png"]
    for path, mask in zip(done.paths, (DISK, OTHER), strict=True):
        np.testing.assert_array_equal(opened(path), mask * 255)


def test_objects_without_pixels_and_unfinished_ones_are_named(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK])
    annotation.apply(NewObject(2, 1, "empty one"))
    annotation.apply(NewObject(3, 1, "half done"))
    annotation.apply(AddClick(3, PHOTO, Click(1, 1, True)))
    annotation.apply(AddClick(1, PHOTO, Click(1, 1, False)))
    done = write_coco(tmp_path / "coco.json", annotation, tmp_path / "photo.jpg")
    assert done.objects == 1
    assert len(done.skipped) == 3
    assert "last finished mask" in done.skipped[0]
    assert "“empty one” in “photo.jpg” has no pixels" in done.skipped[1]
    assert "“half done” in “photo.jpg” is not finished." in done.skipped[2]


def test_coco_is_loaded_by_pycocotools_bit_by_bit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotation = annotated(SIZE, [DISK, OTHER, RING])
    (tmp_path / "out").mkdir()
    done = write_coco(tmp_path / "out" / "coco.json", annotation, tmp_path / "photos" / "Kätzchen.jpg")
    assert done.objects == 3
    coco = COCO(str(tmp_path / "out" / "coco.json"))
    capsys.readouterr()
    assert coco.loadImgs([1]) == [{"id": 1, "file_name": "../photos/Kätzchen.jpg", "height": 40, "width": 60}]
    assert [(each["id"], each["name"]) for each in coco.loadCats(coco.getCatIds())] == [(1, "cat"), (2, "Hündin")]
    for entry, mask in zip(coco.loadAnns(coco.getAnnIds()), (DISK, OTHER, RING), strict=True):
        np.testing.assert_array_equal(coco.annToMask(entry), mask)
        assert entry["iscrowd"] == 0
        assert entry["area"] == mask.sum()
        left, top, width, height = entry["bbox"]
        assert mask[top : top + height, left : left + width].sum() == mask.sum()
        assert mask[top : top + height, left].any()
        assert mask[top, left : left + width].any()
    assert [entry["category_id"] for entry in coco.loadAnns(coco.getAnnIds())] == [1, 2, 1]


def test_numbers_stay_with_their_objects(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK, OTHER, RING])
    annotation.apply(DeleteObject(1))
    pictures = [Picture(tmp_path / "a.jpg", annotated(SIZE, [DISK])), Picture(tmp_path / "b.jpg", annotation)]
    write_coco_photos(tmp_path / "coco.json", pictures)
    stored = json.loads((tmp_path / "coco.json").read_text())
    assert [entry["id"] for entry in stored["annotations"]] == [1, 65538, 65539]
    assert [entry["image_id"] for entry in stored["annotations"]] == [1, 2, 2]


def test_photos_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    pictures = [Picture(tmp_path / folder / "photo.jpg", annotated(SIZE, [DISK])) for folder in ("a", "b")]
    write_coco_photos(tmp_path / "coco.json", pictures)
    stored = json.loads((tmp_path / "coco.json").read_text())
    assert [image["file_name"] for image in stored["images"]] == ["a/photo.jpg", "b/photo.jpg"]


def test_classes_of_all_photos_are_merged_by_name(tmp_path: Path) -> None:
    red, blue = (200, 0, 0), (0, 0, 200)
    one = annotated(SIZE, [DISK], classes=(LabelClass(1, "cat", red), LabelClass(4, "dog", blue)))
    two = annotated(SIZE, [DISK, RING], classes=(LabelClass(1, "dog", blue), LabelClass(4, "bird", red)))
    write_coco_photos(tmp_path / "coco.json", [Picture(tmp_path / "a.jpg", one), Picture(tmp_path / "b.jpg", two)])
    stored = json.loads((tmp_path / "coco.json").read_text())
    assert [(each["id"], each["name"]) for each in stored["categories"]] == [(1, "cat"), (4, "dog"), (5, "bird")]
    assert [each["category_id"] for each in stored["annotations"]] == [1, 4, 5]


@given(masks((5, 4)))
def test_run_lengths_are_those_of_pycocotools(mask: Mask) -> None:
    from pycocotools import mask as coco_mask

    full = np.zeros((5, 4), bool)
    full |= mask
    rle = coco_masks.encode(MaskCrop.of(mask), (5, 4))
    reference = coco_mask.encode(np.asfortranarray(full.astype(np.uint8)))
    assert str(rle["counts"]).encode() == reference["counts"]
    assert coco_masks.is_same(rle, MaskCrop.of(mask), (5, 4))
    np.testing.assert_array_equal(coco_masks.decode(rle, (5, 4)), mask)


@given(masks((4, 4)), masks((4, 4)))
def test_a_different_mask_is_told_apart(one: Mask, other: Mask) -> None:
    rle = coco_masks.encode(MaskCrop.of(one), (4, 4))
    assert coco_masks.is_same(rle, MaskCrop.of(other), (4, 4)) == np.array_equal(one, other)


@given(st.lists(masks((6, 7)), max_size=4))
def test_any_objects_come_back_from_png_and_coco(tmp_path_factory: pytest.TempPathFactory, drawn: list[Mask]) -> None:
    folder = tmp_path_factory.mktemp("any")
    annotation = annotated((6, 7), drawn)
    write_indexed_png(folder / "mask.png", annotation)
    np.testing.assert_array_equal(opened(folder / "mask.png"), annotation.label_map.top_plane(PHOTO))
    write_coco(folder / "coco.json", annotation, folder / "photo.png")
    stored = json.loads((folder / "coco.json").read_text())
    for entry in stored["annotations"]:
        np.testing.assert_array_equal(
            coco_masks.decode(entry["segmentation"], (6, 7)), annotation.mask(entry["id"], PHOTO)
        )
    assert {entry["id"] for entry in stored["annotations"]} == annotation.label_map.ids()


def write_png(path: Path, annotation: Annotation) -> None:
    write_indexed_png(path, annotation)


def write_json(path: Path, annotation: Annotation) -> None:
    write_coco(path, annotation, Path("photo.jpg"))


@pytest.mark.parametrize("write", [write_png, write_json])
def test_a_failed_export_leaves_the_old_file(
    tmp_path: Path, write: Callable[[Path, Annotation], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "old.file"
    target.write_bytes(b"old")
    with pytest.raises(CannotWrite, match="not there"):
        write(tmp_path / "gone" / "new.file", annotated(SIZE, [DISK]))
    monkeypatch.setattr(coco_masks, "is_same", lambda *_: False)
    monkeypatch.setattr(np, "array_equal", lambda *_: False)
    with pytest.raises(ReadBackDiffers, match=r"old\.file.*choose another folder"):
        write(target, annotated(SIZE, [DISK]))
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.file"]


def test_names_become_file_names() -> None:
    wanted = ["a/b", "a:b", "A_b", "..", "", "ä" * 300, "con."]
    names = free_names(wanted, ".png")
    assert names[:5] == ["a_b.png", "a_b (2).png", "A_b (3).png", "_.png", "_ (2).png"]
    assert len(names[5].encode()) <= 160
    assert len({name.casefold() for name in names}) == len(wanted)
