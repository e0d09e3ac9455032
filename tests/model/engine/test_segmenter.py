"""The engine's promises: sizes, clicks honoured, the same answer to the same clicks, clear errors."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.checkpoints import save_checkpoint
from model.clicks import Click
from model.engine import THRESHOLD, AdaptiveRegion, Cancelled, Segmenter, WholeImage, ZoomIn
from model.errors import CheckpointError, ClickError, DeviceError, ImageError, SettingsError
from model.networks import create_network

from .tiny import Painter, TinyEarly, TinyLate, TinySquare


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("network", [TinyLate, TinyEarly])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2), (63, 65), (300, 20), (5, 900), (256, 256)])
def test_any_size_gets_an_answer_of_its_size(network: type[TinyLate], size: tuple[int, int]) -> None:
    segmenter = Segmenter(network())
    segmenter.set_image(noise(*size))
    clicks = [Click(size[0] - 1, size[1] - 1, is_positive=True), Click(0, 0, is_positive=size == (1, 1))]
    for count in (1, 2):
        answer = segmenter.predict(clicks[:count])
        assert answer.shape == size
        assert answer.dtype == np.float32
        assert np.isfinite(answer).all()
        assert answer.min() >= 0
        assert answer.max() <= 1


click_lists = st.lists(
    st.tuples(st.integers(0, 44), st.integers(0, 69), st.booleans()), min_size=1, max_size=6, unique_by=lambda c: c[:2]
)


@hypothesis_settings(max_examples=40)
@given(points=click_lists, seed=st.integers(0, 5), network=st.sampled_from([TinyLate, TinyEarly]))
def test_every_clicked_pixel_has_the_clicked_label(
    points: list[tuple[int, int, bool]], seed: int, network: type[TinyLate]
) -> None:
    segmenter = Segmenter(network(gain=30, seed=seed))
    segmenter.set_image(noise(45, 70, seed))
    clicks = [Click(row, col, is_positive=sign) for row, col, sign in points]
    answer = segmenter.predict(clicks)
    for click in clicks:
        assert (answer[click.row, click.col] >= THRESHOLD) == click.is_positive
        assert (answer[click.row, click.col] >= 0.5) == click.is_positive


def test_the_last_click_on_a_pixel_counts() -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(40, 40))
    clicks = [Click(9, 9, is_positive=True), Click(9, 9, is_positive=False)]
    assert segmenter.predict(clicks)[9, 9] < THRESHOLD
    assert segmenter.predict(clicks[::-1])[9, 9] >= 0.5


def test_a_click_on_a_large_image_changes_more_than_its_pixel() -> None:
    image = np.zeros((640, 640, 3), np.uint8)
    segmenter = Segmenter(Painter(), region=WholeImage())
    segmenter.set_image(image)
    answer = segmenter.predict([Click(320, 320, is_positive=True)])
    assert (answer[310:331, 310:331] >= 0.5).sum() > 100
    assert answer[0, 0] < THRESHOLD


def test_same_clicks_have_the_same_answer_whatever_was_asked_before() -> None:
    clicks = [Click(30, 30, is_positive=True), Click(10, 60, is_positive=False), Click(44, 69, is_positive=True)]
    one, other = Segmenter(TinyLate()), Segmenter(TinyLate())
    for segmenter in (one, other):
        segmenter.set_image(noise(45, 70))
    chain = None
    for count in (1, 2, 3):
        chain = one.predict(clicks[:count], chain)
    one.predict([Click(0, 0, is_positive=True)])
    assert chain is not None
    assert np.array_equal(chain, other.predict(clicks))
    assert np.array_equal(chain, one.predict(clicks))


def test_a_new_image_forgets_the_old_one() -> None:
    segmenter = Segmenter(TinyLate())
    click = [Click(3, 3, is_positive=True)]
    segmenter.set_image(noise(40, 40, 1))
    first = segmenter.predict(click)
    segmenter.set_image(noise(40, 40, 2))
    second = segmenter.predict(click)
    segmenter.set_image(noise(40, 40, 1))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, segmenter.predict(click))


def test_the_image_is_encoded_once_for_many_clicks() -> None:
    network = TinyLate()
    segmenter = Segmenter(network, region=WholeImage())
    segmenter.set_image(noise(45, 70))
    before = len(network.encoded)
    for col in range(5):
        segmenter.predict([Click(5, col, is_positive=True)])
    assert len(network.encoded) == before


def test_a_previous_mask_guides_the_network() -> None:
    network = TinyLate()
    segmenter = Segmenter(network, region=WholeImage())
    segmenter.set_image(noise(64, 64))
    mask = np.zeros((64, 64), np.bool_)
    mask[:, :32] = True
    with_mask = segmenter.predict([Click(5, 40, is_positive=True)], mask)
    guidance = network.guidance[-1][0, 0].numpy()
    assert guidance[:, :30].min() > 0.9
    assert guidance[:, 34:].max() < 0.1
    assert not np.array_equal(with_mask, segmenter.predict([Click(5, 40, is_positive=True)]))
    assert np.array_equal(with_mask, segmenter.predict([Click(5, 40, is_positive=True)], mask.astype(np.float32)))


def test_without_clicks_the_previous_mask_is_the_answer() -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(8, 9))
    mask = np.eye(8, 9, dtype=np.bool_)
    assert np.array_equal(segmenter.predict([], mask), mask.astype(np.float32))
    assert not segmenter.predict([]).any()


def test_flip_averages_the_mirror_image() -> None:
    image, click = noise(64, 64), [Click(20, 12, is_positive=True)]
    mirrored = [Click(20, 51, is_positive=True)]
    segmenter = Segmenter(TinyLate(), flip=True, region=WholeImage(), honour=None)
    segmenter.set_image(image)
    answer = segmenter.predict(click)
    segmenter.set_image(np.ascontiguousarray(image[:, ::-1]))
    assert np.allclose(answer, segmenter.predict(mirrored)[:, ::-1], atol=1e-6)
    plain = Segmenter(TinyLate(), region=WholeImage(), honour=None)
    plain.set_image(image)
    assert not np.allclose(answer, plain.predict(click), atol=1e-4)


def test_cancelling_between_stages_leaves_the_segmenter_in_order() -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(45, 70))
    clicks = [Click(1, 1, is_positive=True), Click(30, 50, is_positive=True)]
    answers = iter([False, False, True])
    with pytest.raises(Cancelled):
        segmenter.predict(clicks, cancelled=lambda: next(answers))
    fresh = Segmenter(TinyLate())
    fresh.set_image(noise(45, 70))
    assert np.array_equal(segmenter.predict(clicks, cancelled=lambda: False), fresh.predict(clicks))


def test_a_second_caller_waits_and_gets_its_own_answer() -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(45, 70))
    clicks = [[Click(row, 2 * row, is_positive=True)] for row in range(8)]
    expected = [segmenter.predict(chain) for chain in clicks]
    segmenter.set_image(noise(45, 70))
    found: dict[int, NDArray[np.float32]] = {}

    def ask(index: int) -> None:
        found[index] = segmenter.predict(clicks[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[index], expected[index]) for index in range(8))


def test_predicting_before_an_image_is_refused() -> None:
    with pytest.raises(ImageError, match="No image is set"):
        Segmenter(TinyLate()).predict([Click(0, 0, is_positive=True)])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5, 3), np.float32),
        np.zeros((5, 5, 3), np.uint16),
        np.zeros((0, 5, 3), np.uint8),
        [[1, 2], [3, 4]],
        None,
    ],
)
def test_what_is_no_rgb_image_is_refused_and_the_image_before_stays(image: Any) -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(9, 9))
    with pytest.raises(ImageError):
        segmenter.set_image(image)
    assert segmenter.image_size == (9, 9)
    assert segmenter.predict([Click(8, 8, is_positive=True)]).shape == (9, 9)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (9, 0), (0, 12), (2.5, 0), (True, 0), (None, 0)])
def test_a_click_that_is_on_no_pixel_is_refused(place: tuple[Any, Any]) -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(9, 12))
    with pytest.raises(ClickError):
        segmenter.predict([Click(0, 0, is_positive=True), Click(*place, is_positive=True)])


@pytest.mark.parametrize("clicks", [Click(3, 3, is_positive=True), None, [(3, 3, True)], 5])
def test_what_are_no_clicks_is_refused(clicks: Any) -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(9, 12))
    with pytest.raises(ClickError, match="give "):
        segmenter.predict(clicks)


@pytest.mark.parametrize(
    "previous",
    [
        np.zeros((8, 9)),
        np.full((9, 9), 2.0),
        np.full((9, 9), -0.1),
        np.full((9, 9), np.nan),
        np.ones((9, 9), np.uint8),
        [[0.5]],
    ],
)
def test_what_is_no_previous_mask_is_refused(previous: Any) -> None:
    segmenter = Segmenter(TinyLate())
    segmenter.set_image(noise(9, 9))
    with pytest.raises(ImageError):
        segmenter.predict([Click(0, 0, is_positive=True)], previous)


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceError):
        Segmenter(TinyLate(), device)


def test_asking_for_cuda_without_one_is_refused_before_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(DeviceError, match="cuda"):
        Segmenter.load("there-is-no-such-model", "cuda")


def test_no_threads_are_refused() -> None:
    with pytest.raises(SettingsError):
        Segmenter(TinyLate(), threads=0)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(CheckpointError):
        Segmenter.load("there-is-no-such-model", "cpu")


def test_a_file_is_loaded_with_its_name_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, create_network("segformer-b0"), "segformer-b0", {}, name="own", card={})
    segmenter = Segmenter.load(path, "cpu")
    assert segmenter.model_name == "own"
    assert len(segmenter.model_sha256 or "") == 64
    assert isinstance(segmenter.region, ZoomIn)


def test_the_rule_of_the_region_follows_the_fusion() -> None:
    assert isinstance(Segmenter(TinyEarly()).region, ZoomIn)
    assert isinstance(Segmenter(TinyLate()).region, AdaptiveRegion)


def test_the_view_has_the_size_and_shape_that_the_network_was_made_for() -> None:
    assert Segmenter(TinyEarly()).region == ZoomIn(side=None)
    network = TinySquare()
    segmenter = Segmenter(network)
    segmenter.set_image(np.zeros((40, 90, 3), np.uint8))
    segmenter.predict([Click(20, 45, is_positive=True)])
    assert {guidance.shape for guidance in network.guidance} == {(1, 1, 64, 64)}


def test_clicks_are_drawn_with_the_radius_of_the_network() -> None:
    drawn = []
    for radius in (5.0, 2.0):
        network = TinyEarly()
        network.click_radius = radius
        segmenter = Segmenter(network, region=WholeImage())
        segmenter.set_image(np.zeros((64, 64, 3), np.uint8))
        segmenter.predict([Click(30, 30, is_positive=True)])
        drawn.append(int(network.clicks[0].sum()))
    assert drawn == [81, 13]


def test_a_small_object_is_found_at_its_own_size_by_zooming() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    image[200:207, 300:305] = 255
    segmenter = Segmenter(Painter())
    segmenter.set_image(image)
    clicks = [Click(203, 302, is_positive=True), Click(203, 303, is_positive=True), Click(204, 302, is_positive=True)]
    mask = segmenter.predict(clicks) >= THRESHOLD
    truth = image[..., 0] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.6
