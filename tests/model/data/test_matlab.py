"""MATLAB files of SBD: the same numbers as scipy reads, and no crash at damaged ones."""

import random
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from model.data.matlab import first_field
from model.errors import DatasetError

LABELS = np.arange(42).reshape(6, 7)


def stored(labels: np.ndarray, *, is_packed: bool = False) -> bytes:
    file = BytesIO()
    categories = np.array([[3], [4]], np.uint8)
    content = {"GTinst": {"Segmentation": labels, "Boundaries": categories > 3, "Categories": categories}}
    savemat(file, {"a": 3, **content}, do_compression=is_packed)
    return file.getvalue()


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "f4", "f8"])
def test_the_numbers_are_those_that_scipy_reads(kind: str, is_packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(stored(LABELS.astype(kind), is_packed=is_packed))
    found = first_field(path, "GTinst")
    assert np.array_equal(found, LABELS)
    assert np.array_equal(found, loadmat(path)["GTinst"][0][0][0])


def test_a_small_picture_lies_in_its_tag(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(stored(np.array([[1, 2]], np.uint8)))
    assert first_field(path, "GTinst").tolist() == [[1, 2]]


def test_damaged_files_end_in_a_sentence_or_in_numbers(tmp_path: Path) -> None:
    """scipy's reader ended the process at some of these."""
    path, dice = tmp_path / "a.mat", random.Random(5)
    whole = stored(LABELS.astype(np.uint8))
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data[: dice.choice([len(data), dice.randrange(len(data))])])
        with suppress(DatasetError):
            first_field(path, "GTinst")


def test_a_file_does_not_unpack_to_more_than_it_may(tmp_path: Path) -> None:
    bomb = zlib.compressobj(1)
    packed = b"".join(bomb.compress(bytes(2**24)) for _ in range(20)) + bomb.flush()
    whole = stored(LABELS)
    (tmp_path / "a.mat").write_bytes(whole[:128] + np.array([15, len(packed)], "<u4").tobytes() + packed)
    with pytest.raises(DatasetError, match="GTinst"):
        first_field(tmp_path / "a.mat", "GTinst")
