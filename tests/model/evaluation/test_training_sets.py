"""The large training sets, on small files in their published layouts."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import DatasetError
from model.evaluation.layouts.registry import Where, dataset_name, open_dataset
from model.evaluation.layouts.training_sets import open_ade20k, open_coco_set, open_open_images

PHOTO = np.full((40, 50, 3), 90, np.uint8)


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def square(left: float, top: float, side: float) -> list[list[float]]:
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def annotations(*polygons: list[list[float]]) -> list[dict[str, object]]:
    return [
        {"id": at, "image_id": 9, "category_id": 1, "iscrowd": 0, "segmentation": polygon}
        for at, polygon in enumerate(polygons, 1)
    ]


def test_coco_in_its_published_folders(tmp_path: Path) -> None:
    write(tmp_path / "train2017" / "000000000009.jpg", PHOTO)
    content = {
        "images": [{"id": 9, "height": 40, "width": 50, "file_name": "000000000009.jpg"}],
        "annotations": annotations(square(5, 5, 20), square(30, 20, 15)),
        "categories": [],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_train2017.json").write_text(json.dumps(content))
    (image,) = open_coco_set(tmp_path).images
    assert sorted(image.read()[1].areas().values()) == [225, 400]


def test_ade20k_parts_of_classes_are_objects(tmp_path: Path) -> None:
    labels = np.zeros((40, 50), np.uint8)
    labels[:10, :10], labels[20:30, :10], labels[20:30, 30:] = 3, 3, 7
    write(tmp_path / "images" / "training" / "a.jpg", PHOTO)
    write(tmp_path / "images" / "training" / "lonely.jpg", PHOTO)
    write(tmp_path / "annotations" / "training" / "a.png", labels)
    found = open_ade20k(tmp_path, "train")
    assert sorted(found.images[0].read()[1].areas().values()) == [100, 100, 200]
    assert [trouble.name for trouble in found.troubles] == ["ade20k/lonely"]


def test_open_images_masks_are_enlarged_to_their_photos(tmp_path: Path) -> None:
    write(tmp_path / "train" / "images" / "0a1b.jpg", PHOTO)
    for name, columns in (("0a1b_m04bcr3_11.png", slice(0, 10)), ("0a1b_m04bcr3_12.png", slice(5, 25))):
        mask = np.zeros((20, 25), np.uint8)
        mask[:, columns] = 255
        write(tmp_path / "train" / "masks" / name, mask)
    (image,) = open_open_images(tmp_path).images
    assert sorted(image.read()[1].areas().values()) == [800, 1600]


@pytest.mark.parametrize("name", ["coco", "COCO-LVIS", "ADE20K", "OpenImages"])
def test_absent_files_are_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="holds no f"):
        open_dataset(dataset_name(name), Where(root=tmp_path, split="train"))
