"""Moving through a volume: slices, planes, the point where they meet, time points. Changes no pixel."""

from collections.abc import Callable, Iterable

from isegformer_app.document import SliceKey, slice_shape

from .segmenting import SegmentingController

_PLANES = 3


class Slicing:
    """Turns the wheel and the keys into what is looked at; the window is told through the controller's view."""

    def __init__(self, segmenting: SegmentingController) -> None:
        """Work on what `segmenting` has open."""
        self._segmenting = segmenting

    def scroll(self, axis: int, steps: int) -> None:
        """Move so many slices along an axis, as far as there are."""
        photo = self._segmenting.photo
        if photo is not None:
            self.go_to(axis, photo.viewpoint.cursor[axis] + steps)

    def go_to(self, axis: int, index: int) -> None:
        """Look at a slice; only on the plane in hand does that leave the slice that is worked on."""
        photo = self._segmenting.photo
        if photo is None:
            return
        index = min(max(index, 0), photo.annotation.shape[axis] - 1)
        if index == photo.viewpoint.cursor[axis]:
            return
        if axis == photo.viewpoint.key.axis:
            self._segmenting.turn_to(SliceKey(axis, index))
        else:
            cursor = list(photo.viewpoint.cursor)
            cursor[axis] = index
            photo.viewpoint.cursor = cursor[0], cursor[1], cursor[2]
            self._segmenting.show_again()

    def take_plane(self, axis: int) -> None:
        """Work on another plane from now on."""
        photo = self._segmenting.photo
        if photo is not None and axis != photo.viewpoint.key.axis:
            self._segmenting.turn_to(photo.viewpoint.plane_key(axis))

    def show_three(self, are_three: bool) -> None:
        """Show the three planes together, or one."""
        photo = self._segmenting.photo
        if photo is not None and photo.viewpoint.are_three_shown != are_three:
            photo.viewpoint.are_three_shown = are_three
            self._segmenting.show_again()

    def meet_at(self, axis: int, row: int, col: int) -> None:
        """Let the two other planes meet at a pixel of the slice along `axis`."""
        photo = self._segmenting.photo
        if photo is None:
            return
        place = [row, col]
        place.insert(axis, photo.viewpoint.cursor[axis])
        meeting = place[0], place[1], place[2]
        held = photo.viewpoint.key.axis
        if meeting == photo.viewpoint.cursor:
            return
        if meeting[held] != photo.viewpoint.key.index:
            self._segmenting.turn_to(SliceKey(held, meeting[held]), show=False)
        photo.viewpoint.cursor = meeting
        self._segmenting.show_again()

    def nudge(self, columns: int) -> None:
        """Move the point where the planes meet along the rows of the slice that is worked on."""
        photo = self._segmenting.photo
        if photo is None:
            return
        axis = photo.viewpoint.key.axis
        row, col = (place for each, place in enumerate(photo.viewpoint.cursor) if each != axis)
        last = slice_shape(photo.annotation.shape, photo.viewpoint.key)[1] - 1
        self.meet_at(axis, row, min(max(col + columns, 0), last))

    def turn_time(self, steps: int) -> bool:
        """Look at a later or earlier time point; whether there is one."""
        photo = self._segmenting.photo
        if photo is None:
            return False
        self._segmenting.leave_slice()
        has_turned = photo.turn_time(photo.viewpoint.time + steps)
        if has_turned:
            self._segmenting.ask_anew()
        return has_turned

    def go_to_annotated(self, step: int, annotated: Callable[[int], Iterable[int]]) -> bool:
        """Go to the nearest slice in a direction that carries an object; whether there is one.

        `annotated` gives the places of such slices along an axis.
        """
        photo = self._segmenting.photo
        if photo is None:
            return False
        axis, here = photo.viewpoint.key.axis, photo.viewpoint.key.index
        ahead = [place for place in annotated(axis) if (place - here) * step > 0]
        if not ahead:
            return False
        self.go_to(axis, min(ahead, key=lambda place: abs(place - here)))
        return True
