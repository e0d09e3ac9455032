"""Series that are odd on purpose: sorted by place, told apart, said in a sentence, and never silently stacked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from isegformer_app.files.errors import TooLarge
from isegformer_app.files.volumes import (
    Finding,
    FirstSlice,
    VolumeChoice,
    find_again,
    find_volumes,
    memory,
    read_thumbnail_of,
    read_volume,
)

from .made import Affine, affines
from .series import head, write_series

RNG = np.random.default_rng(11)
VALUES = RNG.integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
AXIAL = np.array([[0, 0, -1.0, 30], [0, -1.0, 0, 40], [2.5, 0, 0, -50], [0, 0, 0, 1]])


def only(finding: Finding) -> VolumeChoice:
    assert not finding.refused
    (choice,) = finding.choices
    return choice


def moved(place: int, by: tuple[float, float, float]) -> list[float]:
    """Where slice `place` of an axial series lies (LPS), moved by (x, y, z) millimetres."""
    x, y, z = (AXIAL @ [place, 0, 0, 1])[:3]
    return [-x + by[0], -y + by[1], z + by[2]]


def joined(notes: tuple[str, ...]) -> str:
    return " ".join(notes)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affine=affines(may_shear=False))
def test_slices_are_sorted_by_place_whatever_the_direction(
    tmp_path_factory: pytest.TempPathFactory, affine: Affine
) -> None:
    folder = write_series(tmp_path_factory.mktemp("series"), VALUES, affine)
    image = read_volume(only(find_volumes([folder])))
    volume = image.volume
    stored = image.grid.order.to_stored(volume.array)
    is_turned = np.array_equal(stored, VALUES[::-1])
    assert is_turned or np.array_equal(stored, VALUES)
    assert sorted(volume.spacing) == pytest.approx(sorted(np.linalg.norm(affine[:3, :3], axis=0)), abs=1e-4)
    for index in [(0, 0, 0), (4, 5, 6), (2, 3, 1)]:
        position = (affine @ [*index, 1])[:3]
        voxel = volume.to_voxel(position)
        np.testing.assert_allclose(voxel, np.round(voxel), atol=0.01)
        assert volume.array[tuple(np.round(voxel).astype(int))] == VALUES[index]


def test_the_middle_slice_comes_first(tmp_path: Path) -> None:
    choice = only(find_volumes([write_series(tmp_path, VALUES, AXIAL)]))
    events: list[FirstSlice | int] = []
    image = read_volume(choice, lambda done, total, name: events.append(done), events.append)
    first = events[0]
    assert isinstance(first, FirstSlice)
    assert (first.key.axis, first.key.index) == (image.native_axis, 2)
    np.testing.assert_array_equal(first.pixels, image.volume.plane(first.key))
    assert events[1:] == [0, 1, 2, 3]


def test_what_a_chooser_shows(tmp_path: Path) -> None:
    choice = only(find_volumes([write_series(tmp_path, VALUES, AXIAL)]))
    assert (choice.patient, choice.study, choice.series) == ("Doe Jane, 42", "2024-01-01", "3 made up")
    assert (choice.shape, choice.files, choice.modality, choice.memory) == ((5, 6, 7), 5, "CT", 420)
    assert choice.notes == ()
    picture = read_thumbnail_of(choice, 32)
    assert picture is not None
    assert max(picture.shape[:2]) == 32
    image = read_volume(choice)
    assert (image.unit, image.volume.array.dtype) == ("HU", np.dtype(np.int16))


@pytest.mark.parametrize("place", [None, 2, 4])
def test_rescaled_16_bits_stay_16_bits_unless_a_value_needs_more(tmp_path: Path, place: int | None) -> None:
    values = VALUES.copy()
    if place is not None:
        values[place, 1, 2] = -32768
    choice = only(find_volumes([write_series(tmp_path, values, AXIAL, RescaleIntercept=-1024)]))
    assert choice.memory == 420
    image = read_volume(choice)
    assert image.volume.array.dtype == (np.int16 if place is None else np.int32)
    np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), values.astype(int) - 1024)


def test_a_gantry_tilt_is_kept_and_said(tmp_path: Path) -> None:
    tilted = AXIAL.copy()
    tilted[:3, 0] = [0, 0.8, 2.4]
    choice = only(find_volumes([write_series(tmp_path, VALUES, tilted)]))
    assert "18.4 degrees (gantry tilt)" in joined(choice.notes)
    volume = read_volume(choice).volume
    assert volume.affine is not None
    np.testing.assert_allclose(volume.to_patient(np.array([0, 0, 0])), (tilted @ [4, 0, 0, 1])[:3], atol=0.01)


def test_a_missing_slice_is_said_and_the_even_parts_are_offered(tmp_path: Path) -> None:
    folder = write_series(tmp_path, np.concatenate([VALUES, VALUES]), AXIAL)
    (folder / f"{(4 * 13) % 97:03d}-004.dcm").unlink()
    finding = find_volumes([folder])
    assert [choice.source.part for choice in finding.choices] == ["slices 1 to 4", "slices 5 to 9", ""]
    whole = finding.choices[-1]
    assert "1 slice is missing, the first after slice 4" in joined(whole.notes)
    assert not read_volume(whole).grid.is_even
    for choice in finding.choices[:2]:
        image = read_volume(choice)
        assert image.grid.is_even
        assert image.volume.spacing[image.native_axis] == pytest.approx(2.5)


def test_uneven_distances_are_said(tmp_path: Path) -> None:
    places = [moved(place, (0, 0, 0.9 * (place == 2))) for place in range(5)]
    finding = find_volumes([write_series(tmp_path, VALUES, AXIAL, ImagePositionPatient=places)])
    assert "varies from 1.60 to 3.40 mm" in joined(finding.choices[-1].notes)


def test_echoes_are_opened_apart(tmp_path: Path) -> None:
    for number, echo in enumerate((2.5, 10.0)):
        write_series(tmp_path / str(number), VALUES + number, AXIAL, EchoTime=echo, SeriesInstanceUID="1.2.3")
    finding = find_volumes([tmp_path])
    assert [choice.source.part for choice in finding.choices] == ["echo time 2.5", "echo time 10.0"]
    for number, choice in enumerate(finding.choices):
        assert "2 images at each place that differ by echo time" in joined(choice.notes)
        image = read_volume(choice)
        np.testing.assert_array_equal(image.grid.order.to_stored(image.volume.array), VALUES + number)
        assert read_volume(find_again(image.source)).source == image.source


def test_time_points_are_opened_apart_by_what_numbers_them(tmp_path: Path) -> None:
    for number in range(3):
        write_series(
            tmp_path / str(number),
            VALUES + number,
            AXIAL,
            TemporalPositionIdentifier=number + 1,
            SeriesInstanceUID="1.2.3",
            AcquisitionTime=[f"10{number:02d}{place:02d}" for place in range(5)],
        )
    parts = [choice.source.part for choice in find_volumes([tmp_path]).choices]
    assert parts == ["time point 1", "time point 2", "time point 3"]


def test_slices_at_one_place_that_nothing_tells_apart(tmp_path: Path) -> None:
    for number in range(2):
        write_series(tmp_path / str(number), VALUES + number, AXIAL, SeriesInstanceUID="1.2.3")
    finding = find_volumes([tmp_path])
    assert [choice.source.part for choice in finding.choices] == ["1 of 2 at each place", "2 of 2 at each place"]
    assert "At 5 places lie several slices" in joined(finding.choices[0].notes)


def test_copies_of_one_image_are_taken_once(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "a", VALUES, AXIAL)
    (tmp_path / "b").mkdir()
    for path in folder.iterdir():
        (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    choice = only(find_volumes([tmp_path]))
    assert choice.shape == (5, 6, 7)
    assert "5 images are there more than once" in joined(choice.notes)


def test_directions_and_sizes_are_opened_apart(tmp_path: Path) -> None:
    sagittal = np.array([[-2.5, 0, 0, 30], [0, 0, -1.0, 40], [0, -1.0, 0, -50], [0, 0, 0, 1]])
    write_series(tmp_path / "a", VALUES, AXIAL, SeriesInstanceUID="1.2.3")
    write_series(tmp_path / "b", VALUES, sagittal, SeriesInstanceUID="1.2.3")
    write_series(tmp_path / "c", VALUES[:, :4], AXIAL, SeriesInstanceUID="1.2.3")
    finding = find_volumes([tmp_path])
    assert sorted(choice.shape for choice in finding.choices) == [(5, 4, 7), (5, 6, 7), (6, 7, 5)]
    assert all("opened apart" in joined(choice.notes) for choice in finding.choices)


def test_a_series_without_numbers_of_its_own(tmp_path: Path) -> None:
    write_series(tmp_path / "a", VALUES, AXIAL, SeriesInstanceUID="", SOPInstanceUID="", StudyInstanceUID="")
    choice = only(find_volumes([tmp_path]))
    assert choice.shape == (5, 6, 7)
    assert "no number of its own" in joined(choice.notes)
    assert read_volume(find_again(read_volume(choice).source)).volume.shape == (5, 6, 7)


def test_pictures_without_a_place_are_not_stacked(tmp_path: Path) -> None:
    for number in range(3):
        dataset = head()
        dataset.SeriesInstanceUID, dataset.InstanceNumber = "1.2.3", number
        dataset.Rows, dataset.Columns, dataset.PixelData = 4, 5, bytes(40)
        dataset["PixelData"].VR = "OW"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    finding = find_volumes([tmp_path])
    assert [choice.shape for choice in finding.choices] == [(1, 4, 5)] * 3
    assert "does not say where" in joined(finding.choices[0].notes)
    assert "lengths are in pixels" in joined(finding.choices[0].notes)


def test_rescaling_chooses_a_type_that_holds_every_value(tmp_path: Path) -> None:
    for slope, intercept, dtype in ((1, 0, np.int16), (1, -1024, np.int16), (99, 7, np.int32), (0.5, 3, np.float32)):
        folder = tmp_path / f"{slope}-{intercept}"
        write_series(folder, VALUES, AXIAL, RescaleSlope=slope, RescaleIntercept=intercept)
        image = read_volume(only(find_volumes([folder])))
        assert image.volume.array.dtype == dtype
        stored = image.grid.order.to_stored(image.volume.array)
        np.testing.assert_allclose(stored, VALUES.astype(float) * slope + intercept, rtol=1e-6)


def test_windows_of_the_file_come_first(tmp_path: Path) -> None:
    write_series(
        tmp_path,
        VALUES,
        AXIAL,
        WindowCenter="40\\-600\\1",
        WindowWidth="400\\1600\\2",
        WindowCenterWidthExplanation="SOFT\\LUNG\\MASK",
    )
    windows = read_volume(only(find_volumes([tmp_path]))).windows
    assert [each.name for each in windows] == ["SOFT", "LUNG", "MASK", "automatic"]
    # As wide ones are named, and as DICOM draws narrow ones: 0 black, 1 white.
    assert [(each.low, each.high) for each in windows[:3]] == [(-160, 240), (-1400, 200), (0, 1)]


def test_a_series_too_large_for_memory_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = only(find_volumes([write_series(tmp_path, VALUES, AXIAL)]))
    monkeypatch.setattr(memory, "LARGE_MEMORY", 419)
    with pytest.raises(TooLarge, match="7 x 6 x 5 voxels"):
        read_volume(choice)
    assert read_volume(choice, allow_large=True).volume.shape == (5, 6, 7)
