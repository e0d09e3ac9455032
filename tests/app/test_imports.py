"""Masks from elsewhere: drawn by Pillow or written as COCO by hand, imported from the menu, corrected by clicks."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication, QFileDialog

from isegformer_app.document import PHOTO, OverlapRule, Status
from tests.app.conftest import Hands, Start, answering
from tests.app.exporting import finish_object, mask, report_of
from tests.app.files.drawing import disk

# pycocotools has not learnt numpy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (300, 451)
SMALL = (40, 60)
DISK, OTHER = disk(SIZE, 100, 100, 30), disk(SIZE, 200, 300, 20)


def import_file(hands: Hands, action: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose a file in the dialog that an action opens."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(path), ""))
    hands.do(action)


def import_mask(hands: Hands, values: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "mask.png")
    import_file(hands, "import_mask", tmp_path / "mask.png", monkeypatch)


def told(hands: Hands, words: str) -> None:
    """Wait until the message bar says it."""
    hands.wait_until(lambda: words in hands.window.message_bar.text)


def test_a_mask_becomes_an_object_and_is_corrected_by_clicks(
    cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_mask(cat, DISK * 255, tmp_path, monkeypatch)
    told(cat, "1 object imported")
    np.testing.assert_array_equal(mask(cat, 1), DISK)
    assert cat.window.segmenting.active == cat.photo.annotation.objects[0]
    cat.click(100, 150)
    cat.wait_for_mask()
    previous = cat.engine.predicted[-1].previous
    assert previous is not None
    np.testing.assert_array_equal(previous != 0, DISK)
    assert cat.preview_area > DISK.sum()
    cat.do("undo")
    cat.do("undo")
    assert cat.photo.annotation.objects == ()
    cat.do("redo")
    np.testing.assert_array_equal(mask(cat, 1), DISK)


@pytest.mark.parametrize(("button", "count"), [("2 objects", 2), ("One object", 1), ("Cancel", 0)])
def test_several_values_are_asked_about(
    cat: Hands, tmp_path: Path, button: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(button) as asked:
        import_mask(cat, DISK * 3 + OTHER * 7, tmp_path, monkeypatch)
        cat.wait_until(lambda: bool(asked) and QApplication.activeModalWidget() is None)
    assert "2 different values" in asked[0]
    masks = [mask(cat, each.id) for each in cat.photo.annotation.objects]
    expected = {2: [DISK, OTHER], 1: [DISK | OTHER], 0: []}[count]
    assert len(masks) == len(expected)
    for one, other in zip(masks, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    if count:
        cat.do("undo")
        assert cat.photo.annotation.objects == ()


def test_a_mask_keeps_to_the_overlap_rule_and_says_so(
    cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_object(cat, 100, 100)
    first = mask(cat, 1).copy()
    import_mask(cat, DISK * 1, tmp_path, monkeypatch)
    told(cat, "1 mask lost pixels to other objects")
    np.testing.assert_array_equal(mask(cat, 1), first)
    np.testing.assert_array_equal(mask(cat, 2), DISK & ~first)
    import_mask(cat, first * 1, tmp_path, monkeypatch)
    told(cat, "Nothing was imported")
    assert len(cat.photo.annotation.objects) == 2
    cat.window.message_bar.clear()
    cat.window.segmenting.rule = OverlapRule.ALLOW
    import_mask(cat, first * 1, tmp_path, monkeypatch)
    told(cat, "1 object imported")
    np.testing.assert_array_equal(mask(cat, 3), first)


def test_a_mask_of_another_size_is_refused(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_mask(cat, np.ones((10, 10)), tmp_path, monkeypatch)
    told(cat, "“mask.png” is 10 x 10 pixels, the photo 451 x 300")
    assert cat.photo.annotation.objects == ()


def coco(folder: Path, *names: str, **changes: Any) -> Path:
    """A COCO file beside the photos: on each one a box with a hole as run lengths, and a box as a polygon over it."""
    counts = [5 * 40 + 5, *([10, 30] * 9), 10, 0]
    counts[-1] = 2400 - sum(counts)
    rle = {"size": [40, 60], "counts": counts}
    polygon = [[10.0, 2.0, 20.0, 2.0, 20.0, 12.0, 10.0, 12.0]]
    content = {
        "categories": [{"id": 5, "name": "Object"}, {"id": 7, "name": "dog", "color": [1, 2, 3]}],
        "images": [
            {"id": place, "file_name": name, "height": 40, "width": 60} for place, name in enumerate(names, start=1)
        ],
        "annotations": [
            {"id": 10 * place + kind, "image_id": place, "category_id": category, "segmentation": segmentation, **name}
            for place in range(1, len(names) + 1)
            for kind, category, segmentation, name in (
                (0, 7, rle, {"name": "Rex"}),
                (1, 5, polygon, {}),
            )
        ],
    }
    path = folder / "coco.json"
    path.write_text(json.dumps(content | changes))
    return path


RLE_MASK = np.zeros(SMALL, bool)
RLE_MASK[5:15, 5:15] = True
POLYGON_MASK = np.zeros(SMALL, bool)
POLYGON_MASK[2:12, 10:20] = True


def objects_of(hands: Hands) -> list[tuple[str, str]]:
    annotation = hands.photo.annotation
    names = {each.id: each.name for each in annotation.classes}
    return [(each.name, names[each.class_id]) for each in annotation.objects]


def test_coco_lands_on_every_photo_of_the_queue(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(folder)
    hands.do("next_photo")
    hands.wait_for_photo()
    import_file(hands, "import_coco", coco(folder, "photo2.png", "photo1.png", "photo3.png"), monkeypatch)
    told(hands, "6 objects imported on 3 photos. New classes: dog.")
    for _ in range(2):
        assert objects_of(hands) == [("Rex", "dog"), ("object 2", "object")]
        np.testing.assert_array_equal(mask(hands, 1), RLE_MASK)
        np.testing.assert_array_equal(mask(hands, 2), POLYGON_MASK)
        assert hands.photo.annotation.classes[1].colour == (1, 2, 3)
        hands.do("next_photo")
        hands.wait_for_photo()
    album = hands.window.files.album
    assert {album.status(path) for path in album.paths} == {Status.IN_PROGRESS}
    assert len(album.unsaved()) == 3
    # The photo that was not open has its step to take back as well.
    assert hands.photo.path.name == "photo3.png"
    hands.do("undo")
    assert objects_of(hands) == []


def test_coco_on_photos_not_yet_seen_is_safe_from_a_crash(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(folder)
    import_file(hands, "import_coco", coco(folder, "photo3.png"), monkeypatch)
    told(hands, "2 objects imported")
    hands.window.session.break_off()
    with answering("Restore") as asked:
        again = start()
        again.wait_until(lambda: bool(asked) and again.window.segmenting.photo is not None)
    assert "2 objects on “photo3.png”" in asked[0]
    assert objects_of(again) == [("Rex", "dog"), ("object 2", "object")]


def test_new_classes_of_several_photos_stay_apart(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each class is on one photo alone, and that photo is not the open one."""
    box = [[10.0, 2.0, 20.0, 2.0, 20.0, 12.0, 10.0, 12.0]]
    source = coco(
        folder,
        "photo1.png",
        "photo3.png",
        categories=[{"id": 7, "name": "dog"}, {"id": 8, "name": "tree"}],
        annotations=[
            {"id": number, "image_id": number, "category_id": 6 + number, "segmentation": box} for number in (1, 2)
        ],
    )
    hands = start(folder)
    hands.do("next_photo")
    hands.wait_for_photo("photo2.png")
    import_file(hands, "import_coco", source, monkeypatch)
    told(hands, "2 objects imported on 2 photos. New classes: dog, tree.")
    shown = hands.window.classes_bar.choice
    assert [shown.itemText(place).split()[-1] for place in range(shown.count())] == ["object", "dog", "tree"]
    for step, name in (("previous_photo", "dog"), ("next_photo", ""), ("next_photo", "tree")):
        hands.do(step)
        hands.wait_for_photo()
        assert [each.name for each in hands.photo.annotation.classes] == ["object", "dog", "tree"]
        assert [each for _, each in objects_of(hands)] == ([name] if name else [])


def test_coco_on_work_of_a_session_is_safe_from_a_crash(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tmp_path / "work.isegformer"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(session), ""))
    hands = start(folder)
    hands.do("next_photo")
    hands.wait_for_photo()
    finish_object(hands, 20, 30)
    hands.do("previous_photo")
    hands.wait_for_photo()
    hands.do("save")
    hands.window.close()
    again = start(session)
    import_file(again, "import_coco", coco(folder, "photo2.png"), monkeypatch)
    told(again, "2 objects imported")
    again.window.session.break_off()
    with answering("Restore") as asked:
        third = start()
        third.wait_until(lambda: bool(asked) and third.window.segmenting.photo is not None)
    assert third.photo.path.name == "photo2.png"
    assert objects_of(third) == [("object 1", "object"), ("Rex", "dog"), ("object 3", "object")]


def test_a_16_bit_photo_with_imported_objects_is_shown_as_before(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("photo1.png", "photo2.png"):
        Image.fromarray(np.linspace(1000, 5000, 2400).astype(np.uint16).reshape(SMALL)).save(tmp_path / name)
    hands = start(tmp_path)
    before = hands.photo.rgb(PHOTO)
    import_file(hands, "import_coco", coco(tmp_path, "photo2.png"), monkeypatch)
    told(hands, "2 objects imported")
    hands.do("next_photo")
    hands.wait_for_photo()
    assert objects_of(hands)
    np.testing.assert_array_equal(hands.photo.rgb(PHOTO), before)


def test_what_cannot_land_is_named(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (10, 10)).save(folder / "photo2.png")
    (folder / "photo3.png").write_bytes(b"no image")
    hands = start(folder / "photo1.png", folder / "photo2.png", folder / "photo3.png")
    source = coco(folder, "photo1.png", "photo2.png", "photo3.png", "elsewhere.png")
    content = json.loads(source.read_text())
    content["annotations"].append({"id": 99, "image_id": 1, "category_id": 5, "segmentation": []})
    source.write_text(json.dumps(content))
    import_file(hands, "import_coco", source, monkeypatch)
    report = report_of(hands)
    lines = report.lines.toPlainText()
    assert report.headline.text().startswith("2 objects imported on 1 photo.")
    for words in (
        "The annotation 99 was left out: it has no outline",
        "“photo2.png” was left out: it is 10 x 10 pixels, in the COCO file 60 x 40",
        "“photo3.png” was left out: “photo3.png” is no image",
        "“elsewhere.png” was left out: it is not in the queue",
    ):
        assert words in lines
    report.reject()


def test_photos_of_one_name_are_told_apart_by_their_folders(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name / "photo1.png" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        shutil.copy(folder / "photo1.png", path)
    hands = start(*paths)
    import_file(hands, "import_coco", coco(tmp_path, "elsewhere/b/photo1.png"), monkeypatch)
    told(hands, "2 objects imported")
    assert objects_of(hands) == []
    hands.do("next_photo")
    hands.wait_for_photo()
    assert len(objects_of(hands)) == 2


def test_a_name_that_fits_two_photos_is_left_out(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name / "photo1.png" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        shutil.copy(folder / "photo1.png", path)
    hands = start(*paths)
    import_file(hands, "import_coco", coco(tmp_path, "photo1.png"), monkeypatch)
    report = report_of(hands)
    assert "2 photos of the queue have this name" in report.lines.toPlainText()
    report.reject()
    assert objects_of(hands) == []


def test_what_is_no_coco_file_is_told(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "coco.json").write_text("[]")
    import_file(cat, "import_coco", tmp_path / "coco.json", monkeypatch)
    told(cat, "is no COCO file")
    assert not cat.window.isWindowModified()


@pytest.mark.parametrize("action", ["import_mask", "import_coco"])
def test_import_without_a_photo_says_so(start: Start, action: str) -> None:
    hands = start()
    hands.do(action)
    assert "Open the photos first" in hands.window.message_bar.text


def test_an_exported_coco_file_comes_back_the_same(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from isegformer_app.files.exports import write_coco

    cat.window.segmenting.rule = OverlapRule.ALLOW
    finish_object(cat, 100, 100)
    finish_object(cat, 110, 110)
    masks = [mask(cat, number).copy() for number in (1, 2)]
    assert (masks[0] & masks[1]).any()
    write_coco(tmp_path / "coco.json", cat.photo.annotation, cat.photo.path)
    cat.do("undo")
    cat.window.segmenting.select(None)
    import_file(cat, "import_coco", tmp_path / "coco.json", monkeypatch)
    told(cat, "2 objects imported")
    for one, other in zip(cat.photo.annotation.objects[-2:], masks, strict=True):
        np.testing.assert_array_equal(cat.photo.annotation.mask(one.id, PHOTO), other)
