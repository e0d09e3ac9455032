"""The files that pydicom ships for its own tests: every transfer syntax, every kind of pixels, and damaged files."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.pixels.processing import apply_voi_lut
from pydicom.uid import HEVCMP51, MPEG2MPML

from isegformer_app.document import SliceKey
from isegformer_app.files.errors import CannotRead
from isegformer_app.files.volumes import VolumeImage, find_volumes, read_volume


def shipped(name: str) -> Path:
    """A file that lies in pydicom's own folder; nothing is fetched."""
    found = get_testdata_file(name, download=False)
    assert isinstance(found, str), name
    return Path(found)


def opened(path: Path) -> VolumeImage:
    finding = find_volumes([path])
    assert not finding.refused, finding.refused
    (choice,) = finding.choices
    return read_volume(choice)


def stored(image: VolumeImage) -> NDArray[Any]:
    return image.grid.order.to_stored(image.volume.array)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_one_picture_in_every_lossless_syntax(name: str) -> None:
    plain, other = opened(shipped("MR_small.dcm")), opened(shipped(name))
    np.testing.assert_array_equal(stored(other), stored(plain))
    assert plain.volume.affine is not None
    assert other.volume.affine is not None
    np.testing.assert_allclose(other.volume.affine, plain.volume.affine)
    assert plain.windows[0].low == pytest.approx(-200)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "693_J2KI.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "JPEG2000.dcm",
        "JPEGLSNearLossless_16.dcm",
        "JPEGLSNearLossless_08.dcm",
        "image_dfl.dcm",
        "rtdose.dcm",
        "rtdose_rle.dcm",
        "rtdose_expb.dcm",
    ],
)
def test_values_are_rescaled_as_the_file_says(name: str) -> None:
    dataset = pydicom.dcmread(shipped(name))
    values = dataset.pixel_array.astype(float) * float(dataset.get("RescaleSlope") or 1)
    values += float(dataset.get("RescaleIntercept") or 0)
    values = values.reshape((-1, dataset.Rows, dataset.Columns))
    np.testing.assert_allclose(stored(opened(shipped(name))), values, rtol=1e-6)


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_jpeg_of_twelve_bits(name: str) -> None:
    # The values that pydicom's own tests expect of this picture.
    values = stored(opened(shipped(name)))[0]
    assert (values.shape, values[420, 140], values[230, 120]) == ((1024, 256), 244, 95)


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_dcmtk_+eb+cy+n1.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",
        "SC_rgb_dcmtk_+eb+cy+s2.dcm",
        "SC_rgb_dcmtk_+eb+cy+s4.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "SC_rgb_gdcm_KY.dcm",
        "SC_rgb_rle.dcm",
        "SC_rgb_rle_16bit.dcm",
        "SC_rgb_rle_32bit.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
        "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm",
    ],
)
def test_colours_are_red_green_and_blue_whatever_they_are_stored_as(name: str) -> None:
    volume = opened(shipped(name)).volume
    shown = volume.as_rgb(SliceKey(0, 0)).astype(int)
    # The stripes of this picture: pure red above, white below; lossy files are a little off.
    assert np.abs(shown[5, 50] - (255, 0, 0)).max() <= 6
    assert np.abs(shown[95, 50] - 255).max() <= 6


def test_palettes_and_films_of_colour() -> None:
    palette = opened(shipped("examples_palette.dcm")).volume
    dataset = pydicom.dcmread(shipped("examples_palette.dcm"))
    expected = pydicom.pixels.processing.apply_color_lut(dataset.pixel_array, dataset) >> 8
    np.testing.assert_array_equal(palette.array[0], expected)
    film = opened(shipped("examples_ybr_color.dcm"))
    assert film.volume.array.shape == (30, 240, 320, 3)
    assert film.volume.affine is None


def test_small_values_may_be_white(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.save_as(tmp_path / "negative.dcm")
    image = opened(tmp_path / "negative.dcm")
    plain = opened(shipped("MR_small.dcm"))
    np.testing.assert_array_equal(stored(image), stored(plain))
    window = image.windows[0]
    assert (window.high, window.low) == (plain.windows[0].low, plain.windows[0].high)
    key = SliceKey(image.native_axis, 0)
    negative = image.volume.as_rgb(key, (window.low, window.high)).astype(int)
    positive = plain.volume.as_rgb(key, (window.high, window.low)).astype(int)
    assert np.abs(negative + positive - 255).max() <= 1


def test_tables_of_grey_values(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    table = pydicom.Dataset()
    table.LUTDescriptor = [4, 500, 16]
    table["LUTDescriptor"].VR = "US"
    table.add_new("LUTData", "US", [10, 20, 40, 80])
    table.LUTExplanation = "steps"
    dataset.ModalityLUTSequence = [table]
    dataset.VOILUTSequence = [table]
    dataset.save_as(tmp_path / "tables.dcm")
    raw = dataset.pixel_array
    image = opened(tmp_path / "tables.dcm")
    expected = np.array([10, 20, 40, 80])[np.clip(raw.astype(int) - 500, 0, 3)]
    np.testing.assert_array_equal(stored(image)[0], expected)
    assert (image.windows[1].name, image.windows[1].low, image.windows[1].high) == ("steps", 500, 503)
    assert not any("VOI LUT" in note for note in image.notes)


@pytest.mark.parametrize("first", [-120, 300])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_table_of_grey_values_is_shown_as_pydicom_applies_it(tmp_path: Path, first: int, photometric: str) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    entries = 900
    greys = np.rint(4095 * np.linspace(0, 1, entries) ** 2.2).astype(int)
    table = pydicom.Dataset()
    table.add_new("LUTDescriptor", "SS" if first < 0 else "US", [entries, first, 12])
    table.add_new("LUTData", "US", greys.tolist())
    dataset.VOILUTSequence = [table]
    dataset.PhotometricInterpretation = photometric
    del dataset.WindowCenter, dataset.WindowWidth
    dataset.save_as(tmp_path / "table.dcm")
    image = opened(tmp_path / "table.dcm")
    window = image.windows[0]
    expected = apply_voi_lut(dataset.pixel_array.astype(np.int32), dataset) / 4095 * 255
    if photometric == "MONOCHROME1":
        expected = 255 - expected
    ends = window.low, window.high
    shown = image.volume.as_grey(SliceKey(image.native_axis, 0), ends, image.curve(ends))
    assert np.abs(image.grid.order.to_stored(shown[None])[0] - expected).max() <= 1
    # Moved by hand it becomes a straight line.
    assert image.curve((window.low, window.high + 1)) is None


def test_damaged_table_is_a_straight_line_and_said(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    table = pydicom.Dataset()
    table.add_new("LUTDescriptor", "US", [900, 0, 12])
    table.add_new("LUTData", "US", [1, 2])
    dataset.VOILUTSequence = [table]
    dataset.save_as(tmp_path / "table.dcm")
    image = opened(tmp_path / "table.dcm")
    assert image.windows[1].curve is None
    assert any("“table of the file 1” (VOI LUT) is damaged" in note for note in image.notes)


def test_sigmoid_is_shown_as_pydicom_applies_it(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    dataset.VOILUTFunction = "SIGMOID"
    dataset.WindowCenter, dataset.WindowWidth = 600, 500
    dataset.save_as(tmp_path / "sigmoid.dcm")
    image = opened(tmp_path / "sigmoid.dcm")
    ends = image.windows[0].low, image.windows[0].high
    shown = image.volume.as_grey(SliceKey(image.native_axis, 0), ends, image.curve(ends))
    values = dataset.pixel_array.astype(float)
    expected = 255 / (1 + np.exp(-4 * (values - 600) / 500))
    assert np.abs(image.grid.order.to_stored(shown[None])[0] - expected).max() <= 1.5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rtplan.dcm", "no image but RT Plan"),
        ("rtplan_truncated.dcm", "no image but RT Plan"),
        ("rtstruct.dcm", "no image but RT Structure Set"),
        ("test-SR.dcm", "no image but Comprehensive SR"),
        ("waveform_ecg.dcm", "no image but 12-lead ECG"),
        ("liver_1frame.dcm", "a segmentation and no image"),
        ("ExplVR_BigEndNoMeta.dcm", "no image"),
        ("UN_sequence.dcm", "no image"),
        ("meta_missing_tsyntax.dcm", "no image"),
    ],
)
def test_what_is_no_image_is_refused_in_words(name: str, words: str) -> None:
    finding = find_volumes([shipped(name)])
    assert not finding.choices
    assert words in finding.refused[0]
    assert name in finding.refused[0]


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "badVR.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"])
def test_pixels_that_cannot_be_decoded_are_said(name: str) -> None:
    (choice,) = find_volumes([shipped(name)]).choices
    with pytest.raises(CannotRead, match=f"{name}.*damaged or cut short"):
        read_volume(choice)


def test_a_syntax_without_a_decoder_is_named(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped("MR_small.dcm"))
    for syntax in (MPEG2MPML, HEVCMP51):
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = pydicom.encaps.encapsulate([bytes(8)])
        dataset["PixelData"].VR = "OB"
        path = tmp_path / "film.dcm"
        with path.open("wb") as handle:
            pydicom.dcmwrite(handle, dataset, implicit_vr=False, little_endian=True)
        (sentence,) = find_volumes([path]).refused
        assert syntax.name in sentence
        assert "not decoded here" in sentence


def test_a_missing_preamble_is_no_obstacle(tmp_path: Path) -> None:
    for name in ("MR_small_implicit.dcm", "MR_small.dcm"):
        bare = tmp_path / name
        bare.write_bytes(shipped(name).read_bytes()[132:])
        np.testing.assert_array_equal(stored(opened(bare)), stored(opened(shipped(name))))


def test_a_directory_lists_its_series() -> None:
    folder = shipped("CT_small.dcm").parent / "dicomdirtests"
    listed = find_volumes([folder / "DICOMDIR"])
    assert not listed.refused
    assert sum(choice.modality == "CR" for choice in listed.choices) == 3
    assert len({choice.patient for choice in listed.choices}) > 1
    (empty,) = find_volumes([folder / "DICOMDIR-empty.dcm"]).refused
    assert "DICOMDIR-empty.dcm" in empty


def test_a_directory_of_files_that_are_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes((shipped("CT_small.dcm").parent / "dicomdirtests" / "DICOMDIR").read_bytes())
    (sentence,) = find_volumes([tmp_path / "DICOMDIR"]).refused
    assert "not there" in sentence
    assert "more" in sentence


def test_high_throughput_jpeg_2000_is_decoded_without_loss() -> None:
    """No encoder is among our packages: the file was made by OpenJPH."""
    image = opened(Path(__file__).parents[3] / "data" / "volumes" / "htj2k" / "lossless.dcm")
    rows, cols = np.mgrid[:48, :64]
    np.testing.assert_array_equal(stored(image)[0], (rows * 87 + cols * 53 + (rows * cols) % 17) % 4096)
