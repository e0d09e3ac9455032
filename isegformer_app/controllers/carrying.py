"""Carrying an object from slice to slice: a chain of small requests, which whatever else is done ends."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from isegformer_app.document import Edit, LabelObject, MaskCrop, Origin, SliceKey
from isegformer_app.document.edits import Batch, CarryMask, ProposeMask
from isegformer_app.inference import Answer, Doubt, Failure, KnownSlice, Request, doubt_of, is_weak, remembered, walks

from .photo import Photo
from .ports import Asking, View
from .segmenting import SegmentingController

Places = Callable[[int, int], Collection[int]]
"""Gives the slices along an axis (second) that an object (first) has pixels on."""

_FARTHEST = 100
"""So many slices back at most a key slice is looked for."""
_CHOOSE = "Choose an object that has pixels on this slice; then it can be carried to others."


@dataclass(eq=False, slots=True)
class _Chain:
    """What is under way: the object, where it still has to be carried, and what was found so far."""

    photo: Photo
    target: LabelObject
    axis: int
    walks: deque[tuple[int, ...]]
    is_single: bool
    total: int
    ahead: deque[int] = field(default_factory=deque)
    known: list[KnownSlice] = field(default_factory=list)
    made: dict[int, MaskCrop] = field(default_factory=dict)
    proposed: dict[int, MaskCrop] = field(default_factory=dict)
    doubts: dict[int, Doubt] = field(default_factory=dict)
    weak: list[int] = field(default_factory=list)
    asked: Request | None = None
    is_followed: bool = True
    """Whether each slice is shown as it is made; ends when another one is looked at."""

    def key(self, index: int) -> SliceKey:
        return SliceKey(self.axis, index)


class Carrying:
    """Carries the active object to the next slice, or through many of them.

    `progressed` is told in words what is in hand, and nothing when it is over.
    """

    def __init__(
        self,
        segmenting: SegmentingController,
        worker: Asking,
        view: View,
        places: Places,
        progressed: Callable[[str], object],
    ) -> None:
        """Start with nothing under way."""
        self._segmenting, self._worker, self._view = segmenting, worker, view
        self._places, self._progressed = places, progressed
        self._chain: _Chain | None = None
        self._is_moving = False
        """While what happens on the desk is this controller's own doing."""
        self._looked_at: SliceKey | None = None
        self._direction = 1
        segmenting.interrupted = self._interrupt

    @property
    def is_under_way(self) -> bool:
        """Whether an object is being carried."""
        return self._chain is not None

    def follow(self) -> None:
        """Another slice may be looked at: the direction last gone is remembered."""
        photo = self._segmenting.photo
        key, before = None if photo is None else photo.viewpoint.key, self._looked_at
        if key == before:
            return
        self._looked_at = key
        if self._chain is not None and not self._is_moving:
            self._chain.is_followed = False
        if key is not None and before is not None and key.axis == before.axis:
            self._direction = 1 if key.index > before.index else -1

    # What the annotator asks for --------------------------------------------------------------------------------

    def carry_on(self, turn: int = 1) -> None:
        """Carry to the next slice in the direction last gone, or for a `turn` of -1 in the other, as a proposal."""
        if self._chain is not None and self._chain.is_single:
            # A second press, before the first is answered: the slice is turned, and there is nothing to set out from.
            return
        self.end()
        direction = self._direction * turn
        target, photo = self.ready(), self._segmenting.photo
        if target is None or photo is None:
            return
        key = photo.viewpoint.key
        there = SliceKey(key.axis, key.index + direction)
        if not 0 <= there.index < photo.annotation.shape[key.axis]:
            self._segmenting.tell(f"There is no slice {'after' if direction > 0 else 'before'} this one.")
            return
        self._direction = direction
        self._move_to(there)
        if photo.annotation.mask(target.id, there).any():
            self._segmenting.select_quietly(target.id)
            self._segmenting.tell(f"{target.name} is on slice {there.index + 1} already.")
            return
        chain = _Chain(photo, target, key.axis, deque(), is_single=True, total=1)
        chain.known = self._behind(photo, target, key, direction)
        chain.ahead.append(there.index)
        self._begin(chain)

    def carry_through(self, first: int, last: int) -> None:
        """Carry the object through all slices from `first` to `last`, outward from its key slices, until it ends."""
        self.end()
        target, photo = self.ready(), self._segmenting.photo
        if target is None or photo is None:
            return
        key = photo.viewpoint.key
        # What is open is accepted: the walks set out from it.
        self._own(self._segmenting.leave_slice)
        ways = deque(walks({*self.key_slices(target, key.axis), key.index}, first, last))
        total = sum(len(walk) - 1 for walk in ways)
        if not total:
            self._segmenting.tell(f"{target.name} has nothing to be carried to between these slices.")
            return
        self._begin(_Chain(photo, target, key.axis, ways, is_single=False, total=total))

    def key_slices(self, target: LabelObject, axis: int) -> list[int]:
        """Slices along an axis where the object's pixels are by the annotator's hand."""
        places = self._places(target.id, axis)
        return [each for each in sorted(places) if target.prompt(SliceKey(axis, each)).origin is Origin.HAND]

    def end(self) -> bool:
        """End what is under way and keep what was made so far; whether there was anything."""
        return self._finish("ended")

    def target(self) -> LabelObject | None:
        """The object that would be carried: the active one, the one last worked on here, or the only one here."""
        photo = self._segmenting.photo
        if photo is None or photo.image is None:
            return None
        if self._segmenting.active is not None:
            return self._segmenting.active
        key, annotation = photo.viewpoint.key, photo.annotation
        here = [each for each in annotation.objects if annotation.mask(each.id, key).any()]
        newest = annotation.history.newest_object
        last = [each for each in here if each.id == newest]
        return last[0] if last else here[0] if len(here) == 1 else None

    def ready(self) -> LabelObject | None:
        """The object to carry, with pixels on the slice that is looked at; says what is missing where there is none."""
        target, photo = self.target(), self._segmenting.photo
        if target is None or photo is None:
            self._segmenting.tell(_CHOOSE)
        elif target.is_locked:
            self._segmenting.tell(f"{target.name} is locked: unlock it in the list of objects to carry it.")
        elif self._segmenting.is_doubtful:
            self._segmenting.tell(f"Look at {target.name} here first: click to correct it, or press Space or Esc.")
        elif self._segmenting.is_waiting or self._segmenting.is_finishing:
            self._segmenting.tell("Wait for the mask of the last click before carrying it on.")
        elif not (self._segmenting.prompt.is_open or photo.annotation.mask(target.id, photo.viewpoint.key).any()):
            self._segmenting.tell(f"{target.name} has no pixels on this slice: go to one where it has.")
        else:
            return target
        return None

    # Answers ----------------------------------------------------------------------------------------------------

    def receive_answer(self, answer: Answer) -> None:
        """Use an answer if it is the one that is awaited."""
        chain = self._chain
        if chain is None or answer.request is not chain.asked:
            return
        self._view.answered(answer)
        index, threshold = answer.request.slice_index, self._segmenting.threshold
        before, crop = chain.known[-1].mask, answer.crop.mask(threshold)
        shape = before.shape[0], before.shape[1]
        probability = answer.crop.full(shape)
        doubt = doubt_of(before, probability, threshold)
        if doubt is None:
            chain.made[index] = crop
            chain.weak += [index] if is_weak(before, probability, threshold) else []
            chain.known = remembered(
                [*chain.known, KnownSlice(answer.request.image_key, answer.request.image, crop.full(shape))]
            )
        else:
            chain.doubts[index] = doubt
            chain.ahead.clear()
            if not doubt.is_gone:
                chain.proposed[index] = crop
        if not chain.is_single:
            self._segmenting.show_passing({chain.key(each): made for each, made in chain.made.items()})
            if chain.is_followed and doubt is None:
                self._move_to(chain.key(index))
        self._go_on(chain)

    def receive_failure(self, failure: Failure) -> None:
        """Say why it cannot go on; what was made so far is kept."""
        if self._chain is not None and failure.request is self._chain.asked:
            self._finish("failed")
            self._view.problem(failure.message, False)

    # Inside -----------------------------------------------------------------------------------------------------

    def _behind(self, photo: Photo, target: LabelObject, key: SliceKey, direction: int) -> list[KnownSlice]:
        """The slices that tell what the object looks like: back to its key slice, this one last."""
        indices = []
        for index in range(key.index, key.index - direction * _FARTHEST, -direction):
            is_there = 0 <= index < photo.annotation.shape[key.axis]
            if not is_there or not photo.annotation.mask(target.id, SliceKey(key.axis, index)).any():
                break
            indices.append(index)
            present = photo.annotation.state.find_object(target.id) or target
            if present.prompt(SliceKey(key.axis, index)).origin is Origin.HAND:
                break
        chosen = remembered(indices[::-1]) if indices else []
        return [self._known(photo, target, SliceKey(key.axis, index)) for index in chosen]

    def _known(self, photo: Photo, target: LabelObject, key: SliceKey) -> KnownSlice:
        return KnownSlice(photo.image_key(key), photo.rgb(key), photo.annotation.mask(target.id, key))

    def _begin(self, chain: _Chain) -> None:
        if chain.is_single and not chain.known:
            self._segmenting.tell(f"{chain.target.name} has no pixels to be carried on.")
            return
        self._chain = chain
        self._own(lambda: self._segmenting.select_quietly(chain.target.id))
        self._go_on(chain)

    def _go_on(self, chain: _Chain) -> None:
        """Ask for the next slice, or be done."""
        while not chain.ahead and chain.walks:
            walk = chain.walks.popleft()
            chain.known = [self._known(chain.photo, chain.target, chain.key(walk[0]))]
            chain.ahead.extend(walk[1:] if chain.known[0].mask.any() else ())
        if not chain.ahead:
            self._finish("done")
            return
        index = chain.ahead.popleft()
        photo, key = chain.photo, chain.key(index)
        chain.asked = Request(
            photo.image_key(key), photo.rgb(key), index, chain.target.id, (), None, tuple(chain.known)
        )
        self._worker.submit(chain.asked)
        place = "" if chain.is_single else f" ({len(chain.made) + 1} of {chain.total}; a click or Esc ends it)"
        self._progressed(f"Carrying {chain.target.name} to slice {index + 1}{place} …")

    def _interrupt(self) -> None:
        if not self._is_moving:
            self._finish("interrupted")

    def _finish(self, how: str) -> bool:
        chain, self._chain = self._chain, None
        if chain is None:
            return False
        if how != "done":
            self._worker.cancel()
        self._progressed("")
        self._own(lambda: self._write(chain))
        self._segmenting.show_passing({})
        first = min(chain.proposed, default=None, key=lambda index: abs(index - chain.photo.viewpoint.key.index))
        # Whoever clicks means the slice that is looked at.
        if first is not None and how in {"done", "ended"}:
            self._move_to(chain.key(first))
        words = _outcome(chain, how)
        if words and (chain.doubts or chain.weak):
            self._view.problem(words, False)
        elif words:
            self._segmenting.tell(words)
        return True

    def _write(self, chain: _Chain) -> None:
        """Put everything that was found into the document as one step."""
        number = chain.target.id
        rule = self._segmenting.rule.sparing
        edits: list[Edit] = []
        if chain.is_single:
            edits += [ProposeMask(number, chain.key(index), mask) for index, mask in chain.made.items()]
        else:
            for index, mask in chain.made.items():
                origin = Origin.DOUBTFUL if index in chain.weak else Origin.CARRIED
                edits.append(CarryMask(number, chain.key(index), mask, rule, origin))
        edits += [
            ProposeMask(number, chain.key(index), mask, Origin.DOUBTFUL) for index, mask in chain.proposed.items()
        ]
        if edits:
            title = "Carry to slice" if chain.is_single else "Carry through slices"
            place = next(reversed(chain.made), None) if not chain.proposed else next(iter(chain.proposed))
            key = None if place is None else chain.key(place)
            self._segmenting.apply(Batch(tuple(edits), title, number, key), activate=number)

    def _move_to(self, key: SliceKey) -> None:
        self._own(lambda: self._segmenting.turn_to(key))

    def _own(self, act: Callable[[], object]) -> None:
        was_moving, self._is_moving = self._is_moving, True
        try:
            act()
        finally:
            self._is_moving = was_moving


def _outcome(chain: _Chain, how: str) -> str:
    """Say in a sentence what was done, where it ended and why; empty where there is nothing to say."""
    name = chain.target.name
    stops = [f"at slice {index + 1}: {doubt.words}" for index, doubt in sorted(chain.doubts.items())]
    if chain.is_single:
        words = f"Look at {name} here, {stops[0].partition(' ')[2]}." if stops else ""
    else:
        made = f"{name} was carried to {_ranges(sorted(chain.made))}" if chain.made else f"{name} was not carried"
        words = "; stopped ".join([made, *stops]) + ("" if how == "done" else "; it was ended there") + "."
    if chain.weak and not chain.is_single:
        words += f" Look at {_ranges(sorted(chain.weak))}, marked amber (Alt+PgDown)."
    if chain.proposed:
        words += " Correct it with a click and press Space to accept it, or press Esc to leave it out."
    return words


def _ranges(indices: list[int]) -> str:
    """Slices in words, counted from 1: *slices 3 to 7, 9*."""
    parts: list[list[int]] = []
    for index in indices:
        if parts and index == parts[-1][-1] + 1:
            parts[-1].append(index)
        else:
            parts.append([index])
    words = [f"{part[0] + 1}" if len(part) == 1 else f"{part[0] + 1} to {part[-1] + 1}" for part in parts]
    return f"slice{'' if len(indices) == 1 else 's'} {', '.join(words)}"
