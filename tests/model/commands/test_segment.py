"""`isegformer segment`: what is written, how it ends, and that nothing is half written."""

import json
import os
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from model.cli import main
from model.commands.answering import JOURNAL
from model.data.images import read_image

pytestmark = pytest.mark.usefixtures("loads")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A dark picture of 60 x 80 pixels with a bright block of 20 x 30."""
    path = tmp_path / "photo.png"
    pixels = np.full((60, 80, 3), 10, np.uint8)
    pixels[20:40, 30:60] = 250
    Image.fromarray(pixels).save(path)
    return path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on the standard error."""
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("isegformer: ")
    assert lines[0].endswith((".", "`."))
    assert "Traceback" not in captured.err
    return lines[0]


def test_the_mask_is_0_and_255_in_the_size_of_the_image(photo: Path, tmp_path: Path) -> None:
    output = tmp_path / "mask.png"
    assert main(["segment", str(photo), "--positive", "45,30", "--output", str(output)]) == 0
    mask = np.asarray(Image.open(output))
    assert mask.shape == (60, 80)
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 255}
    truth = np.zeros((60, 80), np.bool_)
    truth[20:40, 30:60] = True
    assert ((mask > 0) & truth).sum() / ((mask > 0) | truth).sum() > 0.8


def test_clicks_count_columns_first(tmp_path: Path) -> None:
    wide, output = tmp_path / "wide.png", tmp_path / "mask.png"
    Image.fromarray(np.zeros((10, 50, 3), np.uint8)).save(wide)
    words = ["segment", str(wide), "--positive", "49,9", "--negative", "0,0", "--output", str(output)]
    assert main(words) == 0
    mask = np.asarray(Image.open(output))
    assert mask[9, 49] == 255
    assert mask[0, 0] == 0


def test_overlay_and_coco_show_the_same_mask(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    targets = {name: tmp_path / "out" / name for name in ("mask.png", "overlay.jpg", "coco.json")}
    words = ["segment", str(photo), "--positive", "45,30", "--negative", "1,1", "--json"]
    options = zip(("--output", "--overlay", "--coco"), map(str, targets.values()), strict=True)
    assert main([*words, *(word for option in options for word in option)]) == 0
    mask = np.asarray(Image.open(targets["mask.png"])) > 0
    assert read_image(targets["overlay.jpg"]).shape == (60, 80, 3)
    content = json.loads(targets["coco.json"].read_text())
    assert content["images"] == [{"id": 1, "file_name": "../photo.png", "height": 60, "width": 80}]
    (annotation,) = content["annotations"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools under numpy 2
        assert np.array_equal(coco_mask.decode(annotation["segmentation"]) > 0, mask)
    assert annotation["area"] == mask.sum()
    left, top, width, height = annotation["bbox"]
    assert mask[top : top + height, left : left + width].sum() == mask.sum()
    said = json.loads(capsys.readouterr().out)
    assert said["area"] == mask.sum()
    assert said["clicks"] == [{"x": 45, "y": 30, "positive": True}, {"x": 1, "y": 1, "positive": False}]
    assert said["model_sha256"] == "0" * 64


@pytest.mark.parametrize("threshold", ["0.2", "0.9"])
def test_clicks_are_honoured_at_every_threshold(photo: Path, tmp_path: Path, threshold: str) -> None:
    output = tmp_path / "mask.png"
    words = ["segment", str(photo), "--positive", "2,2", "--negative", "45,30", "--threshold", threshold]
    assert main([*words, "--output", str(output)]) == 0
    mask = np.asarray(Image.open(output))
    assert mask[2, 2] == 255
    assert mask[30, 45] == 0


def test_a_previous_mask_may_stand_for_the_first_click(photo: Path, tmp_path: Path) -> None:
    previous, output = tmp_path / "previous.png", tmp_path / "mask.png"
    Image.fromarray(np.full((60, 80), 255, np.uint8)).save(previous)
    words = ["segment", str(photo), "--previous", str(previous), "--negative", "1,1", "--output", str(output)]
    assert main(words) == 0
    assert np.asarray(Image.open(output))[1, 1] == 0


def test_model_and_device_are_handed_on(photo: Path, tmp_path: Path, loads: list[tuple[object, str]]) -> None:
    words = ["segment", str(photo), "--positive", "1,1", "--output", str(tmp_path / "m.png")]
    assert main([*words, "--model", "mine", "--device", "cpu"]) == 0
    assert main(words) == 0
    assert loads == [("mine", "cpu"), (None, "auto")]


BAD_IMAGES = ["there-is-none.png", "text.png", "cut.png", "empty.png", ".", "a" * 5000 + ".png"]


@pytest.mark.parametrize("name", BAD_IMAGES, ids=lambda name: name[:20])
def test_what_is_no_image_ends_with_one_sentence(
    name: str, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes(photo.read_bytes()[:80])
    (tmp_path / "empty.png").touch()
    before = files(tmp_path)
    words = ["segment", str(tmp_path / name), "--positive", "1,1", "--output", str(tmp_path / "mask.png")]
    assert main(words) == 2
    sentence(capsys)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--positive", "80,0"], "outside of the image of 80 x 60"),
        (["--positive", "0,60"], "outside of the image of 80 x 60"),
        (["--positive", "1,1", "--negative", "900,1"], "outside"),
        (["--positive=-1,4"], "outside"),
        (["--positive", "1.5,2"], "whole pixels"),
        (["--positive", "1"], "whole pixels"),
        (["--negative", "1,1"], "no click on the object"),
        ([], "no click on the object"),
        (["--positive", "1,1", "--threshold", "1.5"], "between 0 and 1"),
        (["--positive", "1,1", "--threads", "0"], "whole number"),
        (["--positive", "1,1", "--what"], "--what"),
        (["--positive", "1,1", "--previous", "none.png"], "none.png"),
        (["--positive", "1,1", "--overlay", "o.xyz"], "o.xyz"),
        (["--positive", "1,1", "--overlay", "no-folder/o.png"], "no-folder"),
        (["--positive", "1,1", "--coco", "mask.png"], "different names"),
    ],
)
def test_bad_options_end_with_one_sentence(
    words: list[str],
    says: str,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["segment", str(photo), "--output", "mask.png", *words]) == 2
    assert says in sentence(capsys)
    assert files(tmp_path) == {"photo.png"}


@pytest.mark.parametrize("output", ["no-folder/mask.png", "mask.jpg", "mask", "folder.png", "photo.png"])
def test_an_output_that_cannot_be_is_refused_before_the_model_is_loaded(
    output: str, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], loads: list[tuple[object, str]]
) -> None:
    (tmp_path / "folder.png").mkdir()
    pixels = photo.read_bytes()
    assert main(["segment", str(photo), "--positive", "1,1", "--output", str(tmp_path / output)]) == 2
    sentence(capsys)
    assert not loads
    assert photo.read_bytes() == pixels
    assert files(tmp_path) == {"photo.png", "folder.png"}


def test_a_previous_mask_of_another_size_is_refused(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((6, 8), 255, np.uint8)).save(tmp_path / "small.png")
    words = ["segment", str(photo), "--positive", "1,1", "--previous", str(tmp_path / "small.png")]
    assert main([*words, "--output", str(tmp_path / "mask.png")]) == 2
    assert "60 x 80" in sentence(capsys)
    assert not (tmp_path / "mask.png").exists()


def test_a_disk_that_fails_leaves_the_old_files(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mask.png", "coco.json"):
        (tmp_path / name).write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    words = ["segment", str(photo), "--positive", "1,1", "--output", str(tmp_path / "mask.png")]
    assert main([*words, "--coco", str(tmp_path / "coco.json")]) == 2
    assert "no space left" in sentence(capsys)
    assert (tmp_path / "mask.png").read_text() == (tmp_path / "coco.json").read_text() == "old"
    assert files(tmp_path) == {"photo.png", "mask.png", "coco.json"}


@pytest.mark.parametrize("words", [[], ["paint"], ["segment"], ["segment", "a.png"]])
def test_incomplete_command_lines_end_with_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    sentence(capsys)


def write_table(folder: Path, rows: list[str]) -> Path:
    table = folder / "clicks.csv"
    table.write_text("\n".join(["image,object,x,y,positive", *rows]) + "\n")
    return table


def test_a_table_makes_a_mask_an_object_and_goes_on_where_it_stopped(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path, ["photo.png,a,45,30,1", "photo.png,a,1,1,no", "photo.png,b,2,2,yes"])
    folder = tmp_path / "masks"
    words = ["segment", str(table), "--output", str(folder)]
    assert main(words) == 0
    assert "2 written, 0 skipped, 0 failed" in capsys.readouterr().out
    assert files(folder) == {"photo-a.png", "photo-b.png", JOURNAL}
    assert np.asarray(Image.open(folder / "photo-a.png"))[1, 1] == 0
    (folder / "photo-b.png").unlink()
    with (folder / JOURNAL).open("a") as journal:
        journal.write('{"output": "photo-a')
    assert main(words) == 0
    assert "1 written, 1 skipped, 0 failed" in capsys.readouterr().out
    write_table(tmp_path, ["photo.png,a,46,30,1", "photo.png,b,2,2,yes"])
    assert main(words) == 0
    assert "1 written, 1 skipped, 0 failed" in capsys.readouterr().out
    assert main([*words, "--threshold", "0.3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 2


def test_a_table_goes_on_after_a_bad_image_and_ends_with_2(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [
        {"image": "none.png", "clicks": [{"x": 1, "y": 1, "positive": True}]},
        {"image": "photo.png", "clicks": [{"x": 99, "y": 1, "positive": True}], "output": "far"},
        {"image": "photo.png", "clicks": [{"x": 45, "y": 30, "positive": True}], "output": "good.png"},
    ]
    table = tmp_path / "clicks.json"
    table.write_text(json.dumps(entries))
    assert main(["segment", str(table), "--output", str(tmp_path / "masks")]) == 2
    captured = capsys.readouterr()
    assert "1 written, 0 skipped, 2 failed" in captured.out
    assert len(captured.err.strip().splitlines()) == 2
    assert files(tmp_path / "masks") == {"good.png", JOURNAL}


BAD_TABLES = {
    "no-column.csv": "image,x,y\nphoto.png,1,1\n",
    "empty.csv": "image,x,y,positive\n",
    "fraction.csv": "image,x,y,positive\nphoto.png,1.5,1,1\n",
    "sign.csv": "image,x,y,positive\nphoto.png,1,1,maybe\n",
    "short.csv": "image,x,y,positive\nphoto.png,1\n",
    "torn.json": '[{"image": "photo.png"',
    "kind.json": '{"image": "photo.png"}',
    "clicks.json": '[{"image": "photo.png", "clicks": [7]}]',
    "none.json": '[{"image": "photo.png", "clicks": []}]',
    "image.json": '[{"clicks": [{"x": 1, "y": 1, "positive": 1}]}]',
    "outside.json": '[{"image": "photo.png", "output": "../m.png", "clicks": [{"x": 1, "y": 1, "positive": 1}]}]',
    "long.csv": f"image,x,y,positive\n{'a' * 200_000},1,1,1\n",
    "outputs.csv": "image,x,y,positive,output\nphoto.png,1,1,1,one\nphoto.png,2,2,1,two\n",
    "previous.csv": "image,x,y,positive,previous\nphoto.png,1,1,1,one.png\nphoto.png,2,2,1,two.png\n",
    "digits.json": f'[{{"image": "photo.png", "clicks": [{{"x": {"9" * 5000}, "y": 1, "positive": 1}}]}}]',
    "twice.json": json.dumps([{"image": "photo.png", "clicks": [{"x": 1, "y": 1, "positive": True}]}] * 2),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_refused_before_anything_is_made(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], loads: list[tuple[object, str]]
) -> None:
    (tmp_path / name).write_text(BAD_TABLES[name])
    assert main(["segment", str(tmp_path / name), "--output", str(tmp_path / "masks")]) == 2
    sentence(capsys)
    assert not loads
    assert files(tmp_path) == {name}


def test_rows_of_one_object_share_what_one_of_them_says(photo: Path, tmp_path: Path) -> None:
    table = tmp_path / "clicks.csv"
    table.write_text("image,x,y,positive,output\nphoto.png,45,30,1,\nphoto.png,1,1,0,named\nphoto.png,2,2,0,\n")
    assert main(["segment", str(table), "--output", str(tmp_path / "masks")]) == 0
    assert files(tmp_path / "masks") == {"named.png", JOURNAL}


def test_jobs_that_cannot_be_done_are_named_one_by_one(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that can be no file's, and an object on which nothing was clicked."""
    table = write_table(tmp_path, ["ph\0to.png,a,1,1,1", "photo.png,b,1,1,0", "photo.png,c,45,30,1"])
    assert main(["segment", str(table), "--output", str(tmp_path / "masks")]) == 2
    captured = capsys.readouterr()
    assert "1 written, 0 skipped, 2 failed" in captured.out
    unnamed, unclicked = captured.err.strip().splitlines()
    assert "There is no file" in unnamed
    assert "no click on the object" in unclicked
    assert files(tmp_path / "masks") == {"photo-c.png", JOURNAL}


@pytest.mark.parametrize("words", [["--positive", "1,1"], ["--overlay", "o.png"], ["--previous", "p.png"]])
def test_options_of_one_image_are_refused_for_a_table(
    words: list[str], photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path, ["photo.png,a,45,30,1"])
    assert main(["segment", str(table), "--output", str(tmp_path / "masks"), *words]) == 2
    sentence(capsys)


def test_a_grey_deep_or_turned_picture_is_segmented(tmp_path: Path) -> None:
    output = tmp_path / "mask.png"
    deep = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    turned = Image.fromarray(np.zeros((20, 30), np.uint8))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    for name, size in (("deep.png", (30, 20)), ("turned.jpg", (20, 30))):
        assert main(["segment", str(tmp_path / name), "--positive", "5,5", "--output", str(output)]) == 0
        assert read_image(output).shape[1::-1] == size
