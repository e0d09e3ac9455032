"""The photos and work of another session are added to the one that is open, from the menu."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from isegformer_app.document import PHOTO, ClassList, Status
from isegformer_app.document.object_edits import NewClass, SetStatus
from isegformer_app.files.locking import FileLock
from isegformer_app.files.photos import content_hash
from isegformer_app.files.session import Session, Work, load_session, save_session
from tests.app.conftest import Hands, Start, answering
from tests.app.exporting import finish_object, mask, report_of
from tests.app.files.drawing import Mask, annotated, disk
from tests.app.test_recovery import die, journals, save_to, start_again
from tests.app.volumes import click, write_volume

SIZE = (40, 60)
ONE, OTHER = disk(SIZE, 10, 15, 6), disk(SIZE, 28, 45, 8)


def other_session(target: Path, works: dict[Path, list[Mask]], *others: Path) -> Path:
    """A session that somebody else has saved: of the classes cat and Hündin, the photos of `works` done."""
    kept = {}
    for path, masks in works.items():
        annotation = annotated(SIZE, masks)
        annotation.apply(SetStatus(Status.DONE))
        kept[path] = Work.of(annotation, content_hash(path))
    save_session(target, Session((*works, *others), None, kept, ClassList(annotated(SIZE).classes, 3)))
    return target


def add(hands: Hands, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose a session in the dialog, and wait until something is said."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(source), ""))
    hands.window.message_bar.clear()
    hands.do("add_session")
    hands.wait_until(lambda: bool(hands.window.message_bar.text))


def objects_of(hands: Hands) -> list[tuple[str, str]]:
    annotation = hands.photo.annotation
    names = {each.id: each.name for each in annotation.classes}
    return [(each.name, names[each.class_id]) for each in annotation.objects]


def test_work_of_another_session_comes_to_its_photos(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.png"
    Image.new("RGB", (60, 40), (0, 0, 99)).save(elsewhere)
    source = other_session(
        tmp_path / "b.isegformer",
        {folder / "photo1.png": [ONE], folder / "photo2.png": [ONE, OTHER], elsewhere: [OTHER]},
    )
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    add(hands, source, monkeypatch)
    assert hands.window.message_bar.text == (
        "4 objects added on 3 photos, 1 photo queued. New classes: cat, Hündin. Save to keep it."
    )
    assert objects_of(hands) == [("cat 1", "cat")]
    np.testing.assert_array_equal(mask(hands, 1), ONE)
    assert hands.window.isWindowModified()
    album = hands.window.files.album
    assert [path.name for path in album.paths] == ["photo1.png", "photo2.png", "photo3.png", "elsewhere.png"]
    assert [album.status(path) for path in album.paths] == [Status.DONE, Status.DONE, Status.TO_DO, Status.DONE]
    assert len(album.unsaved()) == 3
    hands.do("undo")
    assert objects_of(hands) == []
    hands.do("next_photo")
    hands.wait_for_photo("photo2.png")
    assert [each.name for each in hands.photo.annotation.classes] == ["object", "cat", "Hündin"]
    np.testing.assert_array_equal(mask(hands, 2), OTHER)
    hands.do("reopen")
    hands.wait_for_mask()
    assert save_to(hands, tmp_path / "a.isegformer", monkeypatch)
    hands.wait_until(lambda: not album.unsaved())
    saved = load_session(tmp_path / "a.isegformer")
    assert {path.name: len(work.state.objects) for path, work in saved.works.items()} == {
        "photo1.png": 0,
        "photo2.png": 2,
        "elsewhere.png": 1,
    }


@pytest.mark.parametrize(("button", "count"), [("Objects of &both", 3), ("Only those &here", 1), ("Cancel", 1)])
def test_work_of_both_on_one_photo_is_asked_about(
    start: Start, folder: Path, tmp_path: Path, button: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_session(tmp_path / "b.isegformer", {folder / "photo1.png": [ONE, OTHER]})
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    finish_object(hands, 10, 15)
    before = mask(hands, 1).copy()
    with answering(button) as asked:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(source), ""))
        hands.window.message_bar.clear()
        hands.do("add_session")
        hands.wait_until(lambda: bool(asked))
    assert asked == ["On 1 photo both sessions have objects, and not the same ones."]
    if button != "Cancel":
        hands.wait_until(lambda: bool(hands.window.message_bar.text))
        report = report_of(hands)
        words = report.lines.toPlainText()
        assert ("“photo1.png” has the objects of both: 1 that were here, and 2 more." in words) == (count == 3)
        assert ("2 objects on “photo1.png” left out: you kept what is here." in words) == (count == 1)
        report.reject()
    np.testing.assert_array_equal(mask(hands, 1), before)
    assert len(hands.photo.annotation.objects) == count
    album = hands.window.files.album
    assert album.status(hands.photo.path) is (Status.FLAGGED if count == 3 else Status.IN_PROGRESS)
    if count == 3:
        np.testing.assert_array_equal(mask(hands, 2), ONE)
        hands.do("undo")
        assert len(hands.photo.annotation.objects) == 1


def test_adding_it_again_adds_nothing(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_session(tmp_path / "b.isegformer", {folder / "photo1.png": [ONE], folder / "photo2.png": [OTHER]})
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    add(hands, source, monkeypatch)
    add(hands, source, monkeypatch)
    assert hands.window.message_bar.text == "Nothing was added: all of it is here already."
    assert objects_of(hands) == [("cat 1", "cat")]


def test_what_was_added_survives_a_kill(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_session(tmp_path / "b.isegformer", {folder / f"photo{number}.png": [ONE] for number in (1, 3)})
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    finish_object(hands, 28, 45)
    with answering("Objects of &both"):
        add(hands, source, monkeypatch)
        report_of(hands).reject()
    die(hands)
    again, asked = start_again(start, "Restore")
    assert "3 objects on “photo1.png”, “photo3.png”" in asked[0]
    album = again.window.files.album
    works = {path.name: work.annotation for path, work in album.works()}
    assert [each.name for each in works["photo1.png"].objects] == ["object 1", "cat 2"]
    np.testing.assert_array_equal(works["photo3.png"].mask(1, PHOTO), ONE)
    assert [each.name for each in works["photo3.png"].classes] == ["object", "cat", "Hündin"]
    assert len(album.unsaved()) == 2


def test_photos_that_were_only_queued_survive_a_kill(
    start: Start, folder: Path, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [folder / f"photo{number}.png" for number in (3, 2, 1)]
    source = other_session(tmp_path / "b.isegformer", {photos[1]: [ONE]}, photos[0], photos[2])
    hands = start(cat_photo)
    hands.wait_for_photo()
    add(hands, source, monkeypatch)
    queue = list(hands.window.files.album.paths)
    assert len(queue) == 4
    die(hands)
    again, asked = start_again(start, "Restore")
    assert "1 object on “photo2.png”, and 2 photos queued" in asked[0]
    assert "and 2 photos queued; save to keep it" in again.window.message_bar.text
    assert list(again.window.files.album.paths) == queue[1:]
    die(again)
    third, asked = start_again(start, "Restore")
    assert "and 2 photos queued" in asked[0]
    assert save_to(third, tmp_path / "a.isegformer", monkeypatch)
    third.wait_until(lambda: not third.window.isWindowModified())
    assert load_session(tmp_path / "a.isegformer").paths == tuple(queue[1:])
    assert journals() == []


def test_photos_alone_survive_a_kill_upon_their_session(
    start: Start, folder: Path, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(cat_photo)
    hands.wait_for_photo()
    scan = write_volume(tmp_path / "scan.nii.gz")
    theirs = start(scan)
    theirs.wait_for_photo()
    assert save_to(theirs, tmp_path / "b.isegformer", monkeypatch)
    theirs.window.close()
    assert save_to(hands, tmp_path / "a.isegformer", monkeypatch)
    add(hands, tmp_path / "b.isegformer", monkeypatch)
    assert "1 photo queued" in hands.window.message_bar.text
    queue = list(hands.window.files.album.paths)
    die(hands)
    again, asked = start_again(start, "Restore")
    assert "1 photo queued, of the session “a.isegformer”" in asked[0]
    assert list(again.window.files.album.paths) == queue
    again.do("next_photo")
    again.wait_until(lambda: again.window.segmenting.photo is not None and again.photo.image is not None)


def test_classes_alone_come_as_a_step_of_the_open_photo(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_session(tmp_path / "b.isegformer", {}, folder / "photo1.png")
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    hands.window.segmenting.apply(NewClass("CAT"))
    add(hands, source, monkeypatch)
    assert "New classes: Hündin." in hands.window.message_bar.text
    assert [each.name for each in hands.photo.annotation.classes] == ["object", "CAT", "Hündin"]
    hands.do("undo")
    assert [each.name for each in hands.photo.annotation.classes] == ["object", "CAT"]


def test_a_volume_comes_with_its_place_and_survives_a_kill(
    start: Start, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = write_volume(tmp_path / "scan.nii.gz")
    theirs = start(scan)
    theirs.wait_for_photo()
    click(theirs, 0, 12, 12)
    theirs.wait_for_mask()
    theirs.do("finish")
    voxels = theirs.photo.annotation.label_map.voxels(1).copy()
    assert voxels.any()
    assert save_to(theirs, tmp_path / "b.isegformer", monkeypatch)
    theirs.wait_until(lambda: not theirs.window.isWindowModified())
    theirs.window.close()
    hands = start(cat_photo)
    add(hands, tmp_path / "b.isegformer", monkeypatch)
    assert "1 object added on 1 photo, 1 photo queued." in hands.window.message_bar.text
    die(hands)
    again, _ = start_again(start, "Restore")
    assert again.photo.image is not None
    np.testing.assert_array_equal(again.photo.annotation.label_map.voxels(1), voxels)


def test_photos_that_have_moved_are_asked_for_once(
    start: Start, folder: Path, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {folder / f"photo{number}.png": [ONE] for number in (1, 2)}
    source = other_session(tmp_path / "b.isegformer", paths)
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    hands = start(cat_photo)
    chosen = iter([source, moved / "photo1.png"])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(next(chosen)), ""))
    hands.window.message_bar.clear()
    with answering("&Yes") as asked:
        hands.do("add_session")
        hands.wait_until(lambda: bool(hands.window.message_bar.text))
    assert len(asked) == 1
    assert "2 of 2 photos are not where they were" in asked[0]
    assert hands.window.files.album.paths == [cat_photo, moved / "photo1.png", moved / "photo2.png"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nothing of ours", "is damaged or no session file"),
        (b"", "is damaged or no session file"),
        (None, "is not there"),
    ],
)
def test_what_cannot_be_read_is_told_and_changes_nothing(
    cat: Hands, tmp_path: Path, content: bytes | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "b.isegformer"
    if content is not None:
        source.write_bytes(content)
    add(cat, source, monkeypatch)
    assert words in cat.window.message_bar.text
    assert not cat.window.isWindowModified()


def test_a_session_that_is_open_elsewhere_is_added_as_it_was_saved(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_session(tmp_path / "b.isegformer", {folder / "photo1.png": [ONE]})
    lock = FileLock.for_session(source)
    assert lock.acquire()
    hands = start(folder)
    hands.wait_for_photo("photo1.png")
    add(hands, source, monkeypatch)
    report = report_of(hands)
    assert "“b.isegformer” is open in another window" in report.lines.toPlainText()
    report.reject()
    lock.release()
    assert objects_of(hands) == [("cat 1", "cat")]


def test_the_session_itself_is_not_added(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert save_to(cat, tmp_path / "a.isegformer", monkeypatch)
    add(cat, tmp_path / "a.isegformer", monkeypatch)
    assert "is the session that is open" in cat.window.message_bar.text


def test_without_a_photo_there_is_nothing_to_add_to(start: Start) -> None:
    hands = start()
    hands.do("add_session")
    assert "Open a photo or a session first" in hands.window.message_bar.text
