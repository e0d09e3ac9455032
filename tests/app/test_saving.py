"""Saving off the window's thread: by hand, by itself, while the work goes on, and with two windows on one session."""

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from isegformer_app.controllers import session_keeping
from isegformer_app.files.errors import CannotWrite
from isegformer_app.files.session import Session, load_session, save_session

from .conftest import Hands, Start
from .test_recovery import die, finish_object, journals, save_to, start_again


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "work.isegformer"


def objects(target: Path) -> int:
    return sum(len(work.state.objects) for work in load_session(target).works.values())


def saved_words(hands: Hands) -> str:
    return hands.window.status_bar.saved.text()


def wait_until_saved(hands: Hands) -> None:
    hands.wait_until(lambda: not hands.window.isWindowModified())


def slow_saving(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Let saving begin, and wait until it may go on."""
    begun, gate = threading.Event(), threading.Event()

    def write(target: Path, session: Session) -> None:
        begun.set()
        assert gate.wait(60)
        save_session(target, session)

    monkeypatch.setattr(session_keeping, "save_session", write)
    return begun, gate


def test_work_goes_on_while_it_is_saved_and_is_saved_as_well(
    cat: Hands, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = slow_saving(monkeypatch)
    finish_object(cat, 100, 100)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    cat.do("save")
    assert begun.wait(60)
    assert saved_words(cat) == "saving…"
    finish_object(cat, 200, 300)
    gate.set()
    cat.wait_until(lambda: cat.window.session.path == target)
    assert len(journals()) == 1
    wait_until_saved(cat)
    assert objects(target) == 2
    assert journals() == []


def test_work_done_while_saving_survives_a_crash(
    cat: Hands, start: Start, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = slow_saving(monkeypatch)
    cat.window.settings.autosave = False
    finish_object(cat, 100, 100)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    cat.do("save")
    assert begun.wait(60)
    finish_object(cat, 200, 300)
    gate.set()
    cat.wait_until(lambda: cat.window.session.path == target)
    assert cat.window.isWindowModified()
    die(cat)
    again, _ = start_again(start, "Restore")
    assert len(again.photo.annotation.objects) == 2


@pytest.mark.parametrize("typed", ["work", "day 2.1"])
def test_name_without_the_ending_of_sessions_gets_it_and_replaces_nothing_unasked(
    cat: Hands, tmp_path: Path, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog of files asks only whether what was typed may be replaced."""
    target, answers = tmp_path / f"{typed}.isegformer", iter(("No", "Yes"))
    target.write_text("the work of somebody else")
    asked: list[str] = []

    def answer(_window: object, _title: str, text: str) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton[next(answers)]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(tmp_path / typed), ""))
    monkeypatch.setattr(QMessageBox, "question", answer)
    finish_object(cat, 100, 100)
    assert not cat.window.session.save()
    assert target.read_text() == "the work of somebody else"
    assert cat.window.session.save()
    wait_until_saved(cat)
    assert objects(target) == 1
    assert asked == 2 * [f"“{target.name}” already exists. Replace it?"]
    assert cat.window.session.save()
    assert len(asked) == 2


def test_session_with_a_file_saves_itself(cat: Hands, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish_object(cat, 100, 100)
    assert save_to(cat, target, monkeypatch)
    assert saved_words(cat).startswith("saved ")
    finish_object(cat, 200, 300)
    cat.window.session.autosave_timer.timeout.emit()
    wait_until_saved(cat)
    assert objects(target) == 2
    assert saved_words(cat).startswith("autosaved ")


def test_nothing_saves_itself_without_a_file_or_when_it_is_turned_off(
    cat: Hands, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_object(cat, 100, 100)
    cat.window.session.autosave()
    assert not target.exists()
    assert save_to(cat, target, monkeypatch)
    wait_until_saved(cat)
    cat.do("autosave")
    finish_object(cat, 200, 300)
    cat.window.session.autosave()
    assert cat.window.isWindowModified()
    assert objects(target) == 1
    assert not cat.window.settings.autosave


def test_failing_autosave_is_told_once_and_the_work_stays_unsaved(
    cat: Hands, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[Path] = []

    def fail(target: Path, session: Session) -> None:
        attempts.append(target)
        raise CannotWrite("The disk is full; free some space.")

    finish_object(cat, 100, 100)
    assert save_to(cat, target, monkeypatch)
    finish_object(cat, 200, 300)
    monkeypatch.setattr(session_keeping, "save_session", fail)
    cat.window.session.autosave()
    cat.wait_until(lambda: "The disk is full" in cat.window.message_bar.text)
    cat.window.message_bar.clear()
    cat.wait_until(lambda: saved_words(cat) == "not saved")
    cat.window.session.autosave()
    cat.wait_until(lambda: len(attempts) == 2 and not cat.window.session.is_saving)
    assert cat.window.isWindowModified()
    assert cat.window.message_bar.text == ""
    assert objects(target) == 1
    assert len(journals()) == 1


def test_closing_waits_for_the_save_it_was_asked_for(cat: Hands, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish_object(cat, 100, 100)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    monkeypatch.setattr(QMessageBox, "warning", lambda *_args, **_options: QMessageBox.StandardButton.Save)
    assert cat.window.close()
    assert objects(target) == 1


def test_second_window_on_a_session_is_told_and_saves_elsewhere(
    cat: Hands, start: Start, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_object(cat, 100, 100)
    assert save_to(cat, target, monkeypatch)
    second = start(target)
    assert second.window.session.is_read_only
    assert "open in another window and is read-only" in second.window.message_bar.text
    assert "read-only" in second.window.windowTitle()
    second.window.objects.choose(1)
    second.do("delete")
    second.window.session.autosave()
    suggested: list[str] = []

    def choose(_window: object, _title: str, path: str, _kinds: str) -> tuple[str, str]:
        suggested.append(path)
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    second.do("save")
    assert suggested == [str(tmp_path / "work-2.isegformer")]
    assert "save under another name" in second.window.message_bar.text
    assert objects(target) == 1
    elsewhere = tmp_path / "other.isegformer"
    assert save_to(second, elsewhere, monkeypatch)
    wait_until_saved(second)
    assert not second.window.session.is_read_only
    assert "read-only" not in second.window.windowTitle()
    assert (objects(target), objects(elsewhere)) == (1, 0)


def test_session_is_free_again_when_its_window_is_closed(
    cat: Hands, start: Start, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_object(cat, 100, 100)
    assert save_to(cat, target, monkeypatch)
    wait_until_saved(cat)
    assert cat.window.close()
    assert [path for path in target.parent.iterdir() if path.suffix == ".lock"] == []
    assert not start(target).window.session.is_read_only


def test_failed_save_elsewhere_keeps_the_session_where_it_was(
    cat: Hands, start: Start, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_object(cat, 100, 100)
    assert save_to(cat, target, monkeypatch)
    gone = tmp_path / "gone" / "work.isegformer"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(gone), ""))
    cat.do("save_as")
    cat.wait_until(lambda: "cannot be written" in cat.window.message_bar.text)
    assert cat.window.session.path == target
    assert start(target).window.session.is_read_only
