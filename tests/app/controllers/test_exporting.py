"""Plans of exports and their writing, without a window; what is written is read by the libraries of the formats."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from isegformer_app.controllers.export_plan import OF_VOLUMES, Choice, Format, Source
from isegformer_app.controllers.export_writing import write_plan
from isegformer_app.controllers.exporting import ExportPlanner
from isegformer_app.document import PHOTO, Annotation, LabelClass
from isegformer_app.document.object_edits import NewObject
from isegformer_app.files.path_list import PathList
from isegformer_app.files.session import Work
from tests.app.files.drawing import CLASSES, annotated, disk, draw, ring

# pycocotools has not learnt numpy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (40, 60)
DISK, RING = disk(SIZE, 10, 12, 6), ring(SIZE, 25, 40, 10)


def planner(annotations: Sequence[Annotation | None], paths: Sequence[Path]) -> ExportPlanner:
    """The queue of these photos, None for one that was not visited; the first is on the desk."""
    sources = {
        path: Source.of(path, Work.of(annotation, ""))
        for path, annotation in zip(paths, annotations, strict=True)
        if annotation is not None
    }
    return ExportPlanner(PathList(paths), paths[0], sources)


def quietly(done: int, total: int, name: str) -> None:
    assert 0 <= done <= total
    assert name


@pytest.mark.parametrize("kind", [kind for kind in Format if kind not in OF_VOLUMES])
def test_what_was_planned_is_what_is_written(tmp_path: Path, kind: Format) -> None:
    paths = [tmp_path / "photos" / name for name in ("a.png", "b.png", "c.png")]
    plan = planner([annotated(SIZE, [DISK, RING]), annotated(SIZE, [RING]), None], paths).plan(
        Choice(kind, tmp_path, "all.file")
    )
    assert (len(plan.photos), plan.objects, plan.problem) == (2, 3, "")
    assert plan.left_out == {"no objects": (paths[2],)}
    report = write_plan(plan, quietly)
    assert set(report.files) == set(plan.files)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(plan.files)
    assert "with 3 objects of 2 photos" in report.headline
    assert report.skipped == ("1 left out (no objects): c.png",)


def test_coco_of_all_photos_is_loaded_bit_by_bit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dogs = (LabelClass(1, "dog", (9, 9, 9)), LabelClass(2, "cat", (8, 8, 8)))
    annotations = [annotated(SIZE, [DISK, RING]), annotated(SIZE, [RING], classes=dogs)]
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    write_plan(planner(annotations, paths).plan(Choice(Format.COCO, tmp_path, "coco.json")), quietly)
    coco = COCO(str(tmp_path / "coco.json"))
    capsys.readouterr()
    assert [image["file_name"] for image in coco.loadImgs([1, 2])] == ["a.png", "b.png"]
    found = [coco.annToMask(each).astype(bool) for each in coco.loadAnns(coco.getAnnIds())]
    for one, other in zip(found, (DISK, RING, RING), strict=True):
        np.testing.assert_array_equal(one, other)
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    assert [names[each["category_id"]] for each in coco.loadAnns(coco.getAnnIds())] == ["cat", "Hündin", "dog"]


def test_numbers_of_classes_mean_the_same_on_all_photos(tmp_path: Path) -> None:
    dogs = (LabelClass(1, "dog", (9, 9, 9)), LabelClass(2, "cat", (8, 8, 8)))
    annotations = [annotated(SIZE, [DISK]), annotated(SIZE, [DISK, RING], classes=dogs)]
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    both = planner(annotations, paths)
    out = tmp_path / "out"
    out.mkdir()
    write_plan(both.plan(Choice(Format.VOC, out)), quietly)
    labels = (out / "labels.txt").read_text(encoding="utf-8").split()
    assert labels == ["background", "cat", "Hündin", "dog"]
    first, second = (np.asarray(Image.open(out / "SegmentationClass" / name)) for name in ("a.png", "b.png"))
    assert {labels[each] for each in np.unique(first)} == {"background", "cat"}
    assert labels[second[25, 48]] == "cat"
    assert labels[second[10, 12]] == "dog"


def test_photos_that_voc_cannot_hold_are_left_out(tmp_path: Path) -> None:
    many = annotated((16, 20))
    for number in range(255):
        mask = np.zeros((16, 20), bool)
        mask.reshape(-1)[number] = True
        draw(many, mask)
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    plan = planner([many, annotated(SIZE, [DISK])], paths).plan(Choice(Format.VOC, tmp_path))
    assert [each.source.path for each in plan.photos] == [paths[1]]
    assert plan.left_out == {"more than 254 objects, which Pascal VOC cannot hold": (paths[0],)}


def test_objects_without_pixels_count_only_in_the_table(tmp_path: Path) -> None:
    annotation = Annotation((1, *SIZE), CLASSES)
    annotation.apply(NewObject(1, 1))
    queue = planner([annotation], [tmp_path / "a.png"])
    plan = queue.plan(Choice(Format.COCO, tmp_path, "coco.json"))
    assert plan.problem
    assert plan.left_out == {"objects without pixels": (tmp_path / "a.png",)}
    assert queue.plan(Choice(Format.EFFORT, tmp_path, "effort.csv")).objects == 1


def test_the_work_is_taken_as_it_was_when_it_was_planned(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [DISK])
    plan = planner([annotation], [tmp_path / "a.png"]).plan(Choice(Format.LABELME, tmp_path))
    draw(annotation, RING)
    write_plan(plan, quietly)
    assert len(json.loads((tmp_path / "a.json").read_text())["shapes"]) == 1
    assert annotation.mask(2, PHOTO).any()


def test_names_that_are_long_or_taken_are_changed_and_said(tmp_path: Path) -> None:
    paths = [
        tmp_path / "x" / "a.png",
        tmp_path / "x" / "A.jpg",
        tmp_path / "x" / "a.jpg",
        tmp_path / f"{'ä' * 120}.png",
    ]
    plan = planner([annotated(SIZE, [DISK]) for _ in paths], paths).plan(Choice(Format.PNG, tmp_path))
    names = [each.stem for each in plan.photos]
    assert names[:3] == ["a", "x-A", "x-a (2)"]
    assert names[3] == "ä" * 100
    assert len(plan.notes) == 3
    write_plan(plan, quietly)
    assert all(path.is_file() for path in plan.files)
