"""A queue of very many paths behaves like a list of them, and costs the garbage collector nothing."""

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.controllers.listing import list_paths
from isegformer_app.files.path_list import PathList

names = st.lists(st.sampled_from(["a.png", "b.png", "sub/a.png", "ä ß.tif", "c"]).map(lambda name: Path("/x") / name))


@given(names, names, names)
def test_it_is_a_list_that_holds_each_once(first: list[Path], more: list[Path], others: list[Path]) -> None:
    expected = list(dict.fromkeys([*first, *more]))
    paths = PathList(first)
    before = paths.copy()
    paths.add(PathList(more))
    assert before == list(dict.fromkeys(first))
    assert list(paths) == expected
    assert paths == expected == paths[:]
    assert [paths.place(path) for path in expected] == list(range(len(paths)))
    assert list(paths.names()) == [paths.name(place) for place in range(len(paths))] == [path.name for path in expected]
    assert all((path in paths) == (path in expected) for path in others)
    assert paths.without(others) == [path for path in expected if path not in others]
    assert paths.place(Path("/nowhere")) == -1


def test_an_index_beside_it_is_an_error() -> None:
    with pytest.raises(IndexError):
        PathList([Path("a")])[1]


def test_listed_photos_leave_the_garbage_collector_nothing_to_visit(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"{number}.png").touch()
    gc.collect()
    before = len(gc.get_objects())
    listed = list_paths([tmp_path], lambda done, total, name: None)
    # More would be visited, with all threads standing still, again and again as a folder of 100,000 is listed.
    assert len(gc.get_objects()) - before < 100
    assert [path.name for path in listed.photos[:2]] == ["0.png", "1.png"]
    assert len(listed.photos) == 500
