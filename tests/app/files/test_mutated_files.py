"""Thousands of damaged files of every kind that is read: each is read, or refused in a sentence."""

import io
import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from isegformer_app.files import journal as journal_module
from isegformer_app.files import photos
from isegformer_app.files.coco_import import read_coco
from isegformer_app.files.errors import FileProblem
from isegformer_app.files.exports import write_coco, write_indexed_png
from isegformer_app.files.journal import Journal
from isegformer_app.files.mask_import import read_masks
from isegformer_app.files.photos import read_photo
from isegformer_app.files.recovery import replay
from isegformer_app.files.session import Session, Work, load_session, save_session
from tests.app.files import scripts
from tests.app.files.drawing import annotated, disk, ring
from tests.app.files.mutants import mutant, mutant_of_json, mutant_of_zip, photo_seeds

pytestmark = [
    pytest.mark.slow,
    # Readers may warn of what is odd in a file; what counts here is what they raise.
    pytest.mark.filterwarnings("ignore"),
]

SIZE = (40, 60)
PHOTOS = tuple(photo_seeds())

Make = Callable[[random.Random], bytes]


def meet(path: Path, makers: Sequence[Make], read: Callable[[Path], object], count: int) -> tuple[int, int]:
    """Read `count` mutants from each maker; answers how many were read and how many refused in a sentence."""
    was_read, refused = 0, list[str]()
    for place, make in enumerate(makers):
        for number in range(count):
            path.write_bytes(make(random.Random(f"{place} {number}")))
            try:
                read(path)
                was_read += 1
            except FileProblem as problem:
                refused.append(str(problem))
            except Exception as error:
                error.add_note(f"mutant {number} of maker {place} of {path.name}")
                raise
    assert all(sentence.endswith(".") for sentence in refused)
    return was_read, len(refused)


@pytest.mark.parametrize(("ending", "seed"), PHOTOS, ids=lambda value: value if isinstance(value, str) else "")
def test_photos(tmp_path: Path, ending: str, seed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # A changed byte can make a picture of gigabytes, which is read only where somebody says so.
    monkeypatch.setattr(photos, "LARGE_MEMORY", 2**24)
    outcome = meet(tmp_path / f"mutant.{ending}", [partial(mutant, seed)], read_photo, 150)
    assert outcome[1] > 0


def test_sessions(tmp_path: Path) -> None:
    paths = tuple(tmp_path / name for name in ("a.png", "b ä.png"))
    works = {path: Work.of(scripts.after(25 + place), "abc") for place, path in enumerate(paths)}
    save_session(tmp_path / "good.isegformer", Session(paths, paths[1], works))
    seed = (tmp_path / "good.isegformer").read_bytes()

    def read(path: Path) -> None:
        for work in load_session(path).works.values():
            work.annotation()

    makers: list[Make] = [partial(mutant, seed), partial(mutant_of_zip, seed)]
    assert min(meet(tmp_path / "mutant.isegformer", makers, read, 400)) > 0


def test_journals(tmp_path: Path) -> None:
    annotation = scripts.blank()
    journal = Journal(tmp_path)
    journal.watch(Path("photo.png"), "", annotation)
    for deed in range(15):
        scripts.act(annotation, deed)
    journal.close(keep=True)
    seed = journal.path.read_bytes()
    records = [json.loads(line.partition(b" ")[2]) for line in seed.splitlines()]

    def with_right_checksums(chance: random.Random) -> bytes:
        spoilt = chance.randrange(len(records))
        lines = [mutant_of_json(each, chance) if place == spoilt else each for place, each in enumerate(records)]
        return b"".join(journal_module._line(each) for each in lines)

    makers: list[Make] = [partial(mutant, seed), with_right_checksums]
    assert min(meet(tmp_path / "mutant.journal", makers, replay, 300)) > 0


def spoilt_coco(content: Any, chance: random.Random) -> bytes:
    return json.dumps(mutant_of_json(content, chance)).encode()


def test_coco_files(tmp_path: Path) -> None:
    write_coco(
        tmp_path / "good.json", annotated(SIZE, [ring(SIZE, 20, 30, 12), disk(SIZE, 9, 9, 4)]), tmp_path / "a.png"
    )
    ours: Any = json.loads((tmp_path / "good.json").read_text())
    polygon = [2, 1, 6, 1, 6, 5, 2, 5]
    theirs = ours | {"annotations": [each | {"segmentation": [polygon]} for each in ours["annotations"]]}
    makers: list[Make] = []
    for content in (ours, theirs):
        seed = json.dumps(content).encode()
        makers += [partial(mutant, seed), partial(spoilt_coco, content)]
    assert min(meet(tmp_path / "mutant.json", makers, read_coco, 200)) > 0


def test_masks(tmp_path: Path) -> None:
    write_indexed_png(tmp_path / "good.png", annotated(SIZE, [disk(SIZE, 10, 12, 6), ring(SIZE, 25, 40, 10)]))
    seeds = [(tmp_path / "good.png").read_bytes()]
    with Image.open(tmp_path / "good.png") as image:
        for ending in ("tiff", "bmp", "gif"):
            stream = io.BytesIO()
            image.save(stream, ending)
            seeds.append(stream.getvalue())
    makers = [partial(mutant, seed) for seed in seeds]
    assert min(meet(tmp_path / "mutant.png", makers, lambda path: read_masks(path, SIZE), 150)) > 0
