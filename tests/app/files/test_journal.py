"""The journal: whatever was done is there after a replay, with its undo stack, however the window died."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isegformer_app.document import PHOTO, Click
from isegformer_app.document.edits import AddClick
from isegformer_app.document.object_edits import NewObject
from isegformer_app.files import journal as journal_module
from isegformer_app.files.errors import CannotRead, Damaged, UnknownVersion
from isegformer_app.files.journal import Journal
from isegformer_app.files.recovery import left_journals, replay
from isegformer_app.files.volumes import FileKind, VolumeSource
from tests.app.files import scripts

ROOT = Path(__file__).parents[3]
SAVE = -1


def close_as_by_a_kill(journal: Journal) -> Path:
    journal.close(keep=True)
    return journal.path


@given(st.lists(st.one_of(st.integers(0, 10_000), st.just(SAVE)), min_size=1, max_size=40))
@settings(max_examples=60)
def test_a_replay_gives_the_document_and_its_undo_stack(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[int]
) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path_factory.mktemp("state"))
    journal.watch(Path("photo.png"), "abc", annotation)
    steps_since_save = 0
    for deed in deeds:
        before = annotation.history.position
        if deed == SAVE:
            journal.saved()
            steps_since_save = 0
        else:
            scripts.act(annotation, deed)
            steps_since_save += annotation.history.position != before
    path = close_as_by_a_kill(journal)
    assert path.exists() == (steps_since_save > 0)
    if not path.exists():
        return
    recovery = replay(path)
    (photo,) = recovery.photos
    assert (photo.path, photo.content_hash) == (Path("photo.png").absolute(), "abc")
    assert not recovery.is_cut_short
    assert photo.annotation.is_dirty
    assert scripts.described(photo.annotation) == scripts.described(annotation)
    assert photo.annotation.effort.efforts == annotation.effort.efforts
    if SAVE not in deeds:
        assert len(photo.annotation.history) == len(annotation.history)
        while annotation.undo():
            photo.annotation.undo()
            assert scripts.described(photo.annotation) == scripts.described(annotation)
        while annotation.redo():
            photo.annotation.redo()
            assert scripts.described(photo.annotation) == scripts.described(annotation)


def test_steps_from_before_the_save_can_be_undone_in_the_journal(tmp_path: Path) -> None:
    annotation = scripts.after(20)
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    for _ in range(5):
        annotation.undo()
    annotation.redo()
    annotation.redo()
    annotation.undo()
    annotation.redo()
    (photo,) = replay(close_as_by_a_kill(journal)).photos
    assert scripts.described(photo.annotation) == scripts.described(annotation)


def test_several_photos_keep_apart_and_a_page_turned_back_goes_on(tmp_path: Path) -> None:
    one, two = scripts.blank(), scripts.blank()
    journal = Journal(tmp_path)
    for number in range(6):
        path, annotation = (Path("one.png"), one) if number % 2 else (Path("two.png"), two)
        journal.watch(path, "", annotation)
        for seed in range(number * 5, number * 5 + 5):
            scripts.act(annotation, seed)
    recovery = replay(close_as_by_a_kill(journal))
    found = {photo.path.name: scripts.described(photo.annotation) for photo in recovery.photos}
    assert found == {"one.png": scripts.described(one), "two.png": scripts.described(two)}


def test_a_photo_opened_anew_counts_with_its_newest_work(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", scripts.blank())
    annotation = scripts.after(10)
    journal.watch(Path("photo.png"), "", annotation)
    scripts.act(annotation, 99)
    (photo,) = replay(close_as_by_a_kill(journal)).photos
    assert scripts.described(photo.annotation) == scripts.described(annotation)


def test_queued_photos_are_read_back_with_their_sources(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    series = VolumeSource(Path("/scans"), FileKind.DICOM, "1.2.3", "part")
    queued = {Path("/a.png"): None, Path("/scans/1.2.3"): series}
    journal.queue({})
    assert not journal.path.exists()
    journal.queue(queued)
    annotation = scripts.blank()
    journal.watch(Path("photo.png"), "", annotation)
    annotation.apply(NewObject(1, 1))
    journal.queue({Path("/b.png"): None})
    recovery = replay(close_as_by_a_kill(journal))
    assert dict(recovery.queued) == queued | {Path("/b.png"): None}
    assert (recovery.steps, recovery.objects, recovery.is_cut_short) == (1, 1, False)


def test_a_forgotten_photo_is_written_no_more(tmp_path: Path) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    scripts.act(annotation, 0)
    size = journal.path.stat().st_size
    journal.forget(Path("photo.png"))
    annotation.apply(NewObject(annotation.state.next_object_id, 1))
    assert journal.path.stat().st_size == size


def test_a_journal_cut_anywhere_loses_the_end_and_nothing_else(tmp_path: Path) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    states, sizes = [], []
    for seed in range(30):
        scripts.act(annotation, seed)
        states.append(scripts.described(annotation))
        sizes.append(journal.path.stat().st_size if journal.path.exists() else 0)
    path = close_as_by_a_kill(journal)
    data = path.read_bytes()
    for end in range(sizes[0], len(data), 97):
        path.write_bytes(data[:end])
        recovery = replay(path)
        # A line without its line feed is whole: nothing of it is missing.
        whole = max(place for place, size in enumerate(sizes) if size - 1 <= end)
        assert scripts.described(recovery.photos[0].annotation) == states[whole]


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_flipped_byte_never_raises_more_than_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    annotation = scripts.blank()
    journal = Journal(folder)
    journal.watch(Path("photo.png"), "", annotation)
    states = set()
    for seed in range(12):
        scripts.act(annotation, seed)
        states.add(scripts.described(annotation))
    path = close_as_by_a_kill(journal)
    data = bytearray(path.read_bytes())
    place %= len(data)
    data[place] = value
    path.write_bytes(data)
    try:
        recovery = replay(path)
    except CannotRead:
        return
    assert all(scripts.described(photo.annotation) in states for photo in recovery.photos if photo.annotation.objects)


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"00000000 {}\n", b"\xff" * 100])
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.journal").write_bytes(content)
    with pytest.raises(Damaged, match="nothing can be restored"):
        replay(tmp_path / "x.journal")


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.journal").write_bytes(journal_module._line({"journal": 2, "session": None}))
    with pytest.raises(UnknownVersion, match="newer version; update"):
        replay(tmp_path / "x.journal")
    with pytest.raises(CannotRead, match="not there"):
        replay(tmp_path / "gone.journal")


def test_a_journal_in_use_is_not_offered_and_a_closed_one_is_gone(tmp_path: Path) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    assert list(tmp_path.iterdir()) == []
    scripts.act(annotation, 0)
    assert left_journals(tmp_path) == []
    journal.close()
    assert list(tmp_path.iterdir()) == []
    assert left_journals(tmp_path / "no folder") == []


def test_a_left_journal_is_offered_and_can_be_discarded(tmp_path: Path) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    journal.saved(tmp_path / "mine.isegformer")
    annotation.apply(NewObject(1, 1))
    annotation.apply(AddClick(1, PHOTO, Click(3, 4, True)))
    path = close_as_by_a_kill(journal)
    assert left_journals(tmp_path) == [path]
    recovery = replay(path)
    assert recovery.session == tmp_path / "mine.isegformer"
    assert (recovery.objects, recovery.steps) == (1, 2)
    recovery.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_once_and_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    told: list[str] = []
    annotation = scripts.blank()
    journal = Journal(tmp_path, told.append)
    journal.watch(Path("photo.png"), "", annotation)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for seed in range(5):
            scripts.act(annotation, seed)
    assert len(told) == 1
    assert "disk is full" in told[0]
    assert "Save now" in told[0]
    assert annotation.objects
    journal.saved()
    scripts.act(annotation, 7)
    annotation.apply(NewObject(annotation.state.next_object_id, 1))
    (photo,) = replay(close_as_by_a_kill(journal)).photos
    assert scripts.described(photo.annotation) == scripts.described(annotation)


@pytest.mark.parametrize("number", range(10))
def test_after_kill_9_at_most_the_step_in_flight_is_lost(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "tests.app.files.scripts", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        time.sleep(0.003 * number)
        child.kill()
        reported = [1, *(int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n"))]
    (path,) = left_journals(tmp_path)
    (photo,) = replay(path).photos
    last = reported[-1]
    assert scripts.described(photo.annotation) in [scripts.described(scripts.after(last + more)) for more in (0, 1)]
