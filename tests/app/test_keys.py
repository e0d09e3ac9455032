"""The editor of keys, as an annotator uses it."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox

from isegformer_app.ui.key_editor import KeyEditor
from isegformer_app.ui.key_table import KeyTable

from .conftest import Hands, Start

Left = Qt.MouseButton.LeftButton


def edit(hands: Hands, monkeypatch: pytest.MonkeyPatch, name: str, key: Qt.Key, answer: str) -> list[str]:
    """Give an action a key in the dialog and close it; what the dialog said of the key."""
    told: list[str] = []

    def exec_(editor: KeyEditor) -> int:
        editor.choose(name)
        QTest.keyClick(editor.field, key)
        told.append(editor.warning.text())
        QTest.mouseClick(editor.replace_button, Left)
        button = getattr(QDialogButtonBox.StandardButton, answer)
        QTest.mouseClick(editor.buttons.button(button), Left)
        return editor.result()

    with monkeypatch.context() as patch:
        patch.setattr(KeyEditor, "exec", exec_)
        hands.do("edit_keys")
    return told


def test_new_key_works_at_once_and_after_a_restart(
    start: Start, cat_photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(cat_photo)
    told = edit(hands, monkeypatch, "brush", Qt.Key.Key_J, "Ok")
    assert told == ["J is free."]
    hands.press(Qt.Key.Key_J)
    assert hands.window.canvas.tool is hands.window.canvas.brush
    hands.window.close()
    again = start(cat_photo)
    assert [key.toString() for key in again.window.actions_by_name["brush"].shortcuts()] == ["J"]
    again.press(Qt.Key.Key_J)
    assert again.window.canvas.tool is again.window.canvas.brush


def test_conflict_is_told_and_the_key_changes_hands(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    told = edit(cat, monkeypatch, "brush", Qt.Key.Key_F, "Ok")
    assert told == ["F belongs to “Fit in window”, which will lose it."]
    actions = cat.window.actions_by_name
    assert actions["fit"].shortcuts() == []
    cat.press(Qt.Key.Key_F)
    assert cat.window.canvas.tool is cat.window.canvas.brush


def test_cancelled_changes_nothing(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(cat, monkeypatch, "brush", Qt.Key.Key_J, "Cancel")
    assert [key.toString() for key in cat.window.actions_by_name["brush"].shortcuts()] == ["B"]
    assert cat.window.settings.own_keys == {}


def test_editor_refuses_fixed_keys_finds_and_resets(cat: Hands) -> None:
    table = KeyTable("default", {})
    editor = KeyEditor(table, cat.window)
    editor.choose("fit")
    QTest.keyClick(editor.field, Qt.Key.Key_S)
    assert "cannot be given" in editor.warning.text()
    QTest.keyClick(editor.field, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    assert editor.warning.text() == "Alt+M opens the Model menu and cannot be given to an action."
    assert not editor.replace_button.isEnabled()
    assert not editor.replace_button.isEnabled()
    editor.field.clear()
    QTest.keyClick(editor.field, Qt.Key.Key_J)
    QTest.mouseClick(editor.add_button, Left)
    assert table.keys("fit") == ("F", "J")
    QTest.mouseClick(editor.clear_button, Left)
    assert table.keys("fit") == ()
    QTest.mouseClick(editor.reset_button, Left)
    assert table.keys("fit") == ("F",)
    editor.search.setText("ctrl+z")
    shown = [editor.list.topLevelItem(row) for row in range(editor.list.topLevelItemCount())]
    assert [item.text(0) for item in shown if item is not None and not item.isHidden()] == ["Undo"]
    editor.deleteLater()
