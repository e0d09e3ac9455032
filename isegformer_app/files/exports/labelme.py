"""labelme JSON: one file a photo, objects as mask shapes, so that no pixel is lost."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from isegformer_app.document import Annotation

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from .report import Export, Item, Picture, items, relative_path

_VERSION = "5.4.0"  # the first that knows mask shapes in this form


def write_labelme(path: Path, annotation: Annotation, image_path: Path) -> Export:
    """Write the objects of one photo for labelme 5.4 and later, the photo by relative path. Raises `CannotWrite`."""
    skipped: list[str] = []
    found = list(items(Picture(image_path, annotation), skipped))
    content: dict[str, Any] = {
        "version": _VERSION,
        "flags": {},
        "shapes": [_shape(item) for item in found],
        "imagePath": relative_path(image_path, path.parent),
        "imageData": None,
        "imageHeight": annotation.shape[1],
        "imageWidth": annotation.shape[2],
    }
    with replacing(path) as draft:
        draft.write_text(json.dumps(content, indent=2), encoding="utf-8")
        stored = json.loads(draft.read_text(encoding="utf-8"))
        pairs = zip(stored["shapes"], found, strict=True)
        if stored != content or not all(_is_same(shape, item) for shape, item in pairs):
            raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))
    return Export((path,), len(found), tuple(skipped))


def _shape(item: Item) -> dict[str, Any]:
    height, width = item.mask.shape
    stream = io.BytesIO()
    Image.fromarray(item.mask.pixels.astype(np.uint8)).save(stream, "PNG")
    top, left = item.mask.top, item.mask.left
    return {
        "label": item.label_class.name,
        # labelme's box holds its last row and column.
        "points": [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]],
        "group_id": item.object.id,
        "description": item.object.name,
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(stream.getvalue()).decode("ascii"),
    }


def _is_same(shape: dict[str, Any], item: Item) -> bool:
    with Image.open(io.BytesIO(base64.b64decode(shape["mask"])), formats=["PNG"]) as image:
        return np.array_equal(np.asarray(image).astype(bool), item.mask.pixels)
