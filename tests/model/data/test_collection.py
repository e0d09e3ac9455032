"""A collection of sets with a manifest, and what its label maps mean."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.data.collection import read_collection
from model.data.objects import connected_parts
from model.errors import DatasetError

CORNERS = np.zeros((6, 8), np.int32)
CORNERS[0:2, 0:2] = CORNERS[2:4, 2:4] = 7
CORNERS[4:6, 6:8] = 9


def collection(root: Path, kind: str) -> Path:
    for folder in ("images", "masks"):
        (root / "cells" / folder).mkdir(parents=True)
    cv2.imwrite(str(root / "cells" / "images" / "a.png"), np.zeros((6, 8, 3), np.uint8))
    cv2.imwrite(str(root / "cells" / "masks" / "a.png"), CORNERS.astype(np.uint8))
    (root / "cells" / "set.json").write_text(json.dumps({"kind": kind}))
    (root / "manifest.csv").write_text("set,stem,split\ncells,a,train\n")
    return root / "manifest.csv"


def test_pixels_that_meet_at_a_corner_are_one_part_or_two() -> None:
    apart, together = connected_parts(CORNERS), connected_parts(CORNERS, neighbours=8)
    assert [int((apart == number).sum()) for number in (1, 2, 3)] == [4, 4, 4]
    assert [int((together == number).sum()) for number in (1, 2, 3)] == [8, 4, 0]


@pytest.mark.parametrize(
    ("kind", "areas"), [("binary", {1: 12}), ("instances", {7: 8, 9: 4}), ("semantic", {1: 8, 2: 4})]
)
def test_the_kind_of_a_set_says_what_its_numbers_mean(tmp_path: Path, kind: str, areas: dict[int, int]) -> None:
    (image,) = read_collection(tmp_path, collection(tmp_path, kind), "train")
    assert image.read()[1].areas() == areas


def test_sets_without_use_are_said(tmp_path: Path) -> None:
    manifest = collection(tmp_path, "coloured")
    with pytest.raises(DatasetError, match="unknown kind 'coloured'"):
        read_collection(tmp_path, manifest, "train")
    with pytest.raises(DatasetError, match="no image of the split"):
        read_collection(tmp_path, manifest, "train", without=("cells",))


@pytest.mark.parametrize("content", ["[]", "3", "[" * 100_000])
def test_a_set_without_a_kind_is_said(content: str, tmp_path: Path) -> None:
    manifest = collection(tmp_path, "binary")
    (tmp_path / "cells" / "set.json").write_text(content)
    with pytest.raises(DatasetError, match=r"no readable set\.json"):
        read_collection(tmp_path, manifest, "train")


def test_a_name_that_no_file_could_have_is_not_there(tmp_path: Path) -> None:
    manifest = collection(tmp_path, "binary")
    manifest.write_text(f"set,stem,split\ncells,{'x' * 5000},train\n")
    with pytest.raises(DatasetError, match="has no image"):
        read_collection(tmp_path, manifest, "train")
