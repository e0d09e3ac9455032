"""Writing that never leaves half a file."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from isegformer_app.files import atomic
from isegformer_app.files.atomic import make_folder, replacing, together, write_bytes
from isegformer_app.files.errors import CannotWrite, ReadBackDiffers


def test_what_is_written_takes_the_place_of_the_old(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    write_bytes(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.json"]


def test_an_error_on_the_way_leaves_the_old(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")

    def interrupted() -> None:
        with replacing(tmp_path / "a.json") as draft:
            draft.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert (tmp_path / "a.json").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    ("number", "words"), [(28, "disk is full"), (13, "no permission"), (30, "read-only"), (5, "drive reports")]
)
def test_what_the_system_refuses_is_put_into_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.json").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(CannotWrite, match=rf"a\.json.*{words}.*unchanged"):
        write_bytes(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_what_reads_back_differently_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: b"other")
        with pytest.raises(ReadBackDiffers, match="reads back differently"):
            write_bytes(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old"


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="not there"):
        write_bytes(tmp_path / "gone" / "a.json", b"new")


def test_a_folder_in_the_place_of_the_target_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(CannotWrite, match="folder"):
        write_bytes(tmp_path / "a.json", b"new")
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.json").write_bytes(b"old")
    (tmp_path / "real" / "a.json").chmod(0o640)
    os.symlink(tmp_path / "real" / "a.json", tmp_path / "a.json")
    write_bytes(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").is_symlink()
    assert (tmp_path / "real" / "a.json").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real" / "a.json").stat().st_mode) == 0o640


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 125 + ".json")
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    with pytest.raises(CannotWrite, match="name is too long"):
        write_bytes(tmp_path / ("ä" * 200), b"new")


def test_a_kill_in_the_middle_leaves_the_old(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    code = (
        "import os, sys; from pathlib import Path; from isegformer_app.files.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as draft:\n"
        "    draft.write_bytes(b'half'); os.kill(os.getpid(), 9)\n"
    )
    root = Path(atomic.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.json")], cwd=root, check=False)
    assert done.returncode != 0
    assert (tmp_path / "a.json").read_bytes() == b"old"


def test_files_written_together_appear_together(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    with together():
        make_folder(tmp_path / "new")
        write_bytes(tmp_path / "a.json", b"new")
        write_bytes(tmp_path / "new" / "b.json", b"new")
        assert (tmp_path / "a.json").read_bytes() == b"old"
        assert not (tmp_path / "new" / "b.json").exists()
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")) == [
        "a.json",
        "new/b.json",
    ]
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_one_failure_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")

    def fail_at_the_third() -> None:
        with together():
            make_folder(tmp_path / "new")
            write_bytes(tmp_path / "a.json", b"new")
            write_bytes(tmp_path / "new" / "b.json", b"new")
            write_bytes(tmp_path / "gone" / "c.json", b"new")

    with pytest.raises(CannotWrite, match="not there"):
        fail_at_the_third()
    assert os.listdir(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"old"
    write_bytes(tmp_path / "a.json", b"alone again")
    assert (tmp_path / "a.json").read_bytes() == b"alone again"


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()

    def fail() -> None:
        with together():
            make_folder(tmp_path / "kept")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "kept").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite, match=r"file.*cannot be written"):
        make_folder(tmp_path / "file")
