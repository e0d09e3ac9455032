"""Annotations for the tests of files, made the way the annotator makes them: by edits."""

from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from isegformer_app.document import PHOTO, Annotation, Click, LabelClass, MaskCrop, OverlapRule
from isegformer_app.document.edits import AcceptMask, AddClick
from isegformer_app.document.object_edits import NewObject

Mask = NDArray[np.bool_]

CLASSES = (LabelClass(1, "cat", (230, 159, 0)), LabelClass(2, "Hündin", (86, 180, 233)))


def annotated(
    size: tuple[int, int],
    masks: Iterable[Mask] = (),
    rule: OverlapRule = OverlapRule.ALLOW,
    classes: tuple[LabelClass, ...] = CLASSES,
) -> Annotation:
    """An annotation of a photo of `size` with one object a mask, of the classes in turn."""
    annotation = Annotation((1, *size), classes)
    for mask in masks:
        draw(annotation, mask, rule)
    return annotation


def draw(annotation: Annotation, mask: Mask, rule: OverlapRule = OverlapRule.ALLOW) -> int:
    """Add an object with one click and this mask; returns its number."""
    number = annotation.state.next_object_id
    classes = annotation.classes
    annotation.apply(NewObject(number, classes[(number - 1) % len(classes)].id))
    if mask.any():
        row, col = (int(value) for value in np.argwhere(mask)[0])
        annotation.apply(AddClick(number, PHOTO, Click(row, col, True)))
        annotation.apply(AcceptMask(number, PHOTO, MaskCrop.of(mask), rule))
    return number


def disk(size: tuple[int, int], row: float, col: float, radius: float) -> Mask:
    """A filled disk."""
    rows, cols = np.ogrid[: size[0], : size[1]]
    inside: Mask = (rows - row) ** 2 + (cols - col) ** 2 <= radius**2
    return inside


def ring(size: tuple[int, int], row: float, col: float, radius: float) -> Mask:
    """A disk with a hole, and a separate speck in the corner."""
    mask: Mask = disk(size, row, col, radius) & ~disk(size, row, col, radius / 2)
    mask[0, 0] = True
    return mask


@st.composite
def masks(draw_value: st.DrawFn, size: tuple[int, int]) -> Mask:
    """Any mask of `size`: noise, nothing, everything, single rows and columns, corners that touch."""
    height, width = size
    bits = draw_value(st.integers(0, 2 ** (height * width) - 1))
    noise = np.array([bits >> place & 1 for place in range(height * width)], dtype=bool).reshape(size)
    band = draw_value(st.sampled_from(["noise", "rows", "cols", "all", "none"]))
    if band == "rows":
        noise[draw_value(st.integers(0, height - 1))] = True
    elif band == "cols":
        noise[:, draw_value(st.integers(0, width - 1))] = True
    elif band in {"all", "none"}:
        noise[:] = band == "all"
    return noise
