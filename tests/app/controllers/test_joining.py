"""Another session is matched with the one that is open, and compared: the same, the new and the doubtful."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isegformer_app.controllers.joining import Joining, compared
from isegformer_app.controllers.session_matching import read_other, settled
from isegformer_app.document import Annotation, ClassList, OverlapRule, Status
from isegformer_app.document.object_edits import RenameObject, SetStatus
from isegformer_app.files.photos import content_hash
from isegformer_app.files.session import Session, Work, save_session
from isegformer_app.files.volumes import FileKind, VolumeSource
from tests.app.files.drawing import annotated, disk, draw

SIZE = (30, 40)
ONE, OTHER, THIRD = disk(SIZE, 8, 8, 5), disk(SIZE, 20, 28, 6), disk(SIZE, 10, 10, 6)


def no_progress(done: int, total: int, name: str) -> None:
    """Nobody watches."""


def photo(folder: Path, name: str, grey: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("L", (SIZE[1], SIZE[0]), grey).save(folder / name)
    return folder / name


def session(works: dict[Path, Annotation], *others: Path) -> Session:
    """A session of photos that were worked on, and of others."""
    kept = {path: Work.of(each, content_hash(path)) for path, each in works.items()}
    classes = ClassList.of(next(iter(works.values())).state) if works else None
    return Session((*works, *others), None, kept, classes)


def joining(ours: Session, theirs: Session) -> Joining:
    return compared(ours, theirs, no_progress)


def names(found: Joining) -> dict[str, list[str]]:
    return {each.path.name: [one.name for one in each.objects] for each in found.photos}


def test_work_on_photos_that_are_only_there_comes_whole(tmp_path: Path) -> None:
    a, b = photo(tmp_path, "a.png"), photo(tmp_path, "b.png", 1)
    found = joining(session({a: annotated(SIZE, [ONE])}), session({b: annotated(SIZE, [ONE, OTHER])}))
    assert names(found) == {"b.png": ["cat 1", "Hündin 2"]}
    assert (found.contested, found.repeated, found.skipped) == (0, 0, ())


def test_the_same_objects_are_not_doubled_wherever_they_lie(tmp_path: Path) -> None:
    """The same three objects, drawn in another order: with other numbers, in other layers, under another name."""
    a = photo(tmp_path, "a.png")
    here, there = annotated(SIZE, [ONE, OTHER, THIRD]), annotated(SIZE, [THIRD])
    draw(there, OTHER)
    draw(there, ONE)
    there.apply(RenameObject(1, "Mia"))
    found = joining(session({a: here}), session({a: there}))
    assert names(found) == {}
    assert found.repeated == 3


def test_another_class_or_pixel_makes_another_object(tmp_path: Path) -> None:
    a = photo(tmp_path, "a.png")
    moved = np.roll(OTHER, 1, axis=1)
    here, there = annotated(SIZE, [ONE, OTHER, THIRD]), annotated(SIZE, [OTHER, moved], OverlapRule.ALLOW)
    found = joining(session({a: here}), session({a: there}))
    assert names(found) == {"a.png": ["cat 1", "Hündin 2"]}
    assert found.contested == 1
    left = found.without_contested()
    assert names(left) == {}
    assert left.skipped == ("2 objects on “a.png” left out: you kept what is here.",)


def test_a_status_alone_comes_where_none_was_set(tmp_path: Path) -> None:
    a = photo(tmp_path, "a.png")
    there = annotated(SIZE, [ONE])
    there.apply(SetStatus(Status.DONE))
    found = joining(session({a: annotated(SIZE, [ONE])}), session({a: there}))
    assert names(found) == {"a.png": []}
    assert found.contested == 0


@pytest.mark.parametrize("is_worked_on", [True, False])
def test_a_copied_photo_is_the_same_photo(tmp_path: Path, is_worked_on: bool) -> None:
    """By its content where that is known, else by name, size and content; a namesake with other pixels is another."""
    a, b = photo(tmp_path / "ours", "a.png", 7), photo(tmp_path / "ours", "b.png", 8)
    copy = photo(tmp_path / "theirs", "a.png", 7)
    namesake = photo(tmp_path / "theirs", "b.png", 9)
    blank = annotated(SIZE)
    ours = session({a: blank} if is_worked_on else {}, *([b] if is_worked_on else [a, b]))
    theirs = session({copy: annotated(SIZE, [ONE])}, namesake)
    assert settled(ours, theirs, no_progress).paths == (a, namesake)
    assert settled(ours, session({}, copy), no_progress).paths == (a,)
    assert names(joining(ours, theirs)) == {"a.png": ["cat 1"]}


def test_a_renamed_photo_is_known_by_its_content_unless_two_have_it(tmp_path: Path) -> None:
    a, b = photo(tmp_path, "a.png"), photo(tmp_path, "b.png")
    renamed = photo(tmp_path, "c.png")
    theirs = session({renamed: annotated(SIZE, [ONE])})
    assert settled(session({a: annotated(SIZE)}), theirs, no_progress).paths == (a,)
    both = session({a: annotated(SIZE), b: annotated(SIZE)})
    assert settled(both, theirs, no_progress).paths == (renamed,)


def test_two_copies_of_one_photo_do_not_take_one_place(tmp_path: Path) -> None:
    a = photo(tmp_path / "ours", "a.png")
    copies = [photo(tmp_path / name, "a.png") for name in ("x", "y")]
    theirs = session({path: annotated(SIZE, [mask]) for path, mask in zip(copies, (ONE, OTHER), strict=True)})
    found = settled(session({a: annotated(SIZE)}), theirs, no_progress)
    assert found.paths == (a, copies[1])
    assert found.works.keys() == {a, copies[1]}


def test_volumes_are_the_same_by_content_and_part(tmp_path: Path) -> None:
    def of(folder: str, part: str) -> Session:
        path = tmp_path / folder / "scan.nii"
        return Session((path,), None, {}, None, {path: VolumeSource(path, FileKind.NIFTI, "", part, "abc")})

    ours = of("ours", "1")
    same, other = settled(ours, of("theirs", "1"), no_progress), settled(ours, of("theirs", "2"), no_progress)
    assert same.paths == ours.paths
    assert same.sources == {}
    assert other.paths != ours.paths
    assert len(other.sources) == 1


@pytest.mark.parametrize("is_worked_on", [True, False])
def test_masks_are_not_put_upon_another_picture_of_the_same_path(tmp_path: Path, is_worked_on: bool) -> None:
    a = photo(tmp_path, "a.png", 1)
    theirs = session({a: annotated(SIZE, [ONE])})
    photo(tmp_path, "a.png", 2)
    found = joining(session({a: annotated(SIZE)}) if is_worked_on else session({}, a), theirs)
    assert names(found) == {}
    assert found.skipped == ("1 object on “a.png” left out: the picture of this name here is another one.",)


def test_masks_are_not_put_upon_another_volume_of_the_same_path(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    here, there = (
        Session(
            (path,),
            None,
            {path: Work.of(annotated(SIZE, [mask]), digest)},
            None,
            {path: VolumeSource(path, FileKind.NIFTI, content_hash=digest)},
        )
        for digest, mask in (("abc", ONE), ("def", OTHER))
    )
    assert joining(here, there).skipped == (
        "1 object on “scan.nii” left out: the picture of this name here is another one.",
    )
    unknown = Session((path,), None, {path: Work.of(annotated(SIZE, [OTHER]), "")}, None, here.sources)
    assert names(joining(here, unknown)) == {"scan.nii": ["cat 1"]}


def test_a_photo_without_work_that_does_not_fit_is_not_worth_a_word(tmp_path: Path) -> None:
    a = photo(tmp_path, "a.png")
    assert joining(session({a: annotated(SIZE)}), session({a: annotated((5, 5))})).skipped == ()


def test_work_on_a_photo_of_another_size_is_left_out(tmp_path: Path) -> None:
    a = photo(tmp_path, "a.png")
    found = joining(session({a: annotated(SIZE)}), session({a: annotated((5, 5), [disk((5, 5), 2, 2, 1)])}))
    assert found.skipped == ("1 object on “a.png” left out: the picture has another size here.",)


def test_only_what_is_neither_here_nor_there_is_looked_for(tmp_path: Path) -> None:
    here = photo(tmp_path / "ours", "a.png", 7)
    there = [photo(tmp_path / "theirs", name, grey) for name, grey in (("a.png", 7), ("b.png", 8))]
    save_session(tmp_path / "theirs.isegformer", session({path: annotated(SIZE, [ONE]) for path in there}))
    shutil.rmtree(tmp_path / "theirs")
    read, missing = read_other(session({here: annotated(SIZE)}), tmp_path / "theirs.isegformer", no_progress)
    assert read.paths == (here, there[1])
    assert missing == (there[1],)
