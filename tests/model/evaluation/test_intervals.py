"""Bootstrap intervals against what statistics says."""

import numpy as np
import pytest

from model.evaluation.intervals import bootstrap_means, bootstrap_quantile


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(5.0, 2.0, (400, 1))
    low, high = bootstrap_means(values, seed=1, resamples=4000)
    spread = 1.96 * values.std() / np.sqrt(400)
    assert low[0] == pytest.approx(values.mean() - spread, abs=0.02)
    assert high[0] == pytest.approx(values.mean() + spread, abs=0.02)


def test_what_does_not_vary_has_no_width_and_a_seed_decides() -> None:
    values = np.stack([np.full(10, 3.0), np.arange(10.0)], axis=1)
    low, high = bootstrap_means(values, seed=0)
    assert (low[0], high[0]) == (3.0, 3.0)
    assert low[1] < 4.5 < high[1]
    again = bootstrap_means(values, seed=0)
    assert (low == again[0]).all()
    assert (high == again[1]).all()


def test_quantiles_are_drawn_by_object() -> None:
    # Two objects with many equal measurements each: the median is one or the other, never between.
    values = np.array([1.0] * 50 + [9.0] * 50)
    owners = np.array([0] * 50 + [1] * 50)
    assert bootstrap_quantile(values, owners, 0.5, seed=0) == (1.0, 9.0)
    # Were the measurements drawn one by one, the quantile would hardly move.
    rng = np.random.default_rng(0)
    many = rng.normal(size=2000)
    low, high = bootstrap_quantile(many, np.arange(2000), 0.5, seed=0)
    assert low < np.median(many) < high
    assert high - low < 0.2
