"""Keys of the annotator's own: nobody shares a key, and what was taken comes home."""

from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.ui.actions import ACTIONS
from isegformer_app.ui.key_table import FIXED_KEYS, KeyTable, portable
from isegformer_app.ui.keymaps import KEYMAPS

names = st.sampled_from([spec.name for spec in ACTIONS])
keys = st.sampled_from(["A", "D", "F", "J", "Ctrl+Z", "Ctrl+O", "PgDown", "Space", "S", "1", "Ctrl+Alt+J", "Return"])
changes = st.lists(st.tuples(names, st.lists(keys, max_size=3)), max_size=8)


@given(st.sampled_from(list(KEYMAPS)), changes)
def test_a_key_belongs_to_one_action_whatever_is_changed(preset: str, made: list[tuple[str, list[str]]]) -> None:
    table = KeyTable(preset, {})
    for name, wanted in made:
        table.give(name, tuple(wanted))
        assert table.keys(name) == tuple(dict.fromkeys(key for key in wanted if key not in FIXED_KEYS))
    taken = [portable(key) for each in table.all().values() for key in each]
    assert sorted(set(taken)) == sorted(taken)
    assert KeyTable(preset, table.own).all() == table.all()
    table.reset()
    assert table.all() == KeyTable(preset, {}).all()
    assert table.own == {}


def test_taken_key_leaves_its_owner_and_comes_home_on_reset() -> None:
    table = KeyTable("default", {})
    assert table.owner("F") == "fit"
    table.give("crosshair", ("F",))
    assert table.owner("F") == "crosshair"
    assert table.keys("fit") == ()
    table.reset("fit")
    assert table.keys("fit") == ("F",)
    assert table.keys("crosshair") == ("X",)
    assert table.own == {}


def test_own_keys_win_over_another_preset() -> None:
    own = {"fit": ("A",), "no such action": ("J",)}
    assert KeyTable("default", own).keys("previous_photo") == ()
    medical = KeyTable("medical", own)
    assert medical.owner("A") == "fit"
    assert medical.owner("J") is None
    assert medical.keys("opacity_down") == ()


def test_action_can_be_without_keys() -> None:
    table = KeyTable("default", {})
    table.give("fit", ())
    assert table.own == {"fit": ()}
    table.give("crosshair", ("J",))
    assert table.keys("fit") == ()
