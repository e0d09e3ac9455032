"""Masks of every kind that can be imported, and pictures that are none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isegformer_app.document import PHOTO
from isegformer_app.files.errors import CannotRead, Damaged, NotAnImage
from isegformer_app.files.exports import write_indexed_png
from isegformer_app.files.mask_import import read_masks
from tests.app.files.drawing import annotated, disk, ring

SIZE = (40, 60)
DISK, RING = disk(SIZE, 10, 12, 6), ring(SIZE, 25, 40, 10)
LABELS = np.where(RING, 7, np.where(DISK, 3, 0))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_each_value_is_an_object(tmp_path: Path, kind: type[np.generic], ending: str) -> None:
    Image.fromarray(LABELS.astype(kind)).save(tmp_path / f"mask.{ending}")
    first, second = read_masks(tmp_path / f"mask.{ending}", SIZE)
    assert (first.value, second.value) == (3, 7)
    np.testing.assert_array_equal(first.mask.full(SIZE), DISK)
    np.testing.assert_array_equal(second.mask.full(SIZE), RING)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "LA", "RGBA"])
def test_black_and_white_is_one_object(tmp_path: Path, mode: str) -> None:
    Image.fromarray(DISK.astype(np.uint8) * np.uint8(255)).convert(mode).save(tmp_path / "mask.png")
    (found,) = read_masks(tmp_path / "mask.png", SIZE)
    np.testing.assert_array_equal(found.mask.full(SIZE), DISK)


def test_each_colour_is_an_object_and_the_transparent_is_none(tmp_path: Path) -> None:
    pixels = np.zeros((*SIZE, 4), np.uint8)
    pixels[DISK] = (255, 0, 0, 255)
    pixels[RING] = (0, 0, 255, 255)
    pixels[0, 59] = (255, 255, 255, 0)
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    blue, red = read_masks(tmp_path / "mask.png", SIZE)
    assert (blue.value, red.value) == (0x0000FF, 0xFF0000)
    np.testing.assert_array_equal(red.mask.full(SIZE), DISK)


def test_our_own_export_comes_back(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK, RING])
    write_indexed_png(tmp_path / "mask.png", annotation)
    for found in read_masks(tmp_path / "mask.png", SIZE):
        np.testing.assert_array_equal(found.mask.full(SIZE), annotation.mask(found.value, PHOTO))


def test_what_is_no_mask_of_this_photo_is_refused(tmp_path: Path) -> None:
    Image.new("L", (10, 10), 1).save(tmp_path / "small.png")
    Image.new("L", (60, 40)).save(tmp_path / "black.png")
    noise = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    Image.fromarray(noise).save(tmp_path / "photo.jpg")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "photo.png").read_bytes()[:500])
    with pytest.raises(CannotRead, match="10 x 10 pixels, the photo 60 x 40"):
        read_masks(tmp_path / "small.png", SIZE)
    with pytest.raises(CannotRead, match="black everywhere"):
        read_masks(tmp_path / "black.png", SIZE)
    with pytest.raises(CannotRead, match="different values"):
        read_masks(tmp_path / "photo.png", SIZE)
    for name in ("photo.jpg", "text.png"):
        with pytest.raises(NotAnImage, match="save it as PNG"):
            read_masks(tmp_path / name, SIZE)
    with pytest.raises(Damaged, match="cut short"):
        read_masks(tmp_path / "cut.png", SIZE)
    with pytest.raises(CannotRead, match="not there"):
        read_masks(tmp_path / "gone.png", SIZE)
