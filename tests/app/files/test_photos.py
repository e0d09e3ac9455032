"""Photos of every kind, good and bad."""

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from isegformer_app.document import PHOTO
from isegformer_app.files import photos
from isegformer_app.files.errors import CannotRead, Damaged, FileProblem, NotAnImage, TooLarge
from isegformer_app.files.photos import Photo, content_hash, photo_size, read_photo
from tests.app.files.mutants import photo_seeds

Pixels = NDArray[Any]

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def corners() -> Pixels:
    """4 rows, 6 columns; the corners red, green (top right), blue (bottom left), white."""
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[0, 0], pixels[0, -1], pixels[-1, 0], pixels[-1, -1] = RED, GREEN, BLUE, WHITE
    return pixels


def shown(photo: Photo) -> NDArray[np.uint8]:
    return photo.volume.as_rgb(PHOTO, photo.window)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "ppm", "gif", "webp"])
def test_exact_formats_keep_every_pixel(tmp_path: Path, corners: Pixels, ending: str) -> None:
    path = tmp_path / f"photo.{ending}"
    options: dict[str, Any] = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(corners).save(path, **options)
    photo = read_photo(path)
    assert photo.volume.shape == (1, 4, 6)
    assert photo.volume.is_colour
    np.testing.assert_array_equal(shown(photo), corners)
    assert photo.notes == ()
    assert photo.window is None
    assert photo.content_hash == content_hash(path)


@pytest.mark.parametrize("ending", ["jpg", "avif", "jp2"])
def test_lossy_formats_open(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"photo.{ending}"
    Image.new("RGB", (60, 40), (200, 100, 50)).save(path)
    rgb = shown(read_photo(path))
    assert rgb.shape == (40, 60, 3)
    assert np.abs(rgb.astype(int) - (200, 100, 50)).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int, ending: str) -> None:
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :30], upright[:20, 30:], upright[20:, :30], upright[20:, 30:] = RED, GREEN, BLUE, WHITE
    stored = Image.fromarray(upright)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    # What the camera stored is the upright picture turned the other way round.
    inverse = {None: None, 0: 0, 1: 1, 3: 3, 5: 5, 6: 6, 2: 2, 4: 4}[undo.get(orientation)]
    if inverse is not None:
        stored = stored.transpose(Image.Transpose(inverse))
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"turned.{ending}"
    options: dict[str, Any] = {"quality": 95, "subsampling": 0} if ending == "jpg" else {}
    stored.save(path, exif=exif, **options)
    rgb = shown(read_photo(path))
    assert rgb.shape == (40, 60, 3)
    assert photo_size(path) == (40, 60)
    assert np.abs(rgb.astype(int) - upright).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_measured_tiff_values_are_turned_like_photos(tmp_path: Path, orientation: int) -> None:
    stored = np.arange(24, dtype=np.float32).reshape(4, 6)
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(tmp_path / "float.tif", stored, extratags=[tag], metadata=None)
    reference = tmp_path / "byte.tif"
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored.astype(np.uint8)).save(reference, exif=exif)
    values = read_photo(tmp_path / "float.tif").volume.array[0]
    np.testing.assert_array_equal(values, read_photo(reference).volume.array[0])


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey_keeps_its_values_and_gets_a_window(tmp_path: Path, ending: str) -> None:
    values = np.linspace(1000, 5000, 40 * 60).reshape(40, 60).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / f"deep.{ending}")
    photo = read_photo(tmp_path / f"deep.{ending}")
    np.testing.assert_array_equal(photo.volume.array[0], values)
    assert photo.volume.array.dtype == np.uint16
    assert photo.window is not None
    low, high = photo.window
    assert 1000 <= low < 1010
    assert 4990 < high <= 5000
    assert any("percentile" in note for note in photo.notes)
    assert shown(photo)[0, 0, 0] == 0
    assert shown(photo)[-1, -1, 0] == 255


def test_16_bit_colour_png_says_that_it_is_read_at_8_bit(tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "deep.png"
    path.write_bytes(cv2.imencode(".png", np.full((4, 4, 3), 0x80FF, np.uint16))[1].tobytes())
    photo = read_photo(path)
    assert shown(photo)[0, 0, 0] == 0x80
    assert "16-bit" in photo.notes[0]


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint16, np.int32, np.float16])
def test_measured_tiff_keeps_its_values(tmp_path: Path, dtype: type[np.generic], compression: str | None) -> None:
    values = np.linspace(-50, 200, 24).reshape(4, 6).astype(dtype)
    tifffile.imwrite(tmp_path / "measured.tif", values, compression=compression)
    photo = read_photo(tmp_path / "measured.tif")
    np.testing.assert_array_equal(photo.volume.array[0], values)
    assert photo.volume.array.dtype == dtype


def test_big_endian_tiff_comes_in_native_order(tmp_path: Path) -> None:
    values = np.arange(24, dtype=">u2").reshape(4, 6)
    tifffile.imwrite(tmp_path / "big.tif", values, byteorder=">")
    array = read_photo(tmp_path / "big.tif").volume.array
    assert array.dtype.isnative
    np.testing.assert_array_equal(array[0], values)


def test_lzw_16_bit_tiff_opens(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000
    Image.fromarray(values).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(read_photo(tmp_path / "lzw.tif").volume.array[0], values)


def test_float_with_holes_is_shown(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 24).reshape(4, 6).astype(np.float32)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "holes.tif", values)
    photo = read_photo(tmp_path / "holes.tif")
    assert photo.window is not None
    assert photo.window[0] >= 0
    assert photo.window[1] <= 1
    assert shown(photo)[3, 5, 0] == 255


@pytest.mark.parametrize("values", [np.full((4, 4), np.nan, np.float32), np.full((4, 4), 7, np.uint16)])
def test_a_tiff_of_one_value_or_none_opens(tmp_path: Path, values: Pixels) -> None:
    tifffile.imwrite(tmp_path / "flat.tif", values)
    assert shown(read_photo(tmp_path / "flat.tif")).shape == (4, 4, 3)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_of_many_bands_the_first_three_are_shown(tmp_path: Path, planar: str) -> None:
    values = np.random.default_rng(0).integers(0, 4000, (8, 10, 5)).astype(np.uint16)
    stored = values if planar == "contig" else np.moveaxis(values, -1, 0)
    tifffile.imwrite(tmp_path / "bands.tif", stored, photometric="minisblack", planarconfig=planar)
    photo = read_photo(tmp_path / "bands.tif")
    assert photo.volume.is_colour
    assert "5 bands" in photo.notes[0]
    flat = shown(photo)[..., 1].ravel().astype(int)
    order = np.argsort(values[..., 1].ravel())
    assert (np.diff(flat[order]) >= 0).all()


def test_of_many_pages_the_first_is_shown(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "stack.tif", np.arange(3 * 24, dtype=np.uint16).reshape(3, 4, 6), photometric="minisblack"
    )
    frames = [Image.new("L", (6, 4), level) for level in (10, 20, 30)]
    frames[0].save(tmp_path / "stack8.tif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    for name in ("stack.tif", "stack8.tif", "film.gif"):
        photo = read_photo(tmp_path / name)
        assert photo.volume.shape == (1, 4, 6)
        assert "3 pages" in photo.notes[0]
    assert shown(read_photo(tmp_path / "stack8.tif"))[0, 0, 0] == 10


def test_grey_stays_grey(tmp_path: Path) -> None:
    Image.new("L", (6, 4), 77).save(tmp_path / "grey.png")
    Image.new("1", (6, 4), 1).save(tmp_path / "binary.png")
    assert read_photo(tmp_path / "grey.png").volume.array.shape == (1, 4, 6)
    assert read_photo(tmp_path / "binary.png").volume.array.max() == 255


def test_palette_becomes_colour(tmp_path: Path, corners: Pixels) -> None:
    Image.fromarray(corners).quantize(5).save(tmp_path / "palette.png")
    np.testing.assert_array_equal(shown(read_photo(tmp_path / "palette.png")), corners)


def test_cmyk_becomes_rgb_and_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), (250, 10, 10)).convert("CMYK").save(tmp_path / "print.jpg")
    photo = read_photo(tmp_path / "print.jpg")
    red, green, blue = shown(photo)[20, 30].astype(int)
    assert red > 200
    assert max(green, blue) < 60
    assert "CMYK" in photo.notes[0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_lie_upon_white(tmp_path: Path, mode: str) -> None:
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[:2, :, 3] = 255
    image = Image.fromarray(rgba)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "cut.png")
    photo = read_photo(tmp_path / "cut.png")
    assert shown(photo)[0, 0].tolist() == [0, 0, 0]
    assert shown(photo)[3, 0].tolist() == [255, 255, 255]
    assert "transparent" in photo.notes[0]


def test_opaque_alpha_is_nothing_to_speak_of(tmp_path: Path, corners: Pixels) -> None:
    Image.fromarray(corners).convert("RGBA").save(tmp_path / "opaque.png")
    photo = read_photo(tmp_path / "opaque.png")
    np.testing.assert_array_equal(shown(photo), corners)
    assert photo.notes == ()


def test_non_ascii_and_long_paths(tmp_path: Path, corners: Pixels) -> None:
    path = tmp_path / "Größe 写真 🐈"
    for _ in range(5):
        path /= "ä" * 80
    path.mkdir(parents=True)
    Image.fromarray(corners).save(path / "фото.png")
    np.testing.assert_array_equal(shown(read_photo(path / "фото.png")), corners)


def test_volume_cannot_be_written_to(tmp_path: Path, corners: Pixels) -> None:
    Image.fromarray(corners).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="read-only"):
        read_photo(tmp_path / "photo.png").volume.array[0] = 0


def test_missing_folder_and_empty_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("not an image at all")
    with pytest.raises(CannotRead, match="not there"):
        read_photo(tmp_path / "gone.png")
    with pytest.raises(CannotRead, match="folder"):
        read_photo(tmp_path)
    with pytest.raises(Damaged, match="empty"):
        read_photo(tmp_path / "empty.jpg")
    with pytest.raises(NotAnImage, match=r"text\.png"):
        read_photo(tmp_path / "text.png")


def test_postscript_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    with pytest.raises(NotAnImage):
        read_photo(tmp_path / "page.jpg")


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp", "gif"])
def test_a_file_cut_short_is_refused(tmp_path: Path, ending: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"cut.{ending}"
    Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(Damaged, match=r"cut short.*fresh copy"):
        read_photo(path)


def test_a_large_picture_asks_before_it_takes_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 9) + b"IDAT" + bytes(13))
    tifffile.memmap(tmp_path / "huge.tif", shape=(20_000, 20_000), dtype=np.uint16).flush()
    loads = []
    monkeypatch.setattr(Image.Image, "load", lambda self: loads.append(self))
    for name, side in (("huge.png", 30_000), ("huge.tif", 20_000)):
        with pytest.raises(TooLarge) as problem:
            read_photo(tmp_path / name)
        assert f"{side:,} x {side:,} pixels" in str(problem.value)
        assert problem.value.memory > 1e9
        assert name in str(problem.value)
    assert not loads


def test_a_large_picture_opens_when_allowed(tmp_path: Path, corners: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "LARGE_MEMORY", 10)
    Image.fromarray(corners).save(tmp_path / "photo.png")
    with pytest.raises(TooLarge):
        read_photo(tmp_path / "photo.png")
    np.testing.assert_array_equal(shown(read_photo(tmp_path / "photo.png", allow_large=True)), corners)


def test_too_little_memory_is_a_sentence(tmp_path: Path, corners: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(values: Pixels) -> None:
        raise MemoryError

    Image.fromarray(corners).save(tmp_path / "photo.png")
    monkeypatch.setattr(photos, "one_slice", fail)
    with pytest.raises(CannotRead, match="memory"):
        read_photo(tmp_path / "photo.png")


@pytest.mark.parametrize(
    ("ending", "seed"), list(photo_seeds()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_mutated_files_raise_nothing_but_file_problems(tmp_path: Path, ending: str, seed: bytes) -> None:
    chance = random.Random(len(seed))
    path = tmp_path / f"mutant.{ending}"
    opened, sentences = 0, set()
    for _ in range(200):
        data = bytearray(seed)
        # Most of the flips go where the structure is: the head of the file, or its end for TIFF.
        for _ in range(chance.randint(1, 8)):
            place = chance.choice([chance.randrange(len(data)), chance.randrange(min(200, len(data)))])
            data[place] = chance.choice([0, 0xFF, 0x7F, chance.randrange(256)])
        if chance.random() < 0.3:
            data = data[: chance.randrange(1, len(data))]
        path.write_bytes(data)
        try:
            assert shown(read_photo(path)).dtype == np.uint8
            opened += 1
        except FileProblem as problem:
            sentences.add(str(problem))
    assert opened < 200
    assert all(sentence.endswith(".") for sentence in sentences)
