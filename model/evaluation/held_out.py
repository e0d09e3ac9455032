"""The NoC protocol on a few annotated images: what a model is worth before and after it was tuned."""

from collections.abc import Callable, Sequence
from typing import Any

from ..data.check import Checked
from .protocol import Engine, ObjectRun, ProtocolSettings, click_object
from .report import means_of
from .targets import spread

STOP_AT = 0.9
"""An object is not clicked on from this IoU on."""


def choose_objects(images: Sequence[Checked], most: int) -> list[tuple[Checked, list[int]]]:
    """Choose at most `most` objects, spread over the images and, in each, over their sizes."""
    if not images:
        return []
    an_image = max(1, -(-most // len(images)))
    chosen = []
    for each in images:
        by_size = sorted(each.areas, key=lambda number, areas=each.areas: (-areas[number], number))  # type: ignore[misc]
        chosen += [(each, number) for number in spread(by_size, an_image)]
    objects: list[tuple[Checked, list[int]]] = []
    for each, number in spread(chosen, most):
        if not objects or objects[-1][0] is not each:
            objects.append((each, []))
        objects[-1][1].append(number)
    return objects


def measure_held_out(
    engine: Engine,
    objects: Sequence[tuple[Checked, list[int]]],
    told: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Click the objects and sum up: `noc@85`, `noc@90`, `failures@90`, `miou@K`; objects stop at `STOP_AT`.

    `told` hears how many objects are done, of how many, and may raise to end the work.
    """
    protocol = ProtocolSettings(target_iou=STOP_AT)
    total = sum(len(numbers) for _, numbers in objects)
    runs: list[ObjectRun] = []
    for each, numbers in objects:
        pixels, truth = each.image.read()
        engine.set_image(pixels)
        for number in numbers:
            told(len(runs), total)
            runs.append(click_object(engine, truth.mask(number), truth.ignored, protocol))
    told(total, total)
    return means_of([run for run in runs if run.ious], protocol)
