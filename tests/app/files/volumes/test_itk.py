"""NRRD and MetaImage, written by other libraries."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import AxisOrder
from isegformer_app.files.errors import FileProblem
from isegformer_app.files.slicer_layers import read_layered
from isegformer_app.files.volumes import find_volumes, itk, nrrd_pieces, read_volume

from .labelled import opened

sitk: Any = SimpleITK
VALUES = np.random.default_rng(2).integers(-500, 500, (4, 5, 6)).astype(np.int16)  # (k, j, i)
TURN = (0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1)


def written(path: Path, values: Any = VALUES, *, is_vector: bool = False) -> Path:
    image = sitk.GetImageFromArray(values, isVector=is_vector)
    image.SetSpacing((0.5, 0.7, 2))
    image.SetOrigin((10, -20, 30))
    image.SetDirection(TURN)
    sitk.WriteImage(image, str(path), useCompression=path.suffix in {".nrrd", ".mha"})
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr", "a.mha", "a.mhd"])
def test_values_and_places_are_those_of_itk(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    image = opened(path)
    np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), VALUES.transpose(2, 1, 0))
    expected = sitk.ReadImage(str(path))
    for index in ((0, 0, 0), (5, 4, 3), (1, 2, 3)):
        position = np.array(expected.TransformIndexToPhysicalPoint(index)) * (-1, -1, 1)
        voxel = image.volume.to_voxel(position)
        np.testing.assert_allclose(voxel, np.round(voxel), atol=1e-3)
        assert image.volume.array[tuple(np.round(voxel).astype(int))] == VALUES[index[::-1]]


def test_values_stay_when_the_library_has_let_go_of_them(tmp_path: Path) -> None:
    large = np.random.default_rng(1).integers(0, 1000, (40, 80, 80)).astype(np.int16)
    image = opened(written(tmp_path / "a.nrrd", large))
    others = [sitk.GetImageFromArray(np.full((40, 80, 80), 7, np.int16)) for _ in range(8)]
    assert len(others) == 8
    np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), large.transpose(2, 1, 0))


def test_colours_and_pictures(tmp_path: Path) -> None:
    colours = np.random.default_rng(2).integers(0, 255, (4, 5, 6, 3)).astype(np.uint8)
    image = opened(written(tmp_path / "c.mha", colours, is_vector=True))
    np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), colours.transpose(2, 1, 0, 3))
    flat = sitk.GetImageFromArray(VALUES[0])
    sitk.WriteImage(flat, str(tmp_path / "flat.nrrd"))
    assert sorted(opened(tmp_path / "flat.nrrd").volume.shape) == [1, 5, 6]


def test_time_points(tmp_path: Path) -> None:
    times = np.stack([VALUES, VALUES + 1])
    sitk.WriteImage(sitk.GetImageFromArray(times, isVector=False), str(tmp_path / "t.nrrd"))
    image = opened(tmp_path / "t.nrrd")
    assert len(image.volumes) == 2
    np.testing.assert_array_equal(image.volumes[1].array, image.volume.array + 1)


def test_what_is_no_image_or_damaged_is_said(tmp_path: Path) -> None:
    vectors = np.zeros((4, 5, 6, 3), np.float32)
    (sentence,) = find_volumes([written(tmp_path / "v.mha", vectors, is_vector=True)]).refused
    assert "field of vectors" in sentence
    nrrd.write(str(tmp_path / "plain.nrrd"), VALUES)
    assert any("does not say which way" in note for note in opened(tmp_path / "plain.nrrd").notes)
    (tmp_path / "bad.nrrd").write_text("NRRD0004\nnothing\n")
    (sentence,) = find_volumes([tmp_path / "bad.nrrd"]).refused
    assert "bad.nrrd" in sentence
    cut = written(tmp_path / "cut.nrrd")
    cut.write_bytes(cut.read_bytes()[:-60])
    choices = find_volumes([cut]).choices
    with pytest.raises(Exception, match=r"cut\.nrrd"):
        read_volume(choices[0])


def test_reading_is_left_at_once_when_it_is_not_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (choice,) = find_volumes([written(tmp_path / "a.mha")]).choices
    gate, read = threading.Event(), itk._sitk().ReadImage

    class Slow:
        ImageFileReader = sitk.ImageFileReader

        @staticmethod
        def ReadImage(*args: Any, **options: Any) -> Any:  # noqa: N802 - the name that SimpleITK gives it
            assert gate.wait(60)
            return read(*args, **options)

    monkeypatch.setattr(itk, "_sitk", Slow)
    asked: list[str] = []

    def watch(done: int, total: int, name: str) -> None:
        asked.append(name)
        if len(asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_volume(choice, watch)
    assert asked == ["a.mha"] * 3
    gate.set()


def written_by_nrrd(path: Path, values: Any, **header: Any) -> Path:
    places = {"space": "left-posterior-superior", "space directions": np.diag((0.5, 0.7, 2.0)).tolist()}
    nrrd.write(str(path), values, {**places, "space origin": [10, -20, 30], **header})
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "u1", ">f4", "<f8", "<u4"])
def test_values_in_pieces_are_those_of_itk(
    tmp_path: Path, name: str, encoding: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nrrd_pieces, "_PIECE", 64)
    values = np.random.default_rng(3).integers(0, 200, (6, 5, 4)).astype(dtype)
    path = written_by_nrrd(tmp_path / name, values, encoding=encoding)
    image = opened(path)
    stored = image.grid.order.to_stored(image.volume.array)
    assert stored.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(stored, values)
    if encoding != "bzip2":  # SimpleITK cannot read it
        np.testing.assert_array_equal(stored, sitk.GetArrayFromImage(sitk.ReadImage(str(path))).transpose(2, 1, 0))


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_a_reading_that_is_not_wanted_ends_within_a_piece(
    tmp_path: Path, name: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nrrd_pieces, "_PIECE", 64)
    (choice,) = find_volumes([written_by_nrrd(tmp_path / name, VALUES.T, encoding=encoding)]).choices
    threads = set(threading.enumerate())
    seen: list[tuple[int, int, str]] = []

    def watch(done: int, total: int, name: str) -> None:
        seen.append((done, total, name))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_volume(choice, watch)
    assert seen == [(0, 120, name), (32, 120, name), (64, 120, name)]
    assert set(threading.enumerate()) <= threads


def test_packed_voxels_are_checked_and_what_follows_them_is_left_alone(tmp_path: Path) -> None:
    path = written_by_nrrd(tmp_path / "a.nrrd", VALUES.T, encoding="gzip")
    data = path.read_bytes()
    path.write_bytes(data + b"more")
    np.testing.assert_array_equal(opened(path).grid.order.to_stored(opened(path).volume.array), VALUES.T)
    path.write_bytes(data[:-6] + b"\0\1" + data[-4:])
    with pytest.raises(FileProblem, match="is damaged: it cannot be unpacked"):
        opened(path)


@given(st.integers(0, 10_000), st.integers(1, 255), st.sampled_from(["raw", "gzip"]), st.booleans())
def test_damage_is_a_sentence_or_changes_values_only(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int, encoding: str, is_cut: bool
) -> None:
    path = written_by_nrrd(tmp_path_factory.mktemp("damage") / "d.nrrd", VALUES.T, encoding=encoding)
    data = bytearray(path.read_bytes())
    head = data.index(b"\n\n") + 2
    place = head + place % (len(data) - head)
    data[place] ^= change
    path.write_bytes(data[:place] if is_cut else data)
    for choice in find_volumes([path]).choices:
        with pytest.raises(FileProblem, match=r"d\.nrrd") if is_cut else suppress(FileProblem):
            assert read_volume(choice).volume.array.size == VALUES.size


@pytest.mark.parametrize(
    ("dtype", "encoding"), [("u1", "gzip"), ("u1", "raw"), ("u2", "gzip"), ("i4", "gzip"), ("u1", "ascii")]
)
def test_a_segmentation_in_layers_is_read_in_pieces_too(
    tmp_path: Path, dtype: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nrrd_pieces, "_PIECE", 64)
    values = np.random.default_rng(5).integers(0, 2, (2, 6, 5, 4)).astype(dtype)
    directions = [[np.nan] * 3, *np.diag((0.5, 0.7, 2.0)).tolist()]
    segments = {
        f"Segment{place}_{key}": str(value)
        for place in (0, 1)
        for key, value in (("LabelValue", 1), ("Layer", place), ("Name", f"layer {place}"))
    }
    path = written_by_nrrd(
        tmp_path / "a.seg.nrrd",
        values,
        encoding=encoding,
        kinds=["list", "domain", "domain", "domain"],
        **{"space directions": directions},
        **segments,
    )
    seen: list[int] = []
    layered = read_layered(path, lambda done, total, name: seen.append(done))
    assert [look.name for look, _ in layered.segments] == ["layer 0", "layer 1"]
    order = AxisOrder.of(np.diag([-0.5, -0.7, 2.0, 1.0]))
    for place, (_, mask) in enumerate(layered.segments):
        np.testing.assert_array_equal(mask, order.to_volume(values[place] == 1))
    assert (len(seen) > 3) == (dtype != "i4" and encoding != "ascii")

    def leave(done: int, total: int, name: str) -> None:
        raise KeyboardInterrupt

    if seen:
        with pytest.raises(KeyboardInterrupt):
            read_layered(path, leave)
