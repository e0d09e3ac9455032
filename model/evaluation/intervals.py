"""Bootstrap intervals over objects: how far a number would move with other objects of the same kind."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_LOW, _HIGH = 2.5, 97.5
_CELLS = 4_000_000
"""Most numbers that are held at once."""

Values = NDArray[np.float64]


def bootstrap_means(values: Values, seed: int, resamples: int = RESAMPLES) -> tuple[Values, Values]:
    """95 % percentile intervals of the column means of `values` (objects, columns): low and high, (columns,) each."""
    means = [weights @ values / len(values) for weights in _weights(len(values), seed, resamples)]
    low, high = np.percentile(np.concatenate(means), [_LOW, _HIGH], axis=0)
    return np.asarray(low), np.asarray(high)


def bootstrap_quantile(
    values: Values, owners: NDArray[np.intp], share: float, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % interval of a quantile (`share` in [0, 1]) of measurements (M,) that belong to objects `owners` (M,).

    Objects are drawn, with all their measurements: those of one object are no independent ones.
    """
    order = np.argsort(values, kind="stable")
    ordered, owned = values[order], owners[order]
    found = []
    for weights in _weights(int(owners.max()) + 1, seed, resamples, len(values)):
        reached = weights[:, owned].cumsum(axis=1)
        # The first measurement at which the share is reached; draws without a measurement have none.
        places = (reached < share * reached[:, -1:]).sum(axis=1)
        found.append(ordered[np.minimum(places, len(ordered) - 1)])
    low, high = np.percentile(np.concatenate(found), [_LOW, _HIGH])
    return float(low), float(high)


def _weights(count: int, seed: int, resamples: int, width: int = 0) -> Iterator[Values]:
    """How often each of `count` objects is drawn: (draws, count) at a time, `resamples` draws in all."""
    rng = np.random.default_rng(seed)
    chances = np.full(count, 1 / count)
    size = max(1, _CELLS // max(count, width))
    for start in range(0, resamples, size):
        yield rng.multinomial(count, chances, size=min(size, resamples - start)).astype(np.float64)
