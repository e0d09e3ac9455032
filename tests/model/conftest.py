"""What the tests of the model share: a small dataset on disk, and an engine without weights."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.engine import Segmenter

from .engine.tiny import Painter

Dataset = Callable[[str, int], Path]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Make a set of some images of 60 x 80 with two bright blocks each, which the masks number 1 and 2."""

    def make(name: str, count: int) -> Path:
        folder = tmp_path / "data" / name
        for part in ("images", "masks"):
            (folder / part).mkdir(parents=True)
        for index in range(count):
            labels = np.zeros((60, 80), np.uint8)
            labels[10:30, 10:30], labels[35:55, 40 : 60 + index] = 1, 2
            image = np.where(labels[..., None] > 0, 250, 10).astype(np.uint8).repeat(3, axis=2)
            cv2.imwrite(str(folder / "images" / f"{index}.png"), image)
            cv2.imwrite(str(folder / "masks" / f"{index}.png"), labels)
        return folder

    return make


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, str]]:
    """Let `Segmenter.load` give a network that finds what is bright; the list fills with what was asked for."""
    asked: list[tuple[object, str]] = []

    def load(model: object = None, device: str = "auto", **options: object) -> Segmenter:
        asked.append((model, device))
        segmenter = Segmenter(Painter(), flip=bool(options.get("flip")))
        segmenter.model_name, segmenter.model_sha256 = f"bright-{model}", "0" * 64
        return segmenter

    monkeypatch.setattr(Segmenter, "load", load)
    return asked
