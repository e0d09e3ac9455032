"""COCO files made here and elsewhere, and files that only claim to be some."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import PHOTO
from isegformer_app.files.coco_import import read_coco
from isegformer_app.files.errors import CannotRead, Damaged, FileProblem
from isegformer_app.files.exports import Picture, coco_masks, write_coco, write_coco_photos
from tests.app.files.drawing import CLASSES, Mask, annotated, disk, masks, ring

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (40, 60)


def coco(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "images": [{"id": 7, "file_name": "sub/photo.jpg", "height": 10, "width": 20}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[2, 1, 6, 1, 6, 5, 2, 5]], "iscrowd": 0}
        ],
    }
    return content | changes


def stored(folder: Path, content: Any) -> Path:
    (folder / "coco.json").write_text(json.dumps(content))
    return folder / "coco.json"


def annotation(**changes: Any) -> list[dict[str, Any]]:
    return [coco()["annotations"][0] | changes, coco()["annotations"][0]]


@given(st.lists(masks((6, 7)), min_size=1, max_size=4), st.sampled_from([None, 0.0]))
def test_what_was_exported_is_imported_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Mask], tolerance: float | None
) -> None:
    folder = tmp_path_factory.mktemp("coco")
    made = annotated((6, 7), drawn)
    write_coco(folder / "coco.json", made, folder / "photos" / "a.png", tolerance)
    read = read_coco(folder / "coco.json")
    assert read.skipped == ()
    assert [name for name, _ in read.classes] == ["cat", "Hündin"]
    assert read.classes[1][1] == CLASSES[1].colour
    found = [each for photo in read.photos for each in photo.objects]
    with_pixels = [each for each in made.objects if made.mask(each.id, PHOTO).any()]
    assert [each.name for each in found] == [each.name for each in with_pixels]
    for one, other in zip(found, with_pixels, strict=True):
        np.testing.assert_array_equal(one.mask.full((6, 7)), made.mask(other.id, PHOTO))
    assert all(photo.path == folder / "photos" / "a.png" for photo in read.photos)


def test_photos_keep_their_order_and_objects(tmp_path: Path) -> None:
    one, two = annotated(SIZE, [disk(SIZE, 10, 10, 5)]), annotated(SIZE, [ring(SIZE, 20, 30, 9), disk(SIZE, 5, 5, 3)])
    write_coco_photos(tmp_path / "coco.json", [Picture(tmp_path / "b.png", one), Picture(tmp_path / "a.png", two)])
    read = read_coco(tmp_path / "coco.json")
    assert [(photo.path.name, len(photo.objects)) for photo in read.photos] == [("b.png", 1), ("a.png", 2)]


def test_polygons_with_a_tolerance_are_near_and_say_so(tmp_path: Path) -> None:
    mask = disk(SIZE, 20, 30, 15)
    done = write_coco(tmp_path / "coco.json", annotated(SIZE, [mask, ring(SIZE, 10, 10, 8)]), tmp_path / "a.png", 1.0)
    content = json.loads((tmp_path / "coco.json").read_text())
    assert "within 1 pixels" in content["info"]["description"]
    assert len(content["annotations"][0]["segmentation"][0]) < 100
    assert content["annotations"][0]["area"] == mask.sum()
    assert "has holes" in done.skipped[0]
    first, second = read_coco(tmp_path / "coco.json").photos[0].objects
    assert 0 < (first.mask.full(SIZE) != mask).sum() < 0.1 * mask.sum()
    np.testing.assert_array_equal(second.mask.full(SIZE), ring(SIZE, 10, 10, 8))


@given(masks((5, 4)))
def test_run_lengths_unpack_as_pycocotools_packs_them(mask: Mask) -> None:
    from pycocotools import mask as coco_mask

    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    runs = coco_masks.run_lengths(packed)
    flat = np.concatenate([np.full(run, place % 2, bool) for place, run in enumerate(runs)])
    np.testing.assert_array_equal(flat.reshape(4, 5).T, mask)
    for counts in (packed, runs):
        np.testing.assert_array_equal(coco_masks.crop({"size": [5, 4], "counts": counts}, (5, 4)).full((5, 4)), mask)


def test_polygons_of_elsewhere_are_filled_as_pycocotools_does(tmp_path: Path) -> None:
    polygons: coco_masks.Polygons = [[2.5, 1.2, 16.1, 3, 9, 8.7], [1, 1, 3, 1, 3, 9]]
    read = read_coco(stored(tmp_path, coco(annotations=annotation(segmentation=polygons))))
    np.testing.assert_array_equal(
        read.photos[0].objects[0].mask.full((10, 20)), coco_masks.decode(polygons, (10, 20)).astype(bool)
    )
    assert read.photos[0].path == tmp_path / "sub" / "photo.jpg"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"segmentation": []}, "no outline"),
        ({"segmentation": [[1, 2, 3, 4]]}, "no outline"),
        ({"segmentation": [[1, 2, 3, 4, "5", 6]]}, "something else than coordinates"),
        ({"segmentation": [[1, 2, 3, 4, float("nan"), 6]]}, "something else than coordinates"),
        ({"segmentation": [[1, 2, 3, 4, 1e300, 6]]}, "something else than coordinates"),
        ({"segmentation": [[0, 0, 1e6, 1e6] * 3000]}, "longer than any"),
        ({"segmentation": [[50, 50, 60, 50, 60, 60]]}, "no pixels"),
        ({"segmentation": None}, "no outline"),
        ({"segmentation": 7}, "no record"),
        ({"segmentation": {"size": [10, 20], "counts": [0, 10**9]}}, "do not add up"),
        ({"segmentation": {"size": [10, 20], "counts": [200]}}, "no pixels"),
        ({"segmentation": {"size": [10, 20], "counts": [-1, 201]}}, "no number"),
        ({"segmentation": {"size": [10, 20], "counts": "oooooooooooooooooooooo"}}, "no text of COCO"),
        ({"segmentation": {"size": [10, 20], "counts": "ä"}}, "no text of COCO"),
        ({"segmentation": {"size": [10, 20], "counts": "o"}}, "cut short"),
        ({"segmentation": {"size": [20, 10], "counts": [0, 200]}}, "another size"),
        ({"image_id": 8}, "image is not listed"),
        ({"category_id": 8}, "category is not listed"),
    ],
)
def test_what_cannot_be_read_costs_one_object(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    read = read_coco(stored(tmp_path, coco(annotations=annotation(**changes))))
    assert len(read.skipped) == 1
    assert reason in read.skipped[0]
    assert [len(photo.objects) for photo in read.photos] == [1]


@pytest.mark.parametrize(
    "content",
    [
        [],
        3,
        {},
        coco(images=3),
        coco(categories=[{"id": "x"}]),
        coco(annotations=[3]),
        coco(images=[{"id": 7, "height": 10, "width": 20}]),
    ],
)
def test_what_is_no_coco_file_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(Damaged, match="no COCO file or damaged"):
        read_coco(stored(tmp_path, content))


def test_an_image_of_impossible_size_takes_no_memory(tmp_path: Path) -> None:
    images = [{"id": 7, "file_name": "a.jpg", "height": 10**6, "width": 10**6}]
    read = read_coco(stored(tmp_path, coco(images=images)))
    assert read.photos == ()
    assert "1000000 x 1000000 pixels" in read.skipped[0]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(Damaged):
        read_coco(tmp_path / "a.json")
    with pytest.raises(CannotRead, match="not there"):
        read_coco(tmp_path / "gone.json")


def test_mutated_files_raise_nothing_but_sentences(tmp_path: Path) -> None:
    write_coco(tmp_path / "coco.json", annotated(SIZE, [ring(SIZE, 20, 30, 12)]), tmp_path / "a.png")
    seeds = [(tmp_path / "coco.json").read_bytes(), json.dumps(coco()).encode()]
    chance, outcomes = random.Random(0), {"read": 0, "refused": 0}
    for number in range(600):
        data = bytearray(seeds[number % 2])
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(32, 127)
        (tmp_path / "mutant.json").write_bytes(data)
        try:
            read_coco(tmp_path / "mutant.json")
            outcomes["read"] += 1
        except FileProblem:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 50
