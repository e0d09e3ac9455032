"""The colours of objects and classes can be told apart, by the colour-blind as well."""

from itertools import combinations

import numpy as np
import pytest
from skimage.color import rgb2lab

from isegformer_app.document.objects import PALETTE

SIMULATED = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no red cones": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green cones": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "no blue cones": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Linear RGB as it is seen: Machado, Oliveira and Fernandes 2009, table 1, severity 1.0."""
JUST_SEEN = 2.3
"""Distance in CIELAB that is noticed side by side (Mahy, Van Eycken and Oosterlinck 1994)."""


@pytest.mark.parametrize("eyes", SIMULATED)
def test_no_two_colours_are_mistaken_for_each_other(eyes: str) -> None:
    given = np.array(PALETTE) / 255
    linear = np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.array(SIMULATED[eyes]).T).clip(0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen[None])[0]
    for one, other in combinations(range(len(PALETTE)), 2):
        # The first seven, Okabe and Ito's, are those that most photos get by with.
        wanted = 6 if max(one, other) < 7 else 4
        assert np.linalg.norm(lab[one] - lab[other]) > wanted * JUST_SEEN, (one, other)
