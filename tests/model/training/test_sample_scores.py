"""RITM's sample scores: read as plain data, turned into chances as published, and drawn by."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from model.data.annotated import Annotated, Found
from model.errors import DatasetError
from model.evaluation.layouts.registry import Where, open_dataset
from model.training.click_samples import ClickSamples
from model.training.sample_scores import chances_of
from tests.model.commands.test_train import TINY, train

from .clicked import SMALL, block, blocks

STEMS = ("2008_000007", "2008_000002", "2010_000001")
"""Not in the order of their names: lines count, whatever they hold."""

GAMMA = 1.25


def found(images: tuple[str, ...] = STEMS, listed: tuple[str, ...] = STEMS) -> Found:
    pictures = blocks(len(images))
    return Found(tuple(replace(each, stem=stem) for each, stem in zip(pictures, images, strict=True)), (), listed)


def published(path: Path, scores: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(scores, protocol))
    return path


def as_ritm_does(entries: list[tuple[int, str, float]], count: int) -> np.ndarray:
    """The chances of RITM's `ISDataset`: some indices, and a probability for each."""
    powers = np.array([(1.0 - entry[2]) ** GAMMA for entry in entries])
    powers /= powers.sum()
    chances = np.zeros(count)
    for entry, power in zip(entries, powers, strict=True):
        chances[entry[0]] += power
    return chances


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 0.99)), min_size=1, max_size=5),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
    st.sampled_from([float, np.float64, np.float32]),
    st.sampled_from([int, np.int64, np.int32]),
)
def test_chances_are_those_of_ritm(
    tmp_path_factory: pytest.TempPathFactory,
    scores: list[tuple[int, float]],
    protocol: int,
    real: type[float],
    whole: type[int],
) -> None:
    entries = [(whole(line), "photo", real(score)) for line, score in scores]
    path = published(tmp_path_factory.mktemp("scores") / "weights.pkl", entries, protocol)
    expected = as_ritm_does([(int(line), name, float(score)) for line, name, score in entries], 3)
    np.testing.assert_allclose(chances_of(path, GAMMA, found()), expected, rtol=1e-12)


def test_lines_are_those_of_the_list_also_where_images_are_missing_or_sorted(tmp_path: Path) -> None:
    path = published(tmp_path / "weights.pkl", [(0, None, 0.5), (1, None, 0.25), (2, None, 0.0)])
    there = found(images=("2008_000002", "2010_000001"))
    powers = np.array([0.75**GAMMA, 1.0])
    np.testing.assert_allclose(chances_of(path, GAMMA, there), powers / powers.sum())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([(3, None, 0.5)], "scores the image of line 3, counted from 0, but the list has 3 lines"),
        ([(0, None, 1.5)], "scores line 0 with 1.5; scores are from 0 to 1"),
        ([(0, None, float("nan"))], "scores are from 0 to 1"),
        ([(0, None, 1.0)], "no image of the data would ever be drawn"),
        ([], "no image of the data would ever be drawn"),
        ({"a": 1}, "is damaged, or no file of sample scores"),
        ([(0, 0.5)], "is damaged, or no file of sample scores"),
        (5, "is damaged, or no file of sample scores"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        chances_of(published(tmp_path / "weights.pkl", content), GAMMA, found())


def test_a_set_without_a_list_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = published(tmp_path / "weights.pkl", [(0, None, 0.5)])
    with pytest.raises(DatasetError, match="count the lines of a published list"):
        chances_of(path, GAMMA, found(listed=()))
    with pytest.raises(DatasetError, match="Cannot read"):
        chances_of(tmp_path / "gone.pkl", GAMMA, found())


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("bomb",)


def test_nothing_in_the_file_is_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in ([(0, None, Bomb())], [(0, Bomb(), 0.5)], Bomb()):
        path = published(tmp_path / "weights.pkl", content)
        if isinstance(content, list) and isinstance(content[0][1], Bomb):
            assert chances_of(path, GAMMA, found()).tolist() == [1, 0, 0]
        else:
            with pytest.raises(DatasetError, match="is damaged"):
                chances_of(path, GAMMA, found())
    assert not (tmp_path / "bomb").exists()


def test_images_are_drawn_by_their_chances() -> None:
    read: list[str] = []

    def noting(image: Annotated) -> Annotated:
        def pixels() -> np.ndarray:
            read.append(image.stem)
            return image.read_pixels()

        return replace(image, read_pixels=pixels)

    images = [noting(each) for each in blocks(3)]
    settings = replace(SMALL, memory_gb=0.0)
    samples = ClickSamples(images, settings, np.array([0.75, 0.0, 0.25]))
    for number in range(400):
        samples[number]
    shares = [read.count(str(stem)) / 400 for stem in range(3)]
    assert shares == pytest.approx([0.75, 0, 0.25], abs=0.06)


def test_sbd_is_trained_on_by_its_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "img").mkdir()
    (tmp_path / "inst").mkdir()
    for seed, stem in enumerate(STEMS):
        pixels, objects = block(seed)
        cv2.imwrite(str(tmp_path / "img" / f"{stem}.jpg"), pixels)
        savemat(tmp_path / "inst" / f"{stem}.mat", {"GTinst": {"Segmentation": objects.layers[0], "Categories": [1]}})
    (tmp_path / "train.txt").write_text("\n".join(STEMS) + "\n")
    sbd = open_dataset("sbd", Where(root=tmp_path, split="train"))
    assert sbd.listed == STEMS
    assert [image.stem for image in sbd.images] == sorted(STEMS)
    # The only image with a chance is whole, the others cannot be read.
    for stem in STEMS[1:]:
        (tmp_path / "img" / f"{stem}.jpg").write_bytes(b"no photo")
    path = published(tmp_path / "weights.pkl", [(0, None, np.float64(0.2)), (1, None, 1.0)])
    words = (*TINY, "--data", tmp_path, "--output", tmp_path / "run", "--sample-scores", path)
    assert train(*words, "--dataset", "sbd", "--split", "train", "--score-gamma", "1.25", "--hold-out", "0") == 0
    assert "left out" not in capsys.readouterr().err
    assert train(*words, "--output", tmp_path / "other") == 2
    assert "add --dataset sbd --split train" in capsys.readouterr().err
