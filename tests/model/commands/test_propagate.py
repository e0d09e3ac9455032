"""`isegformer propagate`: what is filled, what is left alone, and how it ends."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from model.cli import main

pytestmark = pytest.mark.usefixtures("loads")

SLICES = 9
AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])


def moving(slices: int = SLICES) -> NDArray[np.uint8]:
    """A block that moves by two columns a slice, as labels (rows, columns, slices)."""
    labels = np.zeros((60, 80, slices), np.uint8)
    for index in range(slices):
        labels[20:40, 10 + 2 * index : 30 + 2 * index, index] = 2
    return labels


def write(path: Path, values: NDArray[np.generic], affine: NDArray[np.float64] = AFFINE) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)  # type: ignore[no-untyped-call]
    return path


def read(path: Path) -> NDArray[np.int64]:
    return np.asarray(nibabel.load(path).dataobj).astype(np.int64)  # type: ignore[attr-defined]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write(tmp_path / "truth.nii.gz", moving())


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return write(tmp_path / "volume.nii.gz", moving().astype(np.int16) * 400)


def only(tmp_path: Path, *slices: int) -> Path:
    """Labels of some slices."""
    labels = moving()
    labels[..., [index for index in range(SLICES) if index not in slices]] = 0
    return write(tmp_path / "labels.nii.gz", labels)


def test_the_other_slices_are_filled_and_the_key_slice_stays(volume: Path, truth: Path, tmp_path: Path) -> None:
    labels, output = only(tmp_path, 4), tmp_path / "out.nii.gz"
    assert main(["propagate", str(volume), str(labels), "--output", str(output)]) == 0
    found, goal = read(output), read(truth)
    np.testing.assert_array_equal(found[..., 4], goal[..., 4])
    for index in range(SLICES):
        both = (found[..., index] == 2) & (goal[..., index] == 2)
        assert 2 * both.sum() > 0.9 * ((found[..., index] == 2).sum() + (goal[..., index] == 2).sum())
    np.testing.assert_array_equal(nibabel.load(output).affine, AFFINE)  # type: ignore[attr-defined]


def test_other_labels_are_never_overwritten(volume: Path, tmp_path: Path) -> None:
    labels = read(only(tmp_path, 4)).astype(np.uint8)
    labels[25:30, :, 5] = 7
    path, output = write(tmp_path / "two.nii", labels), tmp_path / "out.nii"
    assert main(["propagate", str(volume), str(path), "--object", "2", "--output", str(output)]) == 0
    np.testing.assert_array_equal(read(output) == 7, labels == 7)
    assert (read(output)[..., 5] == 2).any()


def test_only_the_slices_asked_for_are_filled(volume: Path, tmp_path: Path) -> None:
    labels, output = only(tmp_path, 4), tmp_path / "out.nii.gz"
    assert main(["propagate", str(volume), str(labels), "--from", "3", "--to", "6", "--output", str(output)]) == 0
    assert np.flatnonzero(read(output).any(axis=(0, 1))).tolist() == [3, 4, 5, 6]


def test_an_object_named_twice_is_carried_once(
    volume: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["propagate", str(volume), str(only(tmp_path, 4)), "--object", "2", "--object", "2"]
    assert main([*words, "--output", str(tmp_path / "out.nii.gz")]) == 0
    assert capsys.readouterr().out.count("object 2") == 1


def test_where_the_object_ends_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = moving() * 400.0
    values[..., 7:] = 0
    volume, labels = write(tmp_path / "volume.nii.gz", values.astype(np.int16)), only(tmp_path, 4)
    output = tmp_path / "out.nii.gz"
    assert main(["propagate", str(volume), str(labels), "--output", str(output)]) == 0
    assert "object 2: 6 slices filled; stopped at slice 7: " in capsys.readouterr().out
    assert np.flatnonzero(read(output).any(axis=(0, 1))).tolist() == list(range(7))


def test_truth_gives_the_dice_by_distance(
    volume: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, output = only(tmp_path, 4), tmp_path / "out.nii.gz"
    words = ["propagate", str(volume), str(labels), "--output", str(output), "--truth", str(truth), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["objects"] == [
        {"object": 2, "key_slices": [4], "filled": [0, 1, 2, 3, 5, 6, 7, 8], "doubtful": [], "stopped": []}
    ]
    assert [row["distance"] for row in told["dice"]] == [1, 2, 3, 4]
    for row in told["dice"]:
        assert row["slices"] == 2
        assert row["copied"] == pytest.approx(1 - row["distance"] / 10, abs=1e-4)
        assert row["carried"] > 0.9


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--object", "5"], "holds the object 5"),
        (["--from", "8", "--to", "3"], "no slices 8 to 3"),
        (["--from", "6"], "No slice from 6 to 8"),
        (["--output", "labels.png"], "end in .nii.gz"),
        (["--axis", "3"], "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    words: list[str], sentence: str, volume: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, output = only(tmp_path, 4), tmp_path / "out.nii.gz"
    assert main(["propagate", str(volume), str(labels), "--output", str(output), *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not output.exists()


def test_the_truth_is_never_overwritten(
    volume: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = truth.read_bytes()
    words = ["propagate", str(volume), str(only(tmp_path, 4)), "--output", str(truth), "--truth", str(truth)]
    assert main(words) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert truth.read_bytes() == before


def test_volumes_of_other_sizes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, labels = write(tmp_path / "small.nii", np.ones((30, 80, SLICES), np.int16)), only(tmp_path, 4)
    assert main(["propagate", str(volume), str(labels), "--output", str(tmp_path / "out.nii")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


MIRRORED = np.array([[-1.0, 0, 0, 59], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]])
"""The same voxels, and the other side of the patient."""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ((moving(), MIRRORED), "lies up to 59.00 mm beside its image"),
        ((moving() * np.float32(0.35), AFFINE), "no whole numbers"),
        ((np.full(moving().shape, 1e9, np.float32), AFFINE), "no whole numbers"),
        ((np.stack([moving(), moving()], axis=-1), AFFINE), "holds 2 volumes"),
        ((np.zeros(moving().shape, [("R", "u1"), ("G", "u1"), ("B", "u1")]), AFFINE), "colours"),
        ((moving().astype(np.complex64), AFFINE), "complex numbers"),
    ],
    ids=["elsewhere", "fractions", "huge", "time points", "colours", "complex"],
)
def test_what_is_no_label_volume_of_the_image_is_refused(
    wrong: tuple[NDArray[np.generic], NDArray[np.float64]],
    sentence: str,
    volume: Path,
    truth: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, output = write(tmp_path / "wrong.nii.gz", *wrong), tmp_path / "out.nii.gz"
    for words in ([str(path)], [str(truth), "--truth", str(path)]):
        assert main(["propagate", str(volume), *words, "--output", str(output)]) == 2
        assert sentence in capsys.readouterr().err
        assert not output.exists()


def test_numbers_below_zero_are_kept_as_they_are(volume: Path, tmp_path: Path) -> None:
    labels = moving().astype(np.int16)
    labels[..., 5:] = 0
    labels[0, 0, :] = -1
    path, output = write(tmp_path / "below.nii", labels), tmp_path / "out.nii"
    assert main(["propagate", str(volume), str(path), "--output", str(output)]) == 0
    np.testing.assert_array_equal(read(output) == -1, labels == -1)
