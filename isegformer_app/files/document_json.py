"""Objects, classes and clicks as JSON, for the session file and the journal."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from isegformer_app.document import (
    ClassList,
    Click,
    Colour,
    Effort,
    LabelClass,
    LabelObject,
    Origin,
    Prompt,
    Shape,
    SliceKey,
    State,
    Status,
)
from isegformer_app.document.label_map import MAX_OBJECT_ID

from .plain_json import BadContent, Json, amount, listed, number, record, text, triple, truth
from .runs_json import MOST_VOXELS, crop_json, read_crop


def class_json(label_class: LabelClass) -> Json:
    """Put a class into words."""
    return {"id": label_class.id, "name": label_class.name, "colour": list(label_class.colour)}


def read_class(value: object) -> LabelClass:
    """Read `class_json`."""
    stored = record(value)
    return LabelClass(number(stored.get("id"), 1), text(stored.get("name")), _colour(stored.get("colour")))


def read_class_list(classes: object, next_class: object) -> ClassList:
    """Read the classes of a queue; numbers are unique, and there is at least one class."""
    state = State((), listed(classes, read_class), 1, number(next_class, 1))
    check_state(state)
    return ClassList.of(state)


def object_json(each: LabelObject) -> Json:
    """Put an object and its clicks into words."""
    return {
        "id": each.id,
        "name": each.name,
        "class": each.class_id,
        "colour": list(each.colour),
        "visible": each.is_visible,
        "locked": each.is_locked,
        "prompts": [_prompt_json(key, prompt) for key, prompt in each.prompts.items()],
    }


def read_object(value: object) -> LabelObject:
    """Read `object_json`."""
    stored = record(value)
    return LabelObject(
        number(stored.get("id"), 1, MAX_OBJECT_ID),
        text(stored.get("name")),
        number(stored.get("class"), 1),
        _colour(stored.get("colour")),
        truth(stored.get("visible")),
        truth(stored.get("locked")),
        MappingProxyType(dict(listed(stored.get("prompts"), _read_prompt))),
    )


def state_json(state: State) -> Json:
    """Put all but the labels into words."""
    return {
        "objects": [object_json(each) for each in state.objects],
        "classes": [class_json(each) for each in state.classes],
        "next_object": state.next_object_id,
        "next_class": state.next_class_id,
        "status": state.status.value,
    }


def read_state(value: object) -> State:
    """Read `state_json`; numbers are unique, and every object has a class."""
    stored = record(value)
    state = State(
        listed(stored.get("objects"), read_object),
        listed(stored.get("classes"), read_class),
        number(stored.get("next_object"), 1, MAX_OBJECT_ID + 1),
        number(stored.get("next_class"), 1),
        _status(stored.get("status")),
    )
    check_state(state)
    return state


def check_state(state: State) -> None:
    """Raise `BadContent` where a state contradicts itself."""
    objects, classes = [each.id for each in state.objects], [each.id for each in state.classes]
    if len(set(objects)) < len(objects) or len(set(classes)) < len(classes) or not classes:
        raise BadContent("two objects or classes of one number")
    if max(objects, default=0) >= state.next_object_id or max(classes) >= state.next_class_id:
        raise BadContent("numbers that would be given twice")
    if not {each.class_id for each in state.objects} <= set(classes):
        raise BadContent("an object without a class")


def state_step_json(before: State, after: State) -> Json:
    """Put into words what a step changed in the state; states share what did not change."""
    former = {each.id: each for each in before.objects}
    step: Json = {"objects": [object_json(each) for each in after.objects if former.get(each.id) is not each]}
    order = [each.id for each in after.objects]
    if order != [each.id for each in before.objects]:
        step["order"] = order
    if after.classes != before.classes:
        step["classes"] = [class_json(each) for each in after.classes]
    rest = {"next_object": after.next_object_id, "next_class": after.next_class_id, "status": after.status.value}
    return step | rest


def read_state_step(value: object, before: State) -> State:
    """Read `state_step_json` against the state that it was made from."""
    stored = record(value)
    objects = {each.id: each for each in (*before.objects, *listed(stored.get("objects"), read_object))}
    order = listed(stored["order"], number) if "order" in stored else tuple(each.id for each in before.objects)
    if not set(order) <= objects.keys():
        raise BadContent("an order of objects that are not there")
    classes = listed(stored["classes"], read_class) if "classes" in stored else before.classes
    next_object = number(stored.get("next_object"), 1, MAX_OBJECT_ID + 1)
    next_class, status = number(stored.get("next_class"), 1), _status(stored.get("status"))
    state = State(tuple(objects[each] for each in order), classes, next_object, next_class, status)
    check_state(state)
    return state


def effort_json(efforts: Mapping[int, Effort]) -> list[list[float]]:
    """Put into words what the objects cost: number, clicks, seconds."""
    return [[object_id, each.clicks, each.seconds] for object_id, each in efforts.items()]


def read_effort(value: object) -> Mapping[int, Effort]:
    """Read `effort_json`."""
    return dict(listed(value, _read_effort))


def read_shape(value: object) -> Shape:
    """Read (slices, rows, columns), each at least 1."""
    shape = triple(value)
    if not 1 <= math.prod(shape) <= MOST_VOXELS:
        raise BadContent("an impossible size")
    return shape


def _prompt_json(key: SliceKey, prompt: Prompt) -> Json:
    origin = {} if prompt.origin is Origin.HAND else {"origin": prompt.origin.value}
    return origin | {
        "axis": key.axis,
        "index": key.index,
        "clicks": [_click_json(click) for click in prompt.clicks],
        "accepted": [_click_json(click) for click in prompt.accepted],
        "open": prompt.is_open,
        "start": None if prompt.start is None else crop_json(prompt.start),
    }


def _read_prompt(value: object) -> tuple[SliceKey, Prompt]:
    stored = record(value)
    start = stored.get("start")
    prompt = Prompt(
        listed(stored.get("clicks"), _read_click),
        None if start is None else read_crop(start),
        truth(stored.get("open")),
        listed(stored.get("accepted"), _read_click),
        _origin(stored.get("origin", Origin.HAND.value)),
    )
    return SliceKey(number(stored.get("axis"), 0, 2), number(stored.get("index"))), prompt


def _click_json(click: Click) -> list[int]:
    return [click.row, click.col, int(click.is_positive)]


def _read_click(value: object) -> Click:
    row, col, sign = triple(value)
    return Click(row, col, bool(number(sign, 0, 1)))


def _read_effort(value: Any) -> tuple[int, Effort]:  # noqa: ANN401 - JSON may hold anything
    object_id, clicks, seconds = listed(value, amount)
    return number(object_id), Effort(number(clicks), float(seconds))


def _colour(value: object) -> Colour:
    return triple(value, 255)


def _origin(value: object) -> Origin:
    try:
        return Origin(value)
    except ValueError as error:
        raise BadContent(f"{value!r:.40} is no origin of pixels") from error


def _status(value: object) -> Status:
    try:
        return Status(value)
    except ValueError as error:
        raise BadContent(f"{value!r:.40} is no status") from error
