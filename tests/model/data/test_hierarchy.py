"""Parts of objects: found in masks, and handed up where their object is cut away."""

import numpy as np

from model.data.hierarchy import Tree, find_parents


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros((60, 60), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


def test_a_part_belongs_to_the_smallest_object_that_holds_it() -> None:
    car, door, handle, tree = box(0, 0, 40, 40), box(10, 10, 20, 20), box(12, 12, 4, 4), box(45, 0, 10, 50)
    masks = [handle, tree, car, door]
    assert find_parents(masks) == {3: 2, 0: 3}


def test_a_fifth_of_a_part_may_lie_outside() -> None:
    car = box(0, 0, 40, 40)
    assert find_parents([car, box(10, 32, 10, 10)]) == {}  # exactly .8 is not more than .8
    assert find_parents([car, box(10, 31, 10, 10)]) == {1: 0}


def test_the_box_of_a_part_lies_inside_as_well() -> None:
    """Most pixels of a spread-out mask lie in the car; its box does not."""
    spread = box(10, 10, 10, 10) | box(58, 58, 2, 2)
    assert find_parents([box(0, 0, 40, 40), spread]) == {}


def test_empty_masks_belong_to_nothing() -> None:
    assert find_parents([box(0, 0, 40, 40), box(0, 0, 0, 0)]) == {}
    assert find_parents([]) == {}


def test_parts_of_a_lost_object_belong_to_what_it_belonged_to() -> None:
    tree = Tree.of({1: 5000, 2: 30, 3: 200, 4: 90}, {2: 1, 3: 2, 4: 9}, least=80)
    assert tree.roots == [1, 4]
    assert tree.parts(1) == [3]
