"""What the work on an object cost, told by a clock that the test turns."""

from isegformer_app.document import PHOTO, Annotation, Click, Effort, MaskCrop
from isegformer_app.document.edits import AcceptMask, AddClick, Batch, DropClicks, MoveClick, RemoveClick, ReopenObject
from isegformer_app.document.effort import LONGEST_PAUSE
from isegformer_app.document.object_edits import NewClass, NewObject
from tests.app.files.drawing import disk

SIZE = (40, 60)
MASK = MaskCrop.of(disk(SIZE, 10, 12, 6))


class Clock:
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def begun() -> tuple[Annotation, Clock]:
    annotation, clock = Annotation((1, *SIZE)), Clock()
    annotation.effort.clock = clock
    annotation.effort.resume()
    return annotation, clock


def click(annotation: Annotation, number: int, row: int) -> None:
    annotation.apply(AddClick(number, PHOTO, Click(row, 12, True)))


def test_clicks_count_for_good_and_once() -> None:
    annotation, _ = begun()
    annotation.apply(Batch((NewObject(1, 1), AddClick(1, PHOTO, Click(10, 12, True))), "Add click", 1, PHOTO))
    click(annotation, 1, 11)
    annotation.undo()
    annotation.redo()
    annotation.apply(MoveClick(1, PHOTO, 0, 5, 5))
    annotation.apply(RemoveClick(1, PHOTO, 1))
    click(annotation, 1, 12)
    assert annotation.effort[1].clicks == 3


def test_clicks_that_come_back_are_no_new_ones() -> None:
    annotation, _ = begun()
    annotation.apply(NewObject(1, 1))
    click(annotation, 1, 10)
    annotation.apply(AcceptMask(1, PHOTO, MASK))
    annotation.apply(ReopenObject(1, PHOTO))
    annotation.apply(RemoveClick(1, PHOTO, 0))
    annotation.apply(DropClicks(1, PHOTO))
    assert annotation.effort[1].clicks == 1


def test_time_belongs_to_the_object_of_the_next_step() -> None:
    annotation, clock = begun()
    clock.now += 4
    annotation.apply(NewObject(1, 1))
    clock.now += 3
    click(annotation, 1, 10)
    clock.now += 5
    annotation.apply(NewObject(2, 1))
    clock.now += 7
    annotation.apply(NewClass("dog"))
    clock.now += 2
    annotation.undo()
    assert annotation.effort.efforts == {1: Effort(1, 7.0), 2: Effort(0, 5.0)}


def test_pauses_and_other_photos_are_not_work() -> None:
    annotation, clock = begun()
    annotation.apply(NewObject(1, 1))
    clock.now += 3600
    click(annotation, 1, 10)
    clock.now += 50
    annotation.effort.resume()
    clock.now += 1
    click(annotation, 1, 11)
    assert annotation.effort[1] == Effort(2, LONGEST_PAUSE + 1)


def test_what_comes_from_a_file_goes_on() -> None:
    annotation, _ = begun()
    annotation.apply(NewObject(1, 1))
    click(annotation, 1, 10)
    known = {1: Effort(4, 20.0)}
    restored = Annotation.restore(annotation.state, annotation.label_map, effort=known)
    click(restored, 1, 11)
    assert restored.effort[1] == Effort(5, 20.0)
