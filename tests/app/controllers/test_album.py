"""The queue: its order, how far each photo is, and the classes that all photos share."""

from pathlib import Path

import numpy as np
import pytest

from isegformer_app.controllers.album import Album, Work
from isegformer_app.controllers.photo import Photo
from isegformer_app.document import Annotation, ClassList, Status, Viewpoint, Volume
from isegformer_app.document.object_edits import (
    ChangeClass,
    ClassifyObject,
    DeleteClass,
    NewClass,
    NewObject,
    SetStatus,
)

A, B, C = (Path(f"{letter}.png") for letter in "abc")
RED = (255, 0, 0)


def photo(path: Path) -> Photo:
    pixels = np.zeros((1, 4, 6, 3), np.uint8)
    return Photo(path, Volume(pixels), Annotation((1, 4, 6)))


def laid_down(album: Album, *paths: Path) -> list[Photo]:
    """Visit photos one after the other; the last stays on the desk."""
    photos = [photo(path) for path in paths]
    for each in photos:
        album.lay_down(each)
    return photos


def names(each: Photo) -> list[str]:
    return [known.name for known in each.annotation.classes]


def test_a_photo_is_queued_once_in_the_order_of_opening() -> None:
    album = Album()
    album.add([A, B, A])
    album.add([B, C])
    album.turn_to(B)
    assert album.paths == [A, B, C]
    assert album.current == B
    assert (album.neighbour(-1), album.neighbour(1)) == (A, C)


def test_nothing_comes_after_the_last_and_before_the_first() -> None:
    album = Album()
    assert album.current is None
    album.add([A])
    album.turn_to(A)
    assert album.neighbour(1) is album.neighbour(-1) is None


def test_status_follows_the_work_until_it_is_set() -> None:
    album = Album()
    album.add([A, B])
    (first,) = laid_down(album, A)
    assert album.status(A) is album.status(B) is Status.TO_DO
    first.annotation.apply(NewObject(1, 1))
    assert album.status(A) is Status.IN_PROGRESS
    first.annotation.apply(SetStatus(Status.DONE))
    assert album.status(A) is Status.DONE
    first.annotation.undo()
    assert album.status(A) is Status.IN_PROGRESS


def test_unsaved_are_those_that_changed_since_saving() -> None:
    album = Album()
    first, _ = laid_down(album, A, B)
    first.annotation.apply(NewObject(1, 1))
    assert album.unsaved() == [A]
    album.mark_saved()
    assert album.unsaved() == []


def test_class_edits_reach_photos_visited_before_and_after() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    second.annotation.apply(NewClass("dog"))
    second.annotation.apply(ChangeClass(1, "cat", RED))
    third = photo(C)
    album.lay_down(third)
    assert names(first) == names(second) == names(third) == ["cat", "dog"]
    assert {each.annotation.classes[0].colour for each in (first, second, third)} == {RED}


def test_taking_a_class_edit_back_takes_it_back_everywhere() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    second.annotation.apply(NewClass("dog"))
    second.annotation.undo()
    assert names(first) == names(second) == ["object"]
    second.annotation.redo()
    assert names(first) == names(second) == ["object", "dog"]


def test_undo_of_other_steps_leaves_the_shared_classes_alone() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    album.lay_down(first)
    first.annotation.apply(NewObject(1, 1))
    album.lay_down(second)
    second.annotation.apply(ChangeClass(1, "cat", RED))
    album.lay_down(first)
    assert first.annotation.objects[0].name == "cat 1"
    first.annotation.undo()
    assert names(first) == names(second) == ["cat"]
    first.annotation.redo()
    assert first.annotation.objects[0].name == "cat 1"


def test_undo_of_a_class_edit_keeps_what_was_done_on_another_photo() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    album.lay_down(first)
    first.annotation.apply(ChangeClass(1, "cat", RED))
    album.lay_down(second)
    second.annotation.apply(NewClass("dog"))
    album.lay_down(first)
    first.annotation.undo()
    assert names(first) == names(second) == ["object", "dog"]


def test_class_with_objects_on_another_photo_survives_the_undo_of_its_making() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    album.lay_down(first)
    first.annotation.apply(NewClass("dog"))
    album.lay_down(second)
    second.annotation.apply(NewObject(1, 2))
    assert album.photos_with_class(2) == [B]
    album.lay_down(first)
    first.annotation.undo()
    assert names(first) == names(second) == ["object", "dog"]


def test_class_comes_back_with_an_object_that_comes_back() -> None:
    album = Album()
    first, second = laid_down(album, A, B)
    second.annotation.apply(NewClass("dog"))
    second.annotation.apply(NewObject(1, 1))
    second.annotation.apply(ClassifyObject(1, 2))
    second.annotation.undo()
    album.lay_down(first)
    first.annotation.apply(DeleteClass(2))
    assert names(second) == ["object"]
    album.lay_down(second)
    second.annotation.redo()
    assert names(first) == names(second) == ["object", "dog"]
    assert second.annotation.objects[0].class_id == 2


def test_adopted_classes_are_no_unsaved_work() -> None:
    album = Album()
    _, second = laid_down(album, A, B)
    second.annotation.apply(NewClass("dog"))
    assert album.unsaved() == [B]


@pytest.mark.parametrize("is_given", [True, False])
def test_restored_queue_shares_its_classes(is_given: bool) -> None:
    works = {path: Work(Annotation((1, 4, 6)), Viewpoint(), "") for path in (A, B)}
    works[A].annotation.apply(NewClass("dog"))
    classes = ClassList.of(works[A].annotation.state)
    album = Album()
    laid_down(album, C)
    album.restore([B, A], works, classes if is_given else None)
    assert album.paths == [B, A]
    assert album.classes == classes
    assert works[B].annotation.classes == classes.classes
