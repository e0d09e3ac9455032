"""Other ways to click: each changes one thing about the user, and nothing about what counts."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.clicks import Click
from model.evaluation.manners import LATE_FROM, MANNERS, PROTOCOL
from model.evaluation.protocol import ObjectRun, click_object
from model.evaluation.user import SimulatedUser

from .test_protocol import Grower, Mask, disk, rectangle

SHAPE = (60, 80)
TRUTH = disk(SHAPE, 30, 40, 18)
NOTHING = np.zeros(SHAPE, np.bool_)


class Spiller:
    """Answers a disk round each positive click, which is larger than the object, and takes the negative ones out."""

    def __init__(self) -> None:
        self.asked: list[tuple[Click, ...]] = []

    def set_image(self, image: NDArray[np.uint8]) -> None:
        pass

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        self.asked.append(tuple(clicks))
        answer = np.zeros(SHAPE, np.float32)
        for click in clicks:
            answer[disk(SHAPE, click.row, click.col, 12 if click.is_positive else 4)] = click.is_positive
        return answer


def user(manner: str, truth: Mask = TRUTH, seed: int = 0) -> SimulatedUser:
    return MANNERS[manner][1](truth, None, np.random.default_rng(seed))


def clicked(manner: str, seed: int = 0) -> ObjectRun:
    return click_object(Spiller(), TRUTH, user=user(manner, seed=seed))


def test_the_first_manner_is_the_protocol() -> None:
    assert next(iter(MANNERS)) == PROTOCOL
    assert clicked(PROTOCOL).clicks == click_object(Spiller(), TRUTH).clicks


@given(seed=st.integers(0, 1000), manner=st.sampled_from(["jittered", "off-centre", "late-negative"]))
def test_every_click_puts_a_wrong_pixel_right_and_none_twice(seed: int, manner: str) -> None:
    rng = np.random.default_rng(seed)
    asked = user(manner, seed=seed)
    seen = set()
    mask = NOTHING
    for _ in range(8):
        click = asked.click(mask)
        if click is None:
            return
        assert TRUTH[click.row, click.col] == click.is_positive != mask[click.row, click.col]
        assert (click.row, click.col) not in seen
        seen.add((click.row, click.col))
        mask = disk(SHAPE, int(rng.integers(60)), int(rng.integers(80)), int(rng.integers(1, 25)))


def test_jittered_clicks_miss_the_centre_but_not_by_far() -> None:
    centre = SimulatedUser(TRUTH).click(NOTHING)
    assert centre is not None
    places = [user("jittered", seed=seed).click(NOTHING) for seed in range(30)]
    gaps = [np.hypot(click.row - centre.row, click.col - centre.col) for click in places if click is not None]
    assert max(gaps) <= 0.5 * 19
    assert np.median(gaps) > 2


def test_a_first_click_off_centre_lies_well_inside_the_object() -> None:
    places = [user("off-centre", seed=seed).click(NOTHING) for seed in range(30)]
    gaps = [np.hypot(click.row - 30, click.col - 40) for click in places if click is not None]
    assert max(gaps) <= 18 - 0.2 * 18 + 1
    assert np.median(gaps) > 5


def test_negative_clicks_come_late() -> None:
    small = disk(SHAPE, 30, 40, 6)
    spilled = rectangle(SHAPE, 0, 0, 60, 30)
    asked = user("late-negative", small)
    signs = [click.is_positive for click in (asked.click(spilled) for _ in range(LATE_FROM)) if click is not None]
    assert signs == [True] * (LATE_FROM - 1) + [False]
    # With nothing left to add they come at once.
    first = user("late-negative", small).click(spilled | small)
    assert first is not None
    assert not first.is_positive


def test_slips_are_answered_undone_and_count() -> None:
    engine = Spiller()
    run = click_object(engine, TRUTH, user=user("slips", seed=1))
    slips = [place for place, undone in enumerate(run.undone) if undone]
    assert slips
    # After a slip the engine is asked again without it, and the slip stays in no later prompt.
    kept: list[Click] = []
    asked = iter(engine.asked)
    for place, click in enumerate(run.clicks):
        assert next(asked) == (*kept, click)
        if run.undone[place]:
            if kept:
                assert next(asked) == tuple(kept)
            assert run.ious[place] == (run.ious[place - 1] if place else 0.0)
        else:
            kept.append(click)
    assert list(asked) == []


@pytest.mark.parametrize("manner", MANNERS)
def test_a_seed_gives_the_same_clicks_again(manner: str) -> None:
    assert clicked(manner, 3).clicks == clicked(manner, 3).clicks
    nothing = np.zeros((20, 30), np.bool_)
    assert click_object(Grower(), nothing, user=user(manner, nothing)).ious == ()
