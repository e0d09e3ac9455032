"""The bridge, through the real `Segmenter` with a small random network."""

import queue
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from isegformer_app.document import Click
from isegformer_app.inference import Answer, Cancelled, EngineError, Failure, Request, SegmenterEngine, Worker
from isegformer_app.inference import engine as bridge
from isegformer_app.inference.requests import Image as Pixels
from model.engine import Segmenter
from model.errors import CheckpointError, ImageError
from model.networks import ClickNetwork, Features

PATIENCE = 60


class TinyNetwork(ClickNetwork):
    """One convolution to encode and one to answer; counts the encoded images."""

    view_side = 64
    view_multiple = 16

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Conv2d(7, 1, 3, padding=1)
        self.encodings = 0
        self.fault: Exception | None = None

    def encode(self, image: Tensor) -> Features:
        if self.fault is not None:
            raise self.fault
        self.encodings += 1
        encoded: Tensor = self.encoder(image)
        return (encoded,)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.cat((features[0], previous, clicks), dim=1))
        return logits


@pytest.fixture
def network() -> TinyNetwork:
    return TinyNetwork()


@pytest.fixture
def engine(network: TinyNetwork, monkeypatch: pytest.MonkeyPatch) -> SegmenterEngine:
    """An engine whose file of weights is the tiny network."""

    def load(model: str | None = None, device: str = "auto", *, threads: int | None = None) -> Segmenter:
        segmenter = Segmenter(network, "cpu" if device == "auto" else device, threads=threads)
        segmenter.model_name = model or "tiny"
        return segmenter

    monkeypatch.setattr(Segmenter, "load", load)
    made = SegmenterEngine()
    made.load()
    return made


def photo(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 255, (48, 80, 3), dtype=np.uint8)


def ask(*points: tuple[int, int], key: str = "photo", previous: np.ndarray | None = None, seed: int = 0) -> Request:
    clicks = tuple(Click(row, col, True) for row, col in points)
    return Request(key, photo(seed), 0, 1, clicks, previous)


def never() -> bool:
    return False


def test_an_answer_is_what_the_segmenter_says(engine: SegmenterEngine, network: TinyNetwork) -> None:
    from model.clicks import Click as ModelClick

    answer = engine.predict(ask((10, 20), (30, 40)), never)
    alone = Segmenter(network, "cpu")
    alone.set_image(photo())
    np.testing.assert_array_equal(answer, alone.predict([ModelClick(10, 20, True), ModelClick(30, 40, True)]))
    assert answer.shape == (48, 80)
    assert answer.dtype == np.float32
    assert engine.describe() == ("tiny", "cpu")


def test_an_image_is_encoded_once_for_many_clicks(engine: SegmenterEngine, network: TinyNetwork) -> None:
    engine.encode("photo", photo())
    before = network.encodings
    engine.encode("photo", photo())
    engine.predict(ask((10, 20)), never)
    again = engine.predict(ask((10, 20)), never)
    assert again[10, 20] >= 0.5
    # The views of regions are encoded apart; the whole image is not encoded again.
    after_clicks = network.encodings
    engine.encode("photo", photo())
    assert network.encodings == after_clicks
    assert before >= 1


def test_encoding_stops_when_it_is_called_off_and_costs_nothing(engine: SegmenterEngine, network: TinyNetwork) -> None:
    engine.encode("kept", photo(3))
    before = network.encodings
    with pytest.raises(Cancelled):
        engine.encode("photo", photo(), lambda: True)
    assert list(engine._encoded) == ["kept"]
    engine.encode("photo", photo())
    assert list(engine._encoded) == ["kept", "photo"]
    assert network.encodings > before


def test_the_images_used_last_stay_encoded(engine: SegmenterEngine) -> None:
    for number in range(bridge.IMAGES_KEPT):
        engine.encode(str(number), photo(number))
    engine.predict(ask((10, 20), key="0"), never)
    engine.encode("new", photo(9))
    assert list(engine._encoded) == ["2", "3", "0", "new"]


def test_large_images_are_kept_one_at_a_time(engine: SegmenterEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "PIXELS_KEPT", 48 * 80 + 1)
    engine.encode("first", photo(1))
    engine.encode("second", photo(2))
    assert list(engine._encoded) == ["second"]


def test_images_with_other_keys_do_not_mix(engine: SegmenterEngine) -> None:
    first = engine.predict(ask((10, 20), key="a", seed=1), never)
    second = engine.predict(ask((10, 20), key="b", seed=2), never)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(engine.predict(ask((10, 20), key="a", seed=1), never), first)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.uint16, np.float32])
def test_a_mask_of_any_type_sets_out(engine: SegmenterEngine, kind: type[np.generic]) -> None:
    mask = np.zeros((48, 80), bool)
    mask[5:20, 5:30] = True
    expected = engine.predict(ask((10, 20), previous=mask), never)
    answer = engine.predict(ask((10, 20), key="other", previous=mask.astype(kind)), never)
    # A mask of bools is resampled in bytes: half a 255th is rounded off.
    np.testing.assert_allclose(answer, expected, rtol=0, atol=1 / 255)
    assert np.abs(answer - engine.predict(ask((10, 20)), never)).max() > 0.01


def test_a_job_called_off_stops_before_the_network(engine: SegmenterEngine, network: TinyNetwork) -> None:
    engine.encode("photo", photo())
    before = network.encodings
    with pytest.raises(Cancelled):
        engine.predict(ask((10, 20)), lambda: True)
    assert network.encodings == before


def test_a_job_called_off_between_two_stages_stops(engine: SegmenterEngine) -> None:
    answers = iter([False, False])
    with pytest.raises(Cancelled):
        engine.predict(ask((10, 20), (20, 20), (30, 30)), lambda: next(answers, True))


def test_what_the_model_refuses_is_one_sentence(engine: SegmenterEngine) -> None:
    with pytest.raises(EngineError, match=r"outside of the image"):
        engine.predict(ask((10, 200)), never)
    with pytest.raises(EngineError, match=r"must be uint8"):
        engine.encode("float", np.zeros((8, 8, 3), np.float32))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), "memory of the device is full"),
        (RuntimeError("CUDA error: device-side assert\nmore lines"), r"\(CUDA error: device-side assert\)"),
        (MemoryError(), "memory of this computer is full"),
        (ImageError("A sentence of the model."), "A sentence of the model"),
    ],
)
def test_trouble_inside_torch_is_a_sentence_and_the_next_click_works(
    engine: SegmenterEngine, network: TinyNetwork, fault: Exception, sentence: str
) -> None:
    engine.encode("kept", photo(3))
    network.fault = fault
    with pytest.raises(EngineError, match=sentence) as problem:
        engine.predict(ask((10, 20)), never)
    assert "\n" not in str(problem.value)
    network.fault = None
    assert engine.predict(ask((10, 20)), never).shape == (48, 80)


def test_a_model_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Segmenter:
        raise CheckpointError("The file is no model; choose another.")

    monkeypatch.setattr(Segmenter, "load", refuse)
    with pytest.raises(EngineError, match="no model; choose another"):
        SegmenterEngine("strange.safetensors").load()


def test_a_model_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"nowhere"):
        SegmenterEngine(tmp_path / "nowhere.safetensors", "cpu").load()


def test_without_torch_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model.engine", None)
    with pytest.raises(EngineError, match=r"PyTorch cannot be started .* installation"):
        SegmenterEngine().load()


def test_before_the_loading_the_name_is_known() -> None:
    assert SegmenterEngine(Path("folder") / "mine.safetensors", "cuda").describe() == ("mine", "cuda")
    assert SegmenterEngine().describe() == ("", "auto")


def test_threads_act_on_the_network_until_another_engine_wants_others(engine: SegmenterEngine) -> None:
    first = torch.get_num_threads()
    for wanted, expected in ((first + 2, first + 2), (1, 1), (None, first)):
        other = SegmenterEngine(None, "cpu", wanted)
        other.load()
        other.predict(ask((10, 20)), never)
        assert torch.get_num_threads() == expected


def test_importing_the_bridge_brings_no_torch() -> None:
    code = "import sys, isegformer_app.inference; print('torch' in sys.modules, 'model' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_worker_drives_the_bridge(engine: SegmenterEngine) -> None:
    said: queue.Queue[Answer | Failure] = queue.Queue()
    worker = Worker(lambda: engine, said.put, said.put, lambda state: None)
    try:
        worker.submit(ask((10, 20)))
        answer = said.get(timeout=PATIENCE)
        assert isinstance(answer, Answer)
        assert (answer.model, answer.device) == ("tiny", "cpu")
        assert answer.seconds > 0
        worker.submit(ask((100, 20)))
        failure = said.get(timeout=PATIENCE)
        assert isinstance(failure, Failure)
        assert "outside" in failure.message
    finally:
        worker.close()


@pytest.mark.slow
def test_the_bundled_model_answers_on_a_real_photo(cat_photo: Path) -> None:
    with Image.open(cat_photo) as picture:
        image = np.asarray(picture.convert("RGB"))
    engine = SegmenterEngine(None, "cpu")
    engine.load()
    height, width = image.shape[:2]
    click = Click(height // 2, width // 2, True)
    answer = engine.predict(Request("cat", image, 0, 1, (click,)), never)
    assert answer.shape == (height, width)
    assert answer[click.row, click.col] >= 0.5
    assert engine.describe() == ("late-vit-s14", "cpu")
