"""The rules of the region of interest: when it moves, when it stays, what it must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.clicks import Click
from model.engine import AdaptiveRegion, Box, Extent, Situation, WholeImage, ZoomIn
from model.engine.region import expand

SIZE = (1000, 1200)
CLICK = Click(500, 600, is_positive=True)
OTHER = Click(510, 610, is_positive=True)


def situation(
    mask: Box | None,
    present: Box | None = None,
    clicks: tuple[Click, ...] = (CLICK, OTHER),
    share: float = 1.0,
    from_mask: bool = False,
) -> Situation:
    extent = Extent(mask, 0.0 if mask is None else mask.area * share)
    return Situation(SIZE, 400, clicks, extent, present, from_mask)


def test_the_published_rule_sees_the_whole_image_at_the_first_click() -> None:
    assert ZoomIn().choose(situation(Box(450, 550, 550, 650), clicks=(CLICK,))) is None


def test_the_published_rule_expands_the_box_of_the_mask() -> None:
    assert ZoomIn().choose(situation(Box(300, 400, 700, 800))) == Box(220, 320, 780, 880)


def test_a_region_is_at_least_200_pixels_wide() -> None:
    found = ZoomIn().choose(situation(Box(500, 600, 511, 611)))
    assert found is not None
    assert (found.height, found.width) == (200, 200)


def test_a_region_stays_while_it_overlaps_and_holds_the_clicks() -> None:
    present = Box(220, 320, 780, 880)
    assert ZoomIn().choose(situation(Box(320, 420, 700, 800), present)) is present


def test_a_region_moves_where_the_overlap_is_under_a_half() -> None:
    present = Box(220, 320, 780, 880)
    found = ZoomIn().choose(situation(Box(480, 580, 520, 620), present))
    assert found == Box(400, 500, 600, 700)


def test_a_region_moves_for_a_positive_click_outside_and_not_for_a_negative_one() -> None:
    present, mask = Box(220, 320, 780, 880), Box(300, 400, 700, 800)
    outside = {sign: Click(790, 600, is_positive=sign) for sign in (True, False)}
    moved = ZoomIn().choose(situation(mask, present, (CLICK, outside[True])))
    assert moved is not None
    assert moved != present
    assert moved.contains(outside[True])
    assert ZoomIn().choose(situation(mask, present, (CLICK, outside[False]))) is present


def test_while_nothing_is_found_the_whole_image_is_seen_as_it_is() -> None:
    """As published: not zoomed, so that a small object is not made smaller still."""
    rule = ZoomIn(side=400)
    for present in (None, Box(0, 0, 200, 200)):
        assert rule.choose(situation(None, present)) is None
    assert rule.view_side(400, SIZE, zoomed=False) == 800


def test_the_fixed_kind_begins_with_the_whole_image_and_keeps_to_it_as_published() -> None:
    """RITM's code looks a second time within a click only where no region was chosen before; here one always was."""
    rule = ZoomIn.fixed(448)
    everything = Box(0, 0, *SIZE)
    assert rule.choose(situation(None, clicks=(CLICK,))) == everything
    assert rule.choose(situation(None, everything)) is everything
    assert rule.choose(situation(Box(100, 100, 900, 1100), everything)) is everything
    assert rule.choose(situation(Box(450, 550, 550, 650), everything)) == Box(400, 500, 600, 700)


def test_the_adaptive_rule_zooms_near_on_small_objects_and_late_on_large_ones() -> None:
    small, large = Box(450, 550, 550, 650), Box(100, 300, 800, 1000)
    rule = AdaptiveRegion()
    assert rule.choose(situation(small, clicks=(CLICK,))) is None
    assert rule.choose(situation(small)) == expand(Box(450, 550, 550, 650), 1.7, 100, SIZE)
    assert rule.choose(situation(large)) is None
    assert rule.choose(situation(small, clicks=(CLICK,), from_mask=True)) is not None


def test_the_adaptive_rule_searches_round_the_last_click_where_nothing_is_found() -> None:
    found = AdaptiveRegion().choose(situation(None))
    assert found is not None
    assert (found.height, found.width) == (350, 420)
    assert found.contains(CLICK)
    assert found.contains(OTHER)


def test_the_adaptive_rule_follows_an_object_that_runs_out_of_the_region() -> None:
    present = Box(400, 500, 600, 700)
    mask = Box(400, 520, 590, 680)
    # Where it would stay, were it not for the border that the mask touches.
    moved = AdaptiveRegion(keep_overlap=0.4).choose(situation(mask, present))
    assert moved is not None
    assert moved.row0 < present.row0
    assert AdaptiveRegion(keep_overlap=0.4, move_when_touched=False).choose(situation(mask, present)) is present


def test_the_whole_image_is_never_left() -> None:
    assert WholeImage().choose(situation(Box(450, 550, 550, 650), Box(0, 0, 200, 200))) is None


@given(
    box=st.tuples(st.integers(0, 98), st.integers(0, 78), st.integers(1, 99), st.integers(1, 79)),
    factor=st.floats(1, 3),
    min_side=st.integers(1, 200),
)
def test_an_expanded_box_holds_the_box_and_stays_in_the_image(
    box: tuple[int, int, int, int], factor: float, min_side: int
) -> None:
    row0, col0, height, width = box
    inner = Box(row0, col0, min(100, row0 + height), min(80, col0 + width))
    outer = expand(inner, factor, min_side, (100, 80))
    assert 0 <= outer.row0 <= inner.row0 < inner.row1 <= outer.row1 <= 100
    assert 0 <= outer.col0 <= inner.col0 < inner.col1 <= outer.col1 <= 80


def test_the_overlap_is_the_product_along_the_axes() -> None:
    assert Box(0, 0, 10, 10).overlap(Box(0, 5, 10, 15)) == pytest.approx(1 / 3)
    assert Box(0, 0, 10, 10).overlap(Box(5, 5, 15, 15)) == pytest.approx(1 / 9)
    assert Box(0, 0, 10, 10).overlap(Box(20, 0, 30, 10)) == 0
