"""What of an image becomes a target: parts, stuff, and crops without an object."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from model.data.annotated import Annotated, Objects
from model.errors import DatasetError
from model.training.click_samples import ClickSamples

from .clicked import SMALL

LABELS = np.zeros((2, 64, 80), np.int32)
LABELS[0, 10:60, 10:70] = 1
LABELS[1, 30:50, 20:40] = 2
LABELS[0, :8] = 3


def street() -> Annotated:
    """A picture of a car (1) with a wheel (2) under the sky (3)."""
    picture = np.zeros((64, 80, 3), np.uint8)
    objects = Objects(LABELS, np.zeros((64, 80), np.bool_), parents={2: 1}, stuff=frozenset({3}))
    return Annotated("street", "1", lambda: picture, lambda: objects)


def target_areas(**changes: object) -> list[int]:
    settings = replace(SMALL, crop=(64, 80), scales=(1.0, 1.0), merge_share=0.0, **changes)  # type: ignore[arg-type]
    samples = ClickSamples([street()], settings)
    return [int(samples[number][1].sum()) for number in range(60)]


def test_parts_are_targets_only_where_they_are_wanted() -> None:
    assert set(target_areas(stuff_share=0.0)) == {50 * 60}
    assert set(target_areas(stuff_share=0.0, takes_parts=True)) == {50 * 60, 20 * 20, 50 * 60 - 20 * 20}


def test_stuff_is_a_target_as_often_as_it_is_wanted() -> None:
    areas = target_areas(stuff_share=1.0)
    assert set(areas) == {50 * 60, 8 * 80}
    assert 15 < areas.count(8 * 80) < 45


def test_an_object_that_is_too_small_is_no_target() -> None:
    assert set(target_areas(stuff_share=1.0, min_area=1000)) == {50 * 60}
    assert set(target_areas(stuff_share=1.0, min_area=4000)) == {0}


def test_crops_without_a_pixel_of_an_object_are_cut_again() -> None:
    """A picture of 400 columns has its one object in the first 40; few crops of 40 columns hold a pixel of it."""
    labels = np.zeros((1, 40, 400), np.int32)
    labels[0, :, :40] = 1
    objects = Objects(labels, np.zeros((40, 400), np.bool_))
    wide = Annotated("wide", "1", lambda: np.zeros((40, 400, 3), np.uint8), lambda: objects)
    settings = replace(SMALL, crop=(40, 40), scales=(1.0, 1.0), min_area=1)
    rarely, always = (
        [int(ClickSamples([wide], replace(settings, empty_share=share))[number][1].any()) for number in range(60)]
        for share in (0.0, 1.0)
    )
    # One crop in nine holds a pixel of it: of 20 crops one does nine times in ten.
    assert np.mean(rarely) > 0.75
    assert np.mean(always) < 0.3


def test_an_image_that_cannot_be_read_is_named_once_and_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # import-linter, in the same process, may have switched the loggers off that were there before it.
    monkeypatch.setattr(logging.getLogger("model.training.click_samples"), "disabled", False)

    def broken() -> Objects:
        raise DatasetError("its mask is damaged.")

    bad = replace(street(), stem="bad", read_objects=broken)
    samples = ClickSamples([bad, street()], replace(SMALL, stuff_share=0.0))
    assert all(samples[number][1].any() for number in range(8))
    assert [record.getMessage() for record in caplog.records] == ["street/bad is left out: its mask is damaged."]
    with pytest.raises(DatasetError, match="none could be read"):
        ClickSamples([bad], SMALL)[0]


def test_images_are_decoded_once_and_kept_where_they_fit() -> None:
    reads = []

    def counted() -> np.ndarray:
        reads.append(1)
        return np.zeros((64, 80, 3), np.uint8)

    image = replace(street(), read_pixels=counted)
    for memory, wanted in ((2.0, 1), (1e-9, 5)):
        reads.clear()
        samples = ClickSamples([image], replace(SMALL, memory_gb=memory))
        for number in range(5):
            samples[number]
        assert len(reads) == wanted
