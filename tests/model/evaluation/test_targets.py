"""Which objects are clicked: all that were asked for, evenly spread, the same each time."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data.annotated import Annotated, Objects
from model.data.collection import read_collection
from model.data.objects import objects_of
from model.errors import DatasetError
from model.evaluation.layouts.own import open_collection, open_folder
from model.evaluation.targets import Selection, Target, find_targets, spread, thin_out
from tests.model.conftest import Dataset


def nothing() -> Objects:
    return Objects.of(np.zeros((1, 1), np.int32))


def targets(counts: list[int]) -> list[list[Target]]:
    entries = [Annotated("s", str(index), nothing, nothing) for index in range(len(counts))]  # type: ignore[arg-type]
    return [[Target(entry, n, 1) for n in range(count)] for entry, count in zip(entries, counts, strict=True)]


@given(length=st.integers(0, 60), count=st.integers(1, 60))
def test_a_spread_is_even(length: int, count: int) -> None:
    chosen = spread(range(length), count)
    assert len(chosen) == min(length, count)
    gaps = np.diff([-1, *chosen, length])
    assert not len(chosen) or gaps[1:-1].max(initial=0) - gaps[1:-1].min(initial=length) <= 1


@given(counts=st.lists(st.integers(0, 6), max_size=20), limit=st.integers(1, 60))
def test_thinning_takes_from_every_image_before_it_takes_twice(counts: list[int], limit: int) -> None:
    kept = [len(chosen) for chosen in thin_out(targets(counts), limit)]
    assert sum(kept) == min(limit, sum(counts))
    fullest = max(kept, default=0)
    assert all(count >= min(have, fullest - 1) for count, have in zip(kept, counts, strict=True))


def test_thinning_without_a_limit_keeps_all() -> None:
    every = targets([2, 0, 3])
    assert thin_out(every, None) == every


def test_objects_of_an_image_are_spread_over_their_sizes(tmp_path: Path) -> None:
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    labels = np.zeros((40, 100), np.uint8)
    for number in range(1, 10):
        labels[: 4 * number, 10 * number : 10 * number + 5] = number
    cv2.imwrite(str(tmp_path / "masks" / "a.png"), labels)
    cv2.imwrite(str(tmp_path / "images" / "a.png"), labels)
    sets = open_folder(tmp_path)

    def numbers(selection: Selection) -> list[int]:
        return [target.number for image in find_targets(sets, selection)[0] for target in image]

    assert numbers(Selection()) == list(range(1, 10))
    assert numbers(Selection(per_image=3)) == [8, 5, 2]
    assert numbers(Selection(per_image=1)) == [5]
    assert numbers(Selection(min_area=100)) == [5, 6, 7, 8, 9]
    assert numbers(Selection(last_only=True)) == [9]


def test_limits_count_over_sets_and_over_all(dataset: Dataset) -> None:
    root = dataset("a", 4).parent
    dataset("b", 1)
    sets = open_folder(root)
    assert [image.set_name for image in sets.images] == ["a"] * 4 + ["b"]
    found, problems = find_targets(sets, Selection(per_set=3))
    assert not problems
    assert [(image[0].image.set_name, len(image)) for image in found] == [("a", 1), ("a", 1), ("a", 1), ("b", 2)]
    assert sum(len(image) for image in find_targets(sets, Selection(total=4))[0]) == 4
    again = find_targets(open_folder(root), Selection(total=4))[0]
    assert [[each.key for each in image] for image in find_targets(sets, Selection(total=4))[0]] == [
        [each.key for each in image] for image in again
    ]


def test_files_that_cannot_be_used_become_problems(dataset: Dataset) -> None:
    folder = dataset("a", 3)
    (folder / "masks" / "0.png").unlink()
    (folder / "masks" / "1.png").write_bytes(b"no picture")
    found, problems = find_targets(open_folder(folder), Selection())
    assert [image[0].image.stem for image in found] == ["2"]
    assert [problem.name for problem in problems] == ["a/0", "a/1"]


def test_a_manifest_chooses_the_images_of_its_split(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 3).parent
    dataset("b", 2)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("set,stem,split\na,0,train\na,2,val\nb,1,val\na,9,val\n")
    found, problems = find_targets(open_collection(root, manifest, "val"), Selection())
    assert [(image[0].image.set_name, image[0].image.stem) for image in found] == [("a", "2"), ("b", "1")]
    assert [problem.name for problem in problems] == ["a/9"]
    with pytest.raises(DatasetError, match="'test'"):
        open_collection(root, manifest, "test")
    manifest.write_text("set,stem,split\nc,0,val\n")
    with pytest.raises(DatasetError, match="'c'"):
        open_collection(root, manifest, "val")


def test_a_manifest_that_is_no_table_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    root, manifest = dataset("a", 1).parent, tmp_path / "manifest.csv"
    manifest.write_text(f"set,stem,split\n{'a' * 200_000},0,val\n")
    with pytest.raises(DatasetError, match="no table"):
        open_collection(root, manifest, "val")
    with pytest.raises(DatasetError, match="no table"):
        read_collection(root, manifest, "val")
    manifest.write_text("split,stem,set\nval\n")
    with pytest.raises(DatasetError, match="no folder with images and masks for the set ''"):
        open_collection(root, manifest, "val")


@pytest.mark.parametrize("name", ["there-is-none", "."])
def test_a_folder_without_sets_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        open_folder(tmp_path / name)


def test_the_kind_of_masks_stands_in_the_set_or_is_told_by_their_values(dataset: Dataset) -> None:
    folder = dataset("a", 1)
    assert set(open_folder(folder).images[0].read_objects().areas()) == {1, 2}
    (folder / "set.json").write_text('{"kind": "binary"}')
    assert set(open_folder(folder).images[0].read_objects().areas()) == {1}
    (folder / "set.json").write_text('{"kind": "odd"}')
    with pytest.raises(DatasetError, match="odd"):
        open_folder(folder)
    (folder / "set.json").write_text("[" * 100_000)
    with pytest.raises(DatasetError, match="no readable JSON"):
        open_folder(folder)


def test_masks_with_soft_edges_are_no_instance_maps(dataset: Dataset) -> None:
    """What was smoothed or resized is one object; a label map with objects beside a void of 255 is not."""
    folder = dataset("a", 1)
    path = folder / "masks" / "0.png"
    sharp = np.zeros((60, 80), np.uint8)
    sharp[20:40, 10:50] = 255
    cv2.circle(sharp, (60, 30), 12, 255, -1)
    shrunk = cv2.resize(cv2.resize(sharp, (31, 23), interpolation=cv2.INTER_AREA), (80, 60))
    for soft in (cv2.GaussianBlur(sharp, (7, 7), 0), shrunk):
        cv2.imwrite(str(path), soft)
        (image,) = open_folder(folder).images
        assert image.read_objects().areas() == {1: int((soft > 128).sum())}
    for number in range(1, 9):
        sharp[2:5, 8 * number : 8 * number + 3] = number
    cv2.imwrite(str(path), sharp)
    (image,) = open_folder(folder).images
    assert set(image.read_objects().areas()) == {*range(1, 9), 255}


def test_grabcut_masks_ignore_128() -> None:
    labels = np.array([[0, 128, 255, 64, 200]], np.int32)
    objects, ignored = objects_of(labels, "binary")
    assert objects.tolist() == [[0, 0, 1, 0, 1]]
    assert ignored.tolist() == [[False, True, False, False, False]]


def test_parts_of_a_class_that_meet_at_a_corner_are_two_objects() -> None:
    labels = np.array([[1, 0, 2], [0, 1, 2], [0, 0, 0]], np.int32)
    objects, _ = objects_of(labels, "semantic")
    assert len(np.unique(objects)) == 4
    assert objects[0, 0] != objects[1, 1]
    assert objects[0, 2] == objects[1, 2]


def test_an_ignored_value_is_no_object() -> None:
    objects, ignored = objects_of(np.array([[0, 1, 255]], np.int32), "instances", 255)
    assert objects.tolist() == [[0, 1, 0]]
    assert ignored.tolist() == [[False, False, True]]


def test_what_is_bad_is_named_and_counted_nowhere(dataset: Dataset) -> None:
    folder = dataset("a", 5)
    (folder / "masks" / "0.png").unlink()
    (folder / "masks" / "1.png").write_bytes(b"no picture")
    empty = np.zeros((60, 80), np.uint8)
    cv2.imwrite(str(folder / "masks" / "2.png"), empty)
    void = empty.copy()
    void[:20], void[40:50, 40:50] = 7, 9
    cv2.imwrite(str(folder / "masks" / "3.png"), void)
    (folder.parent / "b" / "images").mkdir(parents=True)
    (folder.parent / "b" / "masks").mkdir()
    found, problems = find_targets(open_folder(folder.parent, "instances", ignore_value=9), Selection())
    assert [(target.key) for image in found for target in image] == [("a", "3", 7), ("a", "4", 1), ("a", "4", 2)]
    assert {problem.name for problem in problems} == {"a/0", "a/1", "a/2", "b"}


def test_an_object_all_of_whose_pixels_are_ignored_is_named() -> None:
    labels = np.array([[1, 1, 2, 2]], np.int32)
    objects = Objects.of(labels, labels == 2)
    assert objects.areas() == {1: 2}
    assert objects.without_pixels() == [2]
    assert Objects(labels[None], labels == 0, frozenset({1, 2, 3})).without_pixels() == [3]
