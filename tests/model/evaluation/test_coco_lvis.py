"""COCO+LVIS: RITM's published pickles, which are never run, and the two sets merged to the same rules."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.data.annotated import Objects
from model.errors import DatasetError
from model.evaluation.layouts.coco_lvis import open_coco_lvis

PHOTO = np.full((40, 50, 3), 90, np.uint8)


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def dump(path: Path, content: object, protocol: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=protocol))


def packed(masks: list[np.ndarray]) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """Pack masks as RITM does: the larger first, each into the first layer with room, layers as PNG."""
    layers: list[np.ndarray] = []
    counts: list[int] = []
    places: dict[int, tuple[int, int]] = {}
    for at in sorted(range(len(masks)), key=lambda at: -int(masks[at].sum())):
        free = next((n for n, layer in enumerate(layers) if not layer[masks[at]].any()), len(layers))
        if free == len(layers):
            layers.append(np.zeros(masks[at].shape, np.uint8))
            counts.append(0)
        counts[free] += 1
        layers[free][masks[at]] = counts[free]
        places[at] = free, counts[free]
    return [cv2.imencode(".png", layer)[1] for layer in layers], [places[at] for at in range(len(masks))]


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros((40, 50), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


CAR, WHEEL, DOG, SKY = box(10, 5, 25, 30), box(25, 8, 8, 8), box(12, 38, 10, 10), box(0, 0, 8, 50)
NAME = "000000000009"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A photo of a car with a wheel, a dog and the sky, in the layout that RITM publishes."""
    write(tmp_path / "train" / "images" / f"{NAME}.jpg", PHOTO)
    dump(tmp_path / "train" / "masks" / f"{NAME}.pickle", packed([WHEEL, CAR, DOG, SKY]))
    car = {"children": [0], "parent": None, "node_level": 0}
    hierarchy: dict[int, object] = {0: {"children": [], "parent": 1, "node_level": 1}, 1: car, 2: None}
    dump(tmp_path / "train" / "hannotation.pickle", {NAME: {"num_instance_masks": 3, "hierarchy": hierarchy}}, 5)
    return tmp_path


def test_the_published_layout_is_read(published: Path) -> None:
    (image,) = open_coco_lvis(published).images
    objects = image.read()[1]
    assert len(objects.layers) == 2
    for number, mask in enumerate((WHEEL, CAR, DOG, SKY), start=1):
        assert np.array_equal(objects.mask(number), mask)
    assert objects.parents == {1: 2}
    assert objects.stuff == {4}


def test_other_splits_have_no_stuff(published: Path) -> None:
    (published / "train").rename(published / "val")
    (image,) = open_coco_lvis(published, "val").images
    assert sorted(image.read()[1].areas().values()) == sorted(int(mask.sum()) for mask in (WHEEL, CAR, DOG))


class Bomb:
    """Pickled, it asks whoever reads it to make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("which", ["hannotation.pickle", f"masks/{NAME}.pickle"])
def test_nothing_of_the_pickles_is_run(published: Path, which: str) -> None:
    victim = published / "made"
    dump(published / "train" / which, {NAME: Bomb(victim)})
    found = open_coco_lvis(published)
    for image in found.images:
        with pytest.raises(DatasetError):
            image.read()
    assert found.images or found.troubles
    assert not victim.exists()


def entry(*parents: int | None) -> dict[str, object]:
    hierarchy: dict[int, object] = {
        at: {"children": [], "parent": above, "node_level": 0} for at, above in enumerate(parents)
    }
    return {NAME: {"num_instance_masks": len(parents), "hierarchy": hierarchy}}


@pytest.mark.parametrize(
    "content",
    [
        *(entry(1, 2, 0), entry(None, 9), entry(0), {NAME: {"hierarchy": {}}}, {NAME: 7}, {"000000000010": {}}),
        {NAME: {"num_instance_masks": 1, "hierarchy": None}},
        {NAME: {"num_instance_masks": float("inf"), "hierarchy": {}}},
        {"0" * 5000: {}},
    ],
    ids=[
        *("a ring", "a parent that is not there", "a part of itself", "no number", "no table", "no files"),
        *("no hierarchy", "too many", "a name too long"),
    ],
)
def test_a_list_that_contradicts_itself_is_named(published: Path, content: object) -> None:
    dump(published / "train" / "hannotation.pickle", content)
    found = open_coco_lvis(published)
    assert not found.images
    assert len(found.troubles) == 1


@pytest.mark.parametrize(
    "content",
    [
        *(7, (1, 2, 3), ([np.zeros(5, np.uint8)], [(0, 1)]), (packed([CAR])[0], [(4, 1)]), ([], [])),
        ([np.zeros(0, np.uint8)], [(0, 1)]),
    ],
    ids=["a number", "three things", "no PNG", "a layer that is not there", "no layer", "no bytes"],
)
def test_damaged_masks_are_said(published: Path, content: object) -> None:
    dump(published / "train" / "masks" / f"{NAME}.pickle", content)
    (image,) = open_coco_lvis(published).images
    with pytest.raises(DatasetError, match="not packed as RITM packs them"):
        image.read()


def test_a_file_that_breaks_off_is_said(published: Path) -> None:
    path = published / "train" / "hannotation.pickle"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="damaged, or not a file of RITM"):
        open_coco_lvis(published)


def polygon(top: int, left: int, height: int, width: int) -> list[list[float]]:
    bottom, right = top + height, left + width
    return [[left, top, right, top, right, bottom, left, bottom]]


def annotations(*polygons: list[list[float]]) -> list[dict[str, object]]:
    return [
        {"id": at, "image_id": 9, "category_id": 1, "iscrowd": 0, "segmentation": each}
        for at, each in enumerate(polygons, 1)
    ]


def two_sets(root: Path, coco: list[list[list[float]]], lvis: list[list[list[float]]]) -> Path:
    """The files of the two sets themselves, with one photo in both and another in COCO alone."""
    write(root / "coco" / "train2017" / f"{NAME}.jpg", PHOTO)
    write(root / "coco" / "train2017" / "000000000010.jpg", PHOTO)
    image = {"id": 9, "height": 40, "width": 50}
    photos: list[dict[str, object]] = [
        image | {"file_name": f"{NAME}.jpg"},
        image | {"id": 10, "file_name": "000000000010.jpg"},
    ]
    lonely = {"id": 99, "image_id": 10, "category_id": 1, "iscrowd": 0, "segmentation": polygon(5, 5, 20, 20)}
    url = f"http://images.cocodataset.org/train2017/{NAME}.jpg"
    of_lvis: list[dict[str, object]] = [image | {"coco_url": url}]
    contents = {
        "coco/annotations/instances_train2017.json": (photos, [*annotations(*coco), lonely]),
        "lvis/lvis_v1_train.json": (of_lvis, annotations(*lvis)),
    }
    for path, (images, listed) in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(json.dumps({"images": images, "annotations": listed, "categories": []}))
    return root


def read_only(root: Path) -> Objects:
    (image,) = open_coco_lvis(root).images
    return image.read()[1]


def test_an_object_of_both_is_that_of_lvis(tmp_path: Path) -> None:
    """The car of COCO is LVIS's (IoU .95), the dog of COCO is new, and the wheel of LVIS is a part of the car."""
    coco = [polygon(10, 5, 24, 30), polygon(12, 38, 10, 10)]
    lvis = [polygon(10, 5, 25, 30), polygon(25, 8, 10, 9)]
    objects = read_only(two_sets(tmp_path, coco, lvis))
    assert sorted(objects.areas().values()) == [90, 100, 750]
    numbers = {area: number for number, area in objects.areas().items()}
    assert objects.parents == {numbers[90]: numbers[750]}


def test_the_bounds_of_sameness_are_those_of_ritm(tmp_path: Path) -> None:
    """COCO's of IoU .72 is LVIS's, that of .68 is not; of two of LVIS with .9 the later stays, with .8 both."""
    one = [polygon(0, 0, 18, 20), polygon(0, 25, 17, 20)]
    objects = read_only(two_sets(tmp_path / "one", one, [polygon(0, 0, 25, 20), polygon(0, 25, 25, 20)]))
    assert sorted(objects.areas().values()) == [340, 500, 500]
    twice = [polygon(0, 0, 20, 20), polygon(0, 0, 18, 20), polygon(20, 20, 20, 20), polygon(20, 20, 16, 20)]
    objects = read_only(two_sets(tmp_path / "twice", [polygon(0, 42, 8, 7)], twice))
    assert sorted(objects.areas().values()) == [320, 360, 400]


def test_stuff_comes_from_the_panoptic_annotations(tmp_path: Path) -> None:
    root = two_sets(tmp_path, [polygon(20, 0, 20, 20)], [polygon(20, 30, 20, 20)])
    assert not read_only(root).stuff
    numbers = np.zeros((40, 50), np.int64)
    numbers[:22], numbers[22:, 20:28] = 1_000_003, 260
    colours = np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=2).astype(np.uint8)
    write(root / "coco" / "annotations" / "panoptic_train2017" / f"{NAME}.png", colours)
    segments = [{"id": 1_000_003, "category_id": 187}, {"id": 260, "category_id": 187}, {"id": 7, "category_id": 1}]
    panoptic = {
        "categories": [{"id": 187, "isthing": 0}, {"id": 1, "isthing": 1}],
        "annotations": [{"file_name": f"{NAME}.png", "segments_info": segments}],
    }
    (root / "coco" / "annotations" / "panoptic_train2017.json").write_text(json.dumps(panoptic))
    objects = read_only(root)
    # What lies under the two things is theirs; the narrow strip has no 500 pixels.
    (sky,) = objects.stuff
    assert objects.areas()[sky] == 22 * 50 - 2 * 20 - 2 * 20


def test_absent_files_are_said(tmp_path: Path) -> None:
    write(tmp_path / "coco" / "train2017" / f"{NAME}.jpg", PHOTO)
    (tmp_path / "coco" / "annotations").mkdir()
    content: dict[str, list[object]] = {"images": [], "annotations": []}
    (tmp_path / "coco" / "annotations" / "instances_train2017.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="holds neither 'train/hannotation"):
        open_coco_lvis(tmp_path)
