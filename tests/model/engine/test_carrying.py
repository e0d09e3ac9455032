"""A mask is carried along with what moves, alike whatever was asked before, and stops where it should."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from model.data.nifti_sets import read_label_volume, read_slice
from model.engine import Cancelled, Carrier, KnownSlice, Segmenter
from model.engine.walking import strides
from model.errors import ImageError
from model.walks import Doubt
from resources import resource_path

from .tiny import Painter, TinyEarly, TinyLate, TinySquare

SIZE = (90, 120)


def disk(row: float, col: float, radius: float = 14) -> NDArray[np.bool_]:
    rows, cols = np.ogrid[: SIZE[0], : SIZE[1]]
    return np.asarray((rows - row) ** 2 + (cols - col) ** 2 <= radius**2)


def picture(mask: NDArray[np.bool_], seed: int = 0) -> NDArray[np.uint8]:
    grain = np.random.default_rng(seed).integers(0, 20, (*SIZE, 1))
    return np.asarray(np.where(mask[..., None], 190, 40) + grain, dtype=np.uint8).repeat(3, axis=2)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def known(*masks: NDArray[np.bool_]) -> Sequence[KnownSlice]:
    return [KnownSlice(picture(mask, seed), mask) for seed, mask in enumerate(masks)]


@pytest.mark.parametrize("network", [Painter, TinyLate, TinyEarly, TinySquare])
def test_answers_have_the_size_of_the_slice(network: type[Painter]) -> None:
    answer = Segmenter(network()).carrier().carry(known(disk(40, 50)), picture(disk(40, 52)))
    assert answer.shape == SIZE
    assert answer.dtype == np.float32
    assert 0 <= answer.min() <= answer.max() <= 1


def test_the_mask_moves_with_the_object() -> None:
    carrier, masks = Segmenter(Painter()).carrier(), [disk(40, 40 + 4 * step) for step in range(6)]
    walked = strides(carrier, lambda index: picture(masks[index], index), tuple(range(6)), masks[0], 0.49)
    for stride in walked:
        assert overlap(stride.mask, masks[stride.index]) > 0.85
        assert stride.doubt is None
    assert overlap(masks[5], masks[0]) < 0.2
    assert stride.index == 5


def test_the_walk_ends_where_the_object_does() -> None:
    masks = [disk(40, 40), disk(40, 41), disk(40, 41, 0) & False, disk(40, 41)]
    walked = list(
        strides(Segmenter(Painter()).carrier(), lambda index: picture(masks[index]), (0, 1, 2, 3), masks[0], 0.49)
    )
    assert [each.index for each in walked] == [1, 2]
    assert walked[0].doubt is None
    assert walked[1].doubt in set(Doubt)


def test_a_large_object_ends_too() -> None:
    """However deep a pixel lies in the last mask, it is no object where nothing is seen of it."""
    mask = disk(45, 60, 40)
    found = Segmenter(Painter()).carrier().carry(known(mask), picture(mask & False))
    assert not (found >= 0.49).any()


def test_an_answer_depends_on_what_is_asked_alone() -> None:
    asked = known(disk(40, 40), disk(41, 44)), picture(disk(42, 47), 9)
    fresh = Segmenter(TinyLate()).carrier().carry(*asked)
    used = Segmenter(TinyLate()).carrier()
    for col in (20, 60, 90):
        used.carry(known(disk(30, col)), picture(disk(30, col + 2)))
    np.testing.assert_array_equal(used.carry(*asked), fresh)


def test_a_slice_is_encoded_once_for_a_region() -> None:
    network = TinyLate()
    carrier, masks = Segmenter(network).carrier(), [disk(40, 40 + step % 2) for step in range(5)]
    network.encoded.clear()
    for step in range(1, 5):
        carrier.carry(known(*masks[:step]), picture(masks[step], step))
    assert len(network.encoded) == 5


def test_nothing_stays_nothing() -> None:
    empty = np.zeros(SIZE, np.bool_)
    assert not Segmenter(Painter()).carrier().carry(known(empty), picture(disk(40, 40))).any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (17, 33)])
def test_any_size_is_carried(shape: tuple[int, int]) -> None:
    image, mask = np.zeros((*shape, 3), np.uint8), np.ones(shape, np.bool_)
    assert Segmenter(Painter()).carrier().carry([KnownSlice(image, mask)], image).shape == shape


def test_bad_input_is_told() -> None:
    carrier: Carrier = Segmenter(Painter()).carrier()
    with pytest.raises(ImageError, match="no slice with the object"):
        carrier.carry([], picture(disk(40, 40)))
    with pytest.raises(ImageError, match="not of one size"):
        carrier.carry(known(disk(40, 40)), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(Cancelled):
        carrier.carry(known(disk(40, 40)), picture(disk(40, 41)), lambda: True)


@pytest.mark.slow
def test_the_bundled_model_carries_the_spinal_cord() -> None:
    """From its middle slice, further than a copy would do, and to nowhere that it is not."""
    volume, labels = (resource_path(f"samples/spinal-cord/{name}.nii.gz") for name in ("t2", "t2-label"))
    truth, axis = read_label_volume(labels)[0] > 0, 1
    planes = np.moveaxis(truth, axis, 0)
    key, last = 21, 24
    carrier = Segmenter.load(None, "cpu").carrier()
    walk = tuple(range(key, last + 1))
    walked = list(strides(carrier, lambda index: read_slice(volume, (axis, index)), walk, planes[key], 0.49))
    assert [each.index for each in walked] == list(walk[1:])
    assert [each.doubt for each in walked] == [None] * len(walked)
    for stride in walked:
        goal = planes[stride.index]
        assert overlap(stride.mask, goal) > 0.85
    carried, copied = (
        np.mean([overlap(mask, planes[index]) for index, mask in masks])
        for masks in ([(each.index, each.mask) for each in walked], [(index, planes[key]) for index in walk[1:]])
    )
    assert carried > copied - 0.01
