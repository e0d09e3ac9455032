"""The example of ARCHITECTURE.md is a whole network: one file, one line of the registry, and the engine drives it."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from model.clicks import Click
from model.engine import Segmenter
from model.networks import create_network, registry

PAPER = Path(__file__).parents[3] / "ARCHITECTURE.md"


def test_the_shortest_network_is_as_short_as_the_paper_says() -> None:
    told = re.search(r"`(\w+\.py)`, has (\d+)\s+lines", PAPER.read_text(encoding="utf-8"))
    assert told is not None
    source = (Path(registry.__file__).parent / told[1]).read_text(encoding="utf-8")
    assert "ClickNetwork" in source or "EarlyFusionNetwork" in source
    assert len(source.splitlines()) == int(told[2]) < 50


def test_the_example_is_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAPER.read_text(encoding="utf-8")
    code = re.search(r"`model/networks/plain\.py`.*?```python\n(.*?)```", text, flags=re.DOTALL)
    line = re.search(r'`"([\w-]+)": \("(\w+)", "(\w+)", \((\d+),\)\)`', text)
    assert code is not None
    assert line is not None
    module = ModuleType("model.networks.plain")
    module.__package__ = "model.networks"
    exec(compile(code[1], "plain.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "model.networks.plain", module)
    monkeypatch.setitem(registry._BUILDERS, line[1], (line[2], line[3], (int(line[4]),)))

    network = create_network(line[1], with_previous=False)
    assert type(network).__name__ == line[3]
    assert network.get_parameter("layers.0.weight").shape == (16, 5, 3, 3)
    segmenter = Segmenter(network, threads=1)
    image = torch.randint(0, 256, (37, 51, 3), dtype=torch.uint8)
    segmenter.set_image(image.numpy())
    assert segmenter.predict([Click(20, 30, is_positive=True)])[20, 30] > 0.5
