"""Exports of volumes through plans, without a window: whole, and slice by slice in the formats of pictures."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from isegformer_app.controllers.export_plan import EVEN_ONLY, OF_VOLUMES, Choice, Format, Source, stem_of
from isegformer_app.controllers.export_writing import write_plan
from isegformer_app.controllers.exporting import ExportPlanner
from isegformer_app.controllers.progress import Cancelled
from isegformer_app.document import Viewpoint
from isegformer_app.files.errors import CannotWrite
from isegformer_app.files.path_list import PathList
from isegformer_app.files.session import Work
from tests.app.files.drawing import annotated as photo_of
from tests.app.files.drawing import disk
from tests.app.files.volumes.labelled import annotated, opened, two_blocks
from tests.app.files.volumes.made import write_nifti
from tests.app.files.volumes.series import write_series

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

AXIAL = np.array([[0, 0, -0.8, 30], [0, -0.7, 0, 40], [2.5, 0, 0, -50], [0, 0, 0, 1]])
VALUES = np.random.default_rng(5).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)


def quietly(done: int, total: int, name: str) -> None:
    assert done <= max(total, done)
    assert name


def planner(tmp_path: Path, view: Viewpoint | None = None) -> ExportPlanner:
    """A queue of a NIfTI volume, a DICOM series and a photo; `view` is how the volumes are looked at."""
    nifti = opened(write_nifti(tmp_path / "in" / "head.nii.gz", VALUES, np.diag([2.0, 2, 2, 1])))
    series = opened(write_series(tmp_path / "in" / "series", VALUES, AXIAL))
    sources = {}
    for image, name in ((nifti, "head.nii.gz"), (series, "series")):
        path = tmp_path / "in" / name
        work = annotated(image, two_blocks(image.volume.shape)).annotation
        sources[path] = Source.of(path, Work.of(work, image.source.content_hash, view), image.source)
    photo = tmp_path / "in" / "photo.png"
    sources[photo] = Source.of(photo, Work.of(photo_of((40, 60), [disk((40, 60), 10, 12, 6)]), ""))
    return ExportPlanner(PathList(sources), next(iter(sources)), sources)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("kind", [kind for kind in Format if kind in OF_VOLUMES])
@pytest.mark.parametrize("by_class", [False, True])
def test_volumes_are_written_whole_and_photos_left_out(tmp_path: Path, out: Path, kind: Format, by_class: bool) -> None:
    plan = planner(tmp_path).plan(Choice(kind, out, by_class=by_class))
    report = write_plan(plan, quietly)
    assert set(report.files) == set(plan.files) == {path for path in out.rglob("*") if path.is_file()}
    reasons = " ".join(plan.left_out)
    assert "photos, which only the formats of pictures hold" in reasons
    assert ("no DICOM series" in reasons) == (kind is Format.DICOM_SEG)
    assert any("photo.png" in line for line in report.skipped)


@pytest.mark.parametrize("kind", [kind for kind in Format if kind not in OF_VOLUMES])
def test_formats_of_pictures_hold_the_annotated_slices(tmp_path: Path, out: Path, kind: Format) -> None:
    plan = planner(tmp_path).plan(Choice(kind, out, "all.file"))
    report = write_plan(plan, quietly)
    assert set(report.files) == set(plan.files) == {path for path in out.rglob("*") if path.is_file()}
    if kind is not Format.EFFORT:
        images = sorted(path.name for path in (out / "images").iterdir())
        assert images == [f"{stem}-axial-{number:04d}.png" for stem in ("head", "series") for number in (1, 2, 3)]


def test_coco_of_slices_names_their_pictures_and_holds_their_masks(tmp_path: Path, out: Path) -> None:
    from pycocotools.coco import COCO

    queue = planner(tmp_path)
    write_plan(queue.plan(Choice(Format.COCO, out, "coco.json")), quietly)
    coco = COCO(str(out / "coco.json"))
    content = json.loads((out / "coco.json").read_text())
    image = next(each for each in content["images"] if each["file_name"] == "images/head-axial-0002.png")
    path = tmp_path / "in" / "head.nii.gz"
    volume = opened(path)
    masks = two_blocks(volume.volume.shape)
    entries = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
    assert [entry["name"] for entry in entries] == ["part 1", "part 2"]
    for entry, mask in zip(entries, masks, strict=True):
        np.testing.assert_array_equal(coco.annToMask(entry), mask[1])
    with Image.open(out / image["file_name"]) as picture:
        window = volume.windows[0]
        shown = volume.volume.array[1].astype(float)
        expected = (shown - window.low) / (window.high - window.low) * 255
        assert np.abs(np.asarray(picture).astype(float) - expected.clip(0, 255)).max() <= 1


def test_slices_are_written_through_the_window_of_the_screen(tmp_path: Path, out: Path) -> None:
    queue = planner(tmp_path, Viewpoint(window=(100.0, -100.0)))
    write_plan(queue.plan(Choice(Format.PNG, out)), quietly)
    shown = opened(tmp_path / "in" / "series").volume.array[1].astype(float)
    with Image.open(out / "images" / "series-axial-0002.png") as picture:
        expected = (100 - shown) / 200 * 255
        assert np.abs(np.asarray(picture).astype(float) - expected.clip(0, 255)).max() <= 1


@pytest.mark.parametrize("kind", [kind for kind in Format if kind in EVEN_ONLY])
def test_uneven_series_are_resampled_only_when_asked(tmp_path: Path, out: Path, kind: Format) -> None:
    planner(tmp_path)
    (tmp_path / "in" / "series" / "026-002.dcm").unlink()
    image = opened(tmp_path / "in" / "series")
    work = annotated(image, two_blocks(image.volume.shape)).annotation
    path = tmp_path / "in" / "series"
    source = Source.of(path, Work.of(work, image.source.content_hash), image.source)
    queue = ExportPlanner(PathList([path]), path, {path: source})
    assert queue.has_series
    with pytest.raises(CannotWrite, match="let them be resampled"):
        write_plan(queue.plan(Choice(kind, out)), quietly)
    assert not list(out.iterdir())
    report = write_plan(queue.plan(Choice(kind, out, evenly=True)), quietly)
    assert "holds 5 at even ones" in report.skipped[0]


def test_a_volume_that_is_gone_is_said_and_nothing_is_written(tmp_path: Path, out: Path) -> None:
    queue = planner(tmp_path)
    plan = queue.plan(Choice(Format.NIFTI, out))
    (tmp_path / "in" / "head.nii.gz").unlink()
    from isegformer_app.files.errors import CannotRead

    with pytest.raises(CannotRead, match=r"head\.nii\.gz.*not there"):
        write_plan(plan, quietly)
    assert not list(out.iterdir())


def test_an_export_of_volumes_can_be_cancelled(tmp_path: Path, out: Path) -> None:
    plan = planner(tmp_path).plan(Choice(Format.SEG_NRRD, out))

    def cancel(done: int, total: int, name: str) -> None:
        if "series" in name:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_plan(plan, cancel)
    assert not list(out.iterdir())


def test_class_numbers_are_those_of_the_table(tmp_path: Path, out: Path) -> None:
    write_plan(planner(tmp_path).plan(Choice(Format.NIFTI, out, by_class=True)), quietly)
    table = (out / "classes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in table[1:3]] == ["Liver", "tumours"]
    image = nibabel.load(out / "series-classes.nii.gz")
    assert image.shape == (7, 6, 5)  # type: ignore[attr-defined]


def test_stems_leave_out_the_endings_of_volumes() -> None:
    names = {"a.nii.gz": "a", "b.nii": "b", "c.d.png": "c.d", "Study 1.2": "Study 1.2", "x.seg.nrrd": "x"}
    assert {name: stem_of(Path(name)) for name in names} == names
