"""Objects copied from one photo to another."""

from pathlib import Path

import numpy as np
import pytest

from isegformer_app.controllers.copying import CopiedObjects
from isegformer_app.controllers.photo import Photo
from isegformer_app.document import PHOTO, Annotation, EditError, MaskCrop, OverlapRule, Volume
from isegformer_app.document.edits import AcceptMask
from isegformer_app.document.object_edits import LockObject, NewObject, RenameObject

BLUE = (0, 0, 255)


def square(size: int) -> MaskCrop:
    mask = np.zeros((8, 9), np.bool_)
    mask[:size, :size] = True
    return MaskCrop.of(mask)


def photo_with_objects() -> Photo:
    annotation = Annotation((1, 8, 9))
    annotation.apply(NewObject(1, 1))
    annotation.apply(NewObject(2, 1, "Felix", BLUE))
    annotation.apply(NewObject(3, 1))
    annotation.apply(AcceptMask(1, PHOTO, square(2)))
    annotation.apply(AcceptMask(2, PHOTO, square(5), OverlapRule.ALLOW))
    annotation.apply(LockObject(2, True))
    return Photo(Path("a.png"), Volume(np.zeros((1, 8, 9, 3), np.uint8)), annotation)


def test_objects_are_copied_with_pixels_names_and_colours_in_one_step() -> None:
    target = Annotation((1, 8, 9))
    target.apply(NewObject(1, 1))
    target.apply(RenameObject(1, "mine"))
    target.apply(CopiedObjects.of(photo_with_objects()).edit(target, OverlapRule.ALLOW))
    assert [each.name for each in target.objects] == ["mine", "object 2", "Felix"]
    assert target.objects[2].colour == BLUE
    assert not target.objects[2].is_locked
    assert [int(target.mask(number, PHOTO).sum()) for number in (1, 2, 3)] == [0, 4, 25]
    target.undo()
    assert [each.name for each in target.objects] == ["mine"]
    assert not target.mask(2, PHOTO).any()


def test_rule_decides_where_copies_meet_what_is_there() -> None:
    target = Annotation((1, 8, 9))
    target.apply(NewObject(1, 1))
    target.apply(AcceptMask(1, PHOTO, square(3)))
    target.apply(CopiedObjects.of(photo_with_objects()).edit(target, OverlapRule.KEEP))
    assert [int(target.mask(number, PHOTO).sum()) for number in (1, 2, 3)] == [9, 0, 16]


def test_photo_of_another_size_is_refused_in_words() -> None:
    with pytest.raises(EditError, match="not 9 x 8 pixels"):
        CopiedObjects.of(photo_with_objects()).edit(Annotation((1, 9, 8)), OverlapRule.KEEP)
