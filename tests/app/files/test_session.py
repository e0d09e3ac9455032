"""The session file: what goes in comes out, and what is no session is refused in words."""

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isegformer_app.document import PHOTO, Effort, Status
from isegformer_app.document.object_edits import SetStatus
from isegformer_app.files import session as session_module
from isegformer_app.files.errors import CannotRead, CannotWrite, Damaged, FileProblem, UnknownVersion
from isegformer_app.files.locking import FileLock
from isegformer_app.files.session import Session, Work, load_session, relocated, save_session
from tests.app.files import scripts
from tests.app.files.drawing import annotated, masks


def photos(folder: Path, *names: str) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (scripts.SIZE[1], scripts.SIZE[0])).save(folder / name)
    return tuple(folder / name for name in names)


def sample(folder: Path) -> Session:
    paths = photos(folder / "photos", "a.png", "b ä.png", "c.png")
    worked = scripts.after(25)
    worked.effort.put(1, Effort(3, 12.5))
    works = {
        paths[0]: Work.of(worked, "hash a"),
        paths[2]: Work.of(scripts.blank(), "hash c"),
    }
    return Session(paths, paths[2], works)


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_any_work_comes_back(tmp_path_factory: pytest.TempPathFactory, deeds: list[int]) -> None:
    folder = tmp_path_factory.mktemp("session")
    annotation = scripts.blank()
    for deed in deeds:
        scripts.act(annotation, deed)
    (path,) = photos(folder, "photo.png")
    save_session(folder / "work.isegformer", Session((path,), path, {path: Work.of(annotation, "abc")}))
    loaded = load_session(folder / "work.isegformer")
    restored = loaded.works[path].annotation()
    assert scripts.described(restored) == scripts.described(annotation)
    assert not restored.is_dirty
    assert loaded.works[path].content_hash == "abc"


@given(masks((7, 9)), masks((7, 9)))
def test_overlapping_labels_come_back(tmp_path_factory: pytest.TempPathFactory, one: Any, two: Any) -> None:
    target = tmp_path_factory.mktemp("session") / "work.isegformer"
    annotation = annotated((7, 9), [one, two])
    save_session(target, Session((Path("/p.png"),), None, {Path("/p.png"): Work.of(annotation, "")}))
    restored = load_session(target).works[Path("/p.png")].annotation()
    np.testing.assert_array_equal(restored.mask(1, PHOTO), one)
    np.testing.assert_array_equal(restored.mask(2, PHOTO), two)


def test_queue_current_photo_and_effort_come_back(tmp_path: Path) -> None:
    session = sample(tmp_path)
    save_session(tmp_path / "work.isegformer", session)
    loaded = load_session(tmp_path / "work.isegformer")
    assert (loaded.paths, loaded.current) == (session.paths, session.paths[2])
    assert loaded.works.keys() == session.works.keys()
    assert loaded.works[session.paths[0]].effort == session.works[session.paths[0]].effort
    assert loaded.works[session.paths[0]].annotation().effort[1] == Effort(3, 12.5)


def test_a_snapshot_does_not_change_with_later_edits(tmp_path: Path) -> None:
    annotation = scripts.after(25)
    expected = scripts.described(annotation)
    work = Work.of(annotation, "")
    annotation.apply(SetStatus(Status.FLAGGED))
    for seed in range(20):
        scripts.act(annotation, seed)
    assert scripts.described(work.annotation()) == expected
    assert scripts.described(annotation) != expected


def test_packed_labels_stay_packed(tmp_path: Path) -> None:
    annotation = scripts.after(25)
    expected = scripts.described(annotation)
    annotation.label_map.pack()
    work = Work.of(annotation, "")
    assert annotation.label_map._packed is not None
    assert scripts.described(work.annotation()) == expected


def test_a_session_that_moved_with_its_photos_finds_them(tmp_path: Path) -> None:
    save_session(tmp_path / "work.isegformer", sample(tmp_path))
    moved = tmp_path / "else" / "where"
    moved.mkdir(parents=True)
    (tmp_path / "photos").rename(moved / "photos")
    (tmp_path / "work.isegformer").rename(moved / "work.isegformer")
    loaded = load_session(moved / "work.isegformer")
    assert loaded.missing() == ()
    assert loaded.paths[0] == moved / "photos" / "a.png"


def test_a_session_that_moved_alone_finds_its_photos_too(tmp_path: Path) -> None:
    save_session(tmp_path / "work.isegformer", sample(tmp_path))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "work.isegformer").rename(tmp_path / "deep" / "er" / "work.isegformer")
    assert load_session(tmp_path / "deep" / "er" / "work.isegformer").paths == sample(tmp_path).paths


def test_a_moved_folder_is_asked_for_once(tmp_path: Path) -> None:
    session = sample(tmp_path)
    save_session(tmp_path / "work.isegformer", session)
    (tmp_path / "archive").mkdir()
    (tmp_path / "photos").rename(tmp_path / "archive" / "2024")
    loaded = load_session(tmp_path / "work.isegformer")
    assert len(loaded.missing()) == 3
    found = relocated(loaded, loaded.missing()[1], tmp_path / "archive" / "2024" / "b ä.png")
    assert found.missing() == ()
    assert found.current == tmp_path / "archive" / "2024" / "c.png"
    assert scripts.described(found.works[found.paths[0]].annotation()) == scripts.described(scripts.after(25))


def test_what_is_not_in_the_new_place_stays_missing(tmp_path: Path) -> None:
    session = sample(tmp_path)
    target = photos(tmp_path / "new", "b ä.png")[0]
    for path in session.paths:
        path.unlink()
    found = relocated(session, session.paths[1], target)
    assert found.missing() == (session.paths[0], session.paths[2])
    assert found.paths[1] == target


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"\x89PNG\r\n\x1a\n", b"{}" * 1000])
def test_what_is_no_session_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.isegformer").write_bytes(content)
    with pytest.raises(Damaged, match=r"x\.isegformer.*damaged or no session file"):
        load_session(tmp_path / "x.isegformer")


def test_missing_and_forbidden_places_are_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="not there"):
        load_session(tmp_path / "gone.isegformer")
    with pytest.raises(CannotRead, match="folder"):
        load_session(tmp_path)
    with pytest.raises(CannotWrite, match="not there"):
        save_session(tmp_path / "gone" / "x.isegformer", sample(tmp_path))


def altered(tmp_path: Path, alter: Callable[[dict[str, bytes]], object]) -> Path:
    """A session file with other members."""
    save_session(tmp_path / "good.isegformer", sample(tmp_path))
    with zipfile.ZipFile(tmp_path / "good.isegformer") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    alter(members)
    with zipfile.ZipFile(tmp_path / "bad.isegformer", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return tmp_path / "bad.isegformer"


def with_json(member: str, **changes: object) -> Callable[[dict[str, bytes]], object]:
    def alter(members: dict[str, bytes]) -> None:
        members[member] = json.dumps(json.loads(members[member]) | changes).encode()

    return alter


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownVersion, match=r"bad\.isegformer.*format 3.*update the program"):
        load_session(altered(tmp_path, with_json("session.json", version=3)))


@pytest.mark.parametrize(
    "alter",
    [
        with_json("session.json", version="1"),
        with_json("session.json", version=0),
        with_json("session.json", format="other"),
        with_json("session.json", photos="none"),
        with_json("session.json", current=3),
        with_json("session.json", works=[0, 1, 2]),
        with_json("session.json", works=[0]),
        with_json("session.json", photos=[{"relative": "a\0", "absolute": ""}] * 3),
        with_json("photos/0.json", shape=[1, 30, 41]),
        with_json("photos/0.json", shape=[1, 30, 2**40]),
        with_json("photos/0.json", layers=[]),
        with_json("photos/0.json", state=None),
        with_json("photos/0.json", effort=[[1, 2]]),
        with_json("photos/0.json", effort=[[1, 2, float("nan")]]),
        lambda members: members.update({"../evil.py": b"print()"}),
        lambda members: members.pop("photos/0.json"),
        lambda members: members.pop("session.json"),
        lambda members: members.update({"photos/0.json": b"[" * 100_000}),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, alter: Callable[[dict[str, bytes]], object]) -> None:
    with pytest.raises(Damaged, match="damaged"):
        load_session(altered(tmp_path, alter))


def test_a_member_of_impossible_size_is_never_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_session(tmp_path / "good.isegformer", sample(tmp_path))
    monkeypatch.setattr(session_module, "_LARGEST_MEMBER", 100)
    with pytest.raises(Damaged):
        load_session(tmp_path / "good.isegformer")


def test_mutated_sessions_raise_nothing_but_sentences(tmp_path: Path) -> None:
    save_session(tmp_path / "good.isegformer", sample(tmp_path))
    data = (tmp_path / "good.isegformer").read_bytes()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as stored, zipfile.ZipFile(io.BytesIO(data)) as good:
        for name in good.namelist():
            stored.writestr(name, good.read(name))
    chance, refused = random.Random(0), 0
    for number in range(400):
        mutant = bytearray(data if number % 2 else stream.getvalue())
        for _ in range(chance.randint(1, 4)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        (tmp_path / "mutant.isegformer").write_bytes(mutant[: chance.choice([None, chance.randrange(len(mutant))])])
        try:
            load_session(tmp_path / "mutant.isegformer")
        except FileProblem:
            refused += 1
    assert refused > 350


def test_a_failed_save_leaves_the_old_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    save_session(tmp_path / "work.isegformer", sample(tmp_path))
    before = (tmp_path / "work.isegformer").read_bytes()
    session = sample(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="disk is full"):
        save_session(tmp_path / "work.isegformer", Session(session.paths, None, {}))
    assert (tmp_path / "work.isegformer").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "work.isegformer"]


def test_the_second_window_does_not_get_the_lock(tmp_path: Path) -> None:
    first, second = (FileLock.for_session(tmp_path / "work.isegformer") for _ in range(2))
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert not first.is_held
    assert second.acquire()
    second.release()
    second.release()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CannotWrite):
        FileLock(tmp_path / "gone" / "lock").acquire()
