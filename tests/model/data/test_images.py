"""Pictures of every mode become RGB; label maps keep their numbers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.data import images
from model.data.images import read_image, read_labels, read_probability
from model.errors import ImageError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "CMYK", "LA"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".gif", ".bmp"])
def test_every_mode_becomes_rgb(mode: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    try:
        Image.fromarray(GREY).convert(mode).save(path)
    except (OSError, ValueError):
        pytest.skip(f"Pillow writes no {mode} as {suffix}")
    found = read_image(path)
    assert found.shape == (3, 4, 3)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((1, 2, 4), np.uint8)
    pixels[0, 1, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[255] * 3, [0] * 3]]


def test_deep_values_are_stretched(tmp_path: Path) -> None:
    deep = np.linspace(1000, 3000, 10_000).astype(np.uint16).reshape(100, 100)
    Image.fromarray(deep).save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png")
    assert found.min() == 0
    assert found.max() == 255
    assert (np.diff(found[..., 0].ravel().astype(int)) >= 0).all()


def test_a_photo_is_turned_upright_and_a_mask_is_not(tmp_path: Path) -> None:
    picture = Image.fromarray(GREY)
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png").shape == (4, 3, 3)
    assert read_labels(tmp_path / "a.png").shape == (3, 4)


def test_too_many_pixels_are_refused_before_they_take_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "PIXEL_LIMIT", 11)
    with pytest.raises(ImageError, match="4 x 3"):
        read_image(tmp_path / "a.png")


def test_palette_masks_give_their_indices(tmp_path: Path) -> None:
    picture = Image.new("P", (3, 1))
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture.putdata([0, 1, 2])
    picture.save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png").tolist() == [[0, 1, 2]]
    assert read_probability(tmp_path / "a.png").tolist() == [[0, 1, 1]]


def test_deep_and_colour_labels_keep_their_numbers(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 300, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_labels(tmp_path / "deep.png").tolist() == [[0, 300, 65535]]
    Image.fromarray(np.array([[[7, 7, 7], [1, 2, 3]]], np.uint8)).save(tmp_path / "colour.png")
    assert read_labels(tmp_path / "colour.png").tolist() == [[7 * 65793, 66051]]
    Image.fromarray(np.array([[[7, 7, 7], [9, 9, 9]]], np.uint8)).save(tmp_path / "grey.png")
    assert read_labels(tmp_path / "grey.png").tolist() == [[7, 9]]


@pytest.mark.parametrize(
    ("values", "expected"), [([0, 128, 255], [0, 128 / 255, 1]), ([0, 1, 1], [0, 1, 1]), ([0, 0, 0], [0, 0, 0])]
)
def test_a_mask_is_read_as_a_probability(values: list[int], expected: list[float], tmp_path: Path) -> None:
    Image.fromarray(np.array([values], np.uint8)).save(tmp_path / "a.png")
    found = read_probability(tmp_path / "a.png")
    assert found.dtype == np.float32
    assert found.tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize("cut", [0, 1, 10, 40, 60])
def test_files_that_are_cut_off_are_refused_in_words(cut: int, tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".webp", ".tif", ".bmp"):
        whole = tmp_path / f"whole{suffix}"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)).save(whole)
        part = tmp_path / f"part{suffix}"
        part.write_bytes(whole.read_bytes()[:cut])
        with pytest.raises(ImageError):
            read_image(part)


@pytest.mark.parametrize("name", ["none.png", "", "bad\0name.png", "a" * 4000])
def test_paths_that_are_none_are_refused_in_words(name: str, tmp_path: Path) -> None:
    for read in (read_image, read_labels, read_probability):
        with pytest.raises(ImageError):
            read(tmp_path / name)
