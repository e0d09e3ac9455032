"""COCO JSON of one image and one mask, as run lengths: holes and separate parts survive."""

import json
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def coco_json(file_name: str, mask: NDArray[np.bool_]) -> str:
    """Describe `mask` (H, W) on the image `file_name`: one annotation, or none where the mask is empty."""
    height, width = mask.shape
    content = {
        "info": {"description": "Mask drawn with iSegFormer", "version": "1.0"},
        "licenses": [],
        "images": [{"id": 1, "file_name": file_name, "height": height, "width": width}],
        "annotations": [_annotation(mask)] if mask.any() else [],
        "categories": [{"id": 1, "name": "object", "supercategory": ""}],
    }
    return json.dumps(content)


def _annotation(mask: NDArray[np.bool_]) -> dict[str, Any]:
    from pycocotools import mask as coco_mask

    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "segmentation": {"size": list(mask.shape), "counts": packed["counts"].decode("ascii")},
        "area": int(np.count_nonzero(mask)),
        "bbox": [int(value) for value in cv2.boundingRect(mask.view(np.uint8))],
        "iscrowd": 0,
    }
