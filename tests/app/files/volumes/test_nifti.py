"""NIfTI files of every kind: read as nibabel reads them, or refused in a sentence."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isegformer_app.document import SliceKey
from isegformer_app.files.errors import CannotRead, TooLarge
from isegformer_app.files.volumes import FirstSlice, VolumeImage, find_again, find_volumes, memory, read_volume

from .made import OBLIQUE, Affine, affines, nib, write_nifti

RNG = np.random.default_rng(7)


def opened(path: Path) -> VolumeImage:
    finding = find_volumes([path])
    assert not finding.refused
    (choice,) = finding.choices
    return read_volume(choice)


def refusal(path: Path) -> str:
    finding = find_volumes([path])
    assert not finding.choices
    (sentence,) = finding.refused
    assert path.name in sentence
    assert sentence.endswith(".")
    return sentence


def assert_same(image: VolumeImage, path: Path) -> None:
    """Every voxel has the value and the place that nibabel gives it."""
    expected = nib.load(path)
    values = np.asarray(expected.dataobj)
    values = values[..., None] if values.ndim == 3 else values
    assert len(image.volumes) == values.shape[3]
    for time, volume in enumerate(image.volumes):
        np.testing.assert_allclose(image.grid.order.to_stored(volume.array), values[..., time], rtol=1e-6)
    index = np.argwhere(np.ones(image.volume.shape, dtype=bool))[::7].astype(np.float64)
    matrix = image.grid.order.index_affine(image.grid.shape)
    stored = index @ matrix[:3, :3].T + matrix[:3, 3]
    np.testing.assert_allclose(
        image.volume.to_patient(index), stored @ expected.affine[:3, :3].T + expected.affine[:3, 3], atol=0.01
    )


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "u2", "i4", "u4", "f4", ">f8"])
def test_values_and_places_are_those_of_nibabel(tmp_path: Path, name: str, dtype: str) -> None:
    values = RNG.integers(0, 100, (4, 5, 6, 2)).astype(dtype)
    assert_same(opened(write_nifti(tmp_path / name, values, OBLIQUE)), tmp_path / name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affine=affines(), is_packed=st.booleans())
def test_any_affine_is_kept(tmp_path: Path, affine: Affine, is_packed: bool) -> None:
    path = write_nifti(tmp_path / ("a.nii.gz" if is_packed else "a.nii"), RNG.random((3, 4, 5)), affine)
    image = opened(path)
    assert_same(image, path)
    assert {image.volume.letters(axis)[0] for axis in range(3)} == {"S", "A", "R"}


@pytest.mark.parametrize("version", [nib.Nifti1Pair, nib.Nifti2Pair, nib.Nifti2Image])
def test_pairs_and_the_second_version(tmp_path: Path, version: type) -> None:
    values = RNG.integers(-50, 50, (4, 5, 6)).astype(np.int16)
    path = tmp_path / ("a.nii" if version is nib.Nifti2Image else "a.hdr")
    nib.save(version(values, OBLIQUE), path)
    assert_same(opened(path), path)
    if path.suffix == ".hdr":
        path.with_suffix(".img").unlink()
        assert "half of a pair" in refusal(path)


def test_two_dimensions_and_scaling(tmp_path: Path) -> None:
    flat = opened(write_nifti(tmp_path / "flat.nii", RNG.random((7, 8)), OBLIQUE))
    assert sorted(flat.volume.shape) == [1, 7, 8]
    stored = RNG.integers(0, 4000, (4, 5, 6)).astype(np.int16)
    whole = write_nifti(tmp_path / "whole.nii", stored, OBLIQUE)
    raw = bytearray(whole.read_bytes())
    raw[112:120] = np.array([1, -1024], "<f4").tobytes()
    whole.write_bytes(raw)
    image = opened(whole)
    assert image.volume.array.dtype.kind == "i"
    np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), stored.astype(int) - 1024)
    raw[112:120] = np.array([0.25, 3.5], "<f4").tobytes()
    whole.write_bytes(raw)
    assert_same(opened(whole), whole)


@pytest.mark.parametrize(("fields", "bands"), [(["R", "G", "B"], 3), (["R", "G", "B", "A"], 4)])
def test_colour(tmp_path: Path, fields: list[str], bands: int) -> None:
    colours = RNG.integers(0, 255, (4, 5, 6, bands)).astype(np.uint8)
    packed = np.ascontiguousarray(colours).view([(field, "u1") for field in fields])[..., 0]
    for name in ("c.nii", "c.nii.gz"):
        image = opened(write_nifti(tmp_path / name, packed, OBLIQUE))
        np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), colours[..., :3])
        assert any("transparency" in note for note in image.notes) == (bands == 4)


def test_an_uncompressed_file_is_mapped_and_takes_no_memory(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((30, 30, 30), np.int16))
    (choice,) = find_volumes([path]).choices
    assert choice.memory == 0
    base = read_volume(choice).volume.array
    while not isinstance(base, np.memmap):
        assert isinstance(base.base, np.ndarray)
        base = base.base
    (packed,) = find_volumes([write_nifti(tmp_path / "a.nii.gz", np.zeros((30, 30, 30), np.int16))]).choices
    assert packed.memory == 54_000


def test_what_takes_much_memory_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (choice,) = find_volumes([write_nifti(tmp_path / "a.nii.gz", np.zeros((30, 30, 30), np.int16))]).choices
    monkeypatch.setattr(memory, "LARGE_MEMORY", 53_999)
    with pytest.raises(TooLarge, match=r"a\.nii\.gz.*30 x 30 x 30 voxels"):
        read_volume(choice)
    assert read_volume(choice, allow_large=True).volume.shape == (30, 30, 30)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_first_slice_is_shown_before_the_rest(tmp_path: Path, name: str) -> None:
    (choice,) = find_volumes([write_nifti(tmp_path / name, RNG.random((4, 5, 9)).astype("f4"), np.eye(4))]).choices
    events: list[FirstSlice | int] = []
    image = read_volume(choice, lambda done, total, name: events.append(done), events.append)
    (place,) = [at for at, each in enumerate(events) if isinstance(each, FirstSlice)]
    assert place < len(events) - 1 or name == "a.nii"
    first = events[place]
    assert isinstance(first, FirstSlice)
    assert first.key == SliceKey(0, 4)
    np.testing.assert_array_equal(first.pixels, image.volume.plane(first.key))


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    def stop(done: int, total: int, name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    (choice,) = find_volumes([write_nifti(tmp_path / "a.nii.gz", RNG.random((4, 5, 9)))]).choices
    with pytest.raises(KeyboardInterrupt):
        read_volume(choice, stop)


def test_positions_that_disagree_are_said(tmp_path: Path) -> None:
    image = nib.Nifti1Image(RNG.random((4, 5, 6)), np.diag([1.0, 1, 1, 1]))
    image.header.set_sform(np.diag([1.0, 1, 1, 1]), code=1)
    image.header.set_qform(np.diag([1.0, 1, 1.5, 1]), code=1)
    nib.save(image, tmp_path / "a.nii")
    assert "up to 2.50 mm apart" in " ".join(opened(tmp_path / "a.nii").notes)
    image.header["sform_code"] = 0
    image.header["qform_code"] = 0
    image.header["magic"] = b"n+1"
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[252:256] = bytes(4)
    (tmp_path / "b.nii").write_bytes(raw)
    lost = opened(tmp_path / "b.nii")
    assert lost.volume.affine is None
    assert "does not say where" in " ".join(lost.notes)


def test_what_is_no_image_is_refused_in_words(tmp_path: Path) -> None:
    assert "complex" in refusal(write_nifti(tmp_path / "c.nii", np.zeros((2, 3, 4), np.complex64)))
    assert "vectors" in refusal(write_nifti(tmp_path / "v.nii", np.zeros((2, 3, 4, 1, 3), np.float32)))
    axes = [
        nib.cifti2.ScalarAxis(["a"]),
        nib.cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 2), bool), affine=np.eye(4)),
    ]
    nib.save(nib.Cifti2Image(np.zeros((1, 8), np.float32), axes), tmp_path / "x.dscalar.nii")
    assert "CIFTI" in refusal(tmp_path / "x.dscalar.nii")
    nib.save(nib.AnalyzeImage(np.zeros((2, 3, 4), np.int16), np.eye(4)), tmp_path / "old.hdr")
    assert "Analyze" in refusal(tmp_path / "old.hdr")
    (tmp_path / "text.nii").write_text("no image at all")
    assert "no NIfTI file" in refusal(tmp_path / "text.nii")
    (tmp_path / "empty.nii.gz").write_bytes(b"")
    assert "no NIfTI file" in refusal(tmp_path / "empty.nii.gz")


def test_files_that_are_cut_short_say_how_much_is_there(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16))
    path.write_bytes(path.read_bytes()[:-40])
    assert "200 of 240 bytes" in refusal(path)
    packed = tmp_path / "b.nii.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    (choice,) = find_volumes([packed]).choices
    with pytest.raises(CannotRead, match="5 of its 6 slices"):
        read_volume(choice)
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(CannotRead, match=r"b\.nii\.gz.*(damaged|cut short)"):
        read_volume(choice)


def test_a_volume_is_found_again_and_changes_are_seen(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16))
    source = opened(path).source
    assert read_volume(find_again(source)).source == source
    write_nifti(path, np.ones((4, 5, 6), np.int16))
    assert read_volume(find_again(source)).source.content_hash != source.content_hash
    path.unlink()
    with pytest.raises(CannotRead, match="not there"):
        find_again(source)
