"""Objects, classes and prompts: the small, immutable part of an annotation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from .click import Click
from .geometry import SliceKey
from .masks import MaskCrop

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
    (153, 221, 102),
    (170, 119, 221),
    (255, 140, 140),
    (68, 204, 187),
    (170, 136, 85),
)
"""Colours that colour-blind people can tell apart: Okabe and Ito's first, then others of differing lightness."""


def palette_colour(number: int) -> Colour:
    """Colour of the object or class with this number, counted from 1."""
    return PALETTE[(number - 1) % len(PALETTE)]


class Status(Enum):
    """How far a photo is."""

    TO_DO = "to do"
    IN_PROGRESS = "in progress"
    DONE = "done"
    FLAGGED = "flagged"


class Origin(Enum):
    """Where an object's pixels on a slice come from."""

    HAND = "hand"
    """The annotator: clicked, drawn, imported, or looked at and accepted. A slice with such pixels is a key slice."""
    CARRIED = "carried"
    """Another slice, and nobody changed or accepted them since."""
    DOUBTFUL = "doubtful"
    """Another slice, and they should be looked at."""


@dataclass(frozen=True, slots=True)
class LabelClass:
    """A kind of object; `id` counts from 1 and never changes."""

    id: int
    name: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the annotator asked of the network on one slice.

    `is_open` while the answer is not yet accepted. `accepted` are the clicks of the last accepted answer: a
    reopened object goes back to them when the new clicks are dropped. `start` is a mask to set out from. `origin` is
    that of the accepted pixels, or of a mask that is proposed.
    """

    clicks: tuple[Click, ...] = ()
    start: MaskCrop | None = None
    is_open: bool = False
    accepted: tuple[Click, ...] = ()
    origin: Origin = Origin.HAND


EMPTY_PROMPT = Prompt()


def _no_prompts() -> Mapping[SliceKey, Prompt]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LabelObject:
    """One object; `id` (1 to 65535) is what the label map holds and never changes."""

    id: int
    name: str
    class_id: int
    colour: Colour
    is_visible: bool = True
    is_locked: bool = False
    prompts: Mapping[SliceKey, Prompt] = field(default_factory=_no_prompts)

    def prompt(self, key: SliceKey) -> Prompt:
        """Return the prompt on a slice; an empty one where there is none."""
        return self.prompts.get(key, EMPTY_PROMPT)

    def with_prompt(self, key: SliceKey, prompt: Prompt) -> "LabelObject":
        """Return this object with another prompt on a slice."""
        prompts = {**self.prompts, key: prompt}
        if prompt == EMPTY_PROMPT:
            del prompts[key]
        return replace(self, prompts=MappingProxyType(prompts))


@dataclass(frozen=True, slots=True)
class State:
    """Everything of an annotation but the label map; immutable, so that undo is going back to an older one."""

    objects: tuple[LabelObject, ...] = ()
    """In the annotator's order."""
    classes: tuple[LabelClass, ...] = (LabelClass(1, "object", PALETTE[0]),)
    next_object_id: int = 1
    next_class_id: int = 2
    status: Status = Status.TO_DO

    def find_object(self, object_id: int | None) -> LabelObject | None:
        """Return the object with this id, or None."""
        return next((each for each in self.objects if each.id == object_id), None)

    def find_class(self, class_id: int) -> LabelClass | None:
        """Return the class with this id, or None."""
        return next((each for each in self.classes if each.id == class_id), None)

    @property
    def locked_ids(self) -> frozenset[int]:
        """Ids of the locked objects."""
        return frozenset(each.id for each in self.objects if each.is_locked)
