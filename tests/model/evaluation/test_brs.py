"""f-BRS: the answer is bent until it agrees with the clicks, where the network allows it."""

import numpy as np
import pytest
import torch
from torch import Tensor

from model.clicks import Click
from model.engine import Segmenter
from model.errors import SettingsError
from model.evaluation.brs import BackpropagatingNetwork, _Search
from model.networks import Features, disk_maps
from tests.model.engine.tiny import TinyEarly, TinyLate


def test_the_answer_agrees_better_with_the_clicks_than_without() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    clicks = [Click(20, 20, is_positive=True), Click(50, 50, is_positive=False)]
    rows, cols = np.indices((64, 64))
    wrong = []
    for network in (TinyLate(), BackpropagatingNetwork(TinyLate())):
        segmenter = Segmenter(network, honour=None)
        segmenter.set_image(image)
        answer = segmenter.predict(clicks)
        again = segmenter.predict(clicks)
        np.testing.assert_array_equal(answer, again)
        near = [np.maximum(abs(rows - click.row), abs(cols - click.col)) <= 1 for click in clicks]
        wrong.append(((1 - answer[near[0]]) ** 2).mean() + (answer[near[1]] ** 2).mean())
    assert wrong[1] < wrong[0]


def test_the_first_click_is_answered_by_the_network_alone() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    answers = []
    for network in (TinyLate(), BackpropagatingNetwork(TinyLate())):
        segmenter = Segmenter(network, honour=None)
        segmenter.set_image(image)
        answers.append(segmenter.predict([Click(20, 20, is_positive=True)]))
    np.testing.assert_array_equal(answers[0], answers[1])


class Bendable(TinyLate):
    """Its answer is its only feature: what the clicks ask for can be worked out by hand."""

    def encode(self, image: Tensor) -> Features:
        return (image[:, :1] * 0,)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        logits: Tensor = features[0]
        return logits


def test_what_is_minimised_by_hand() -> None:
    network = Bendable()
    clicks = disk_maps(torch.tensor([[[20.0, 20.0, 1.0], [40.0, 40.0, -1.0]]]), (64, 64))
    search = _Search(network, network.encode(torch.zeros(1, 3, 64, 64)), torch.ones(1, 1, 64, 64), clicks)
    bias = 0.2
    loss, gradient = search(np.array([0.0, bias]))
    answer = 1 / (1 + np.exp(-bias))
    # One square of nine pixels a click; the scale of a feature that is zero changes nothing.
    expected = (1 - answer) ** 2 * 9 / (9 + 1e-5) + answer**2 * 9 / (9 + 1e-5) + 1e-3 * 10 * bias**2
    assert loss == pytest.approx(expected, rel=1e-5)
    slope = answer * (1 - answer) * (2 * answer - 2 * (1 - answer)) + 1e-3 * 20 * bias
    assert gradient == pytest.approx([0.0, slope], rel=1e-4)
    assert torch.equal(search.best, torch.full((1, 1, 64, 64), bias))
    # Nothing changed since the last call, so the search is told to end.
    assert not search(np.array([0.0, bias]))[1].any()


def test_early_fusion_is_refused() -> None:
    with pytest.raises(SettingsError, match="late fusion"):
        BackpropagatingNetwork(TinyEarly())
