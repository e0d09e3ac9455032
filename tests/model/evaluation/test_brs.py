"""f-BRS: the answer is bent until it agrees with the clicks, where the network allows it."""

import numpy as np
import pytest

from model.clicks import Click
from model.engine import Segmenter
from model.errors import SettingsError
from model.evaluation.brs import BackpropagatingNetwork
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
        near = [((rows - click.row) ** 2 + (cols - click.col) ** 2) <= 25 for click in clicks]
        wrong.append(((1 - answer[near[0]]) ** 2).mean() + (answer[near[1]] ** 2).mean())
    assert wrong[1] < wrong[0]


def test_early_fusion_is_refused() -> None:
    with pytest.raises(SettingsError, match="late fusion"):
        BackpropagatingNetwork(TinyEarly())
