"""The example of ARCHITECTURE.md is a whole network: one file, one line of the registry, and the engine drives it."""

import re
import subprocess
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


def example() -> str:
    code = re.search(
        r"`model/networks/plain\.py`.*?```python\n(.*?)```", PAPER.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert code is not None
    return code[1]


@pytest.mark.parametrize("words", [["check", "--no-cache"], ["format", "--diff", "--no-cache"]])
def test_the_example_is_in_the_style_of_the_house(words: list[str]) -> None:
    place = Path(registry.__file__).with_name("plain.py")
    command = [sys.executable, "-m", "ruff", *words, "--stdin-filename", str(place), "-"]
    done = subprocess.run(
        command, input=example(), cwd=PAPER.parent, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_is_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAPER.read_text(encoding="utf-8")
    line = re.search(r'`"([\w-]+)": \("(\w+)", "(\w+)", \((\d+),\)\)`', text)
    assert line is not None
    module = ModuleType("model.networks.plain")
    module.__package__ = "model.networks"
    exec(compile(example(), "plain.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "model.networks.plain", module)
    monkeypatch.setitem(registry._BUILDERS, line[1], (line[2], line[3], (int(line[4]),)))

    network = create_network(line[1], with_previous=False)
    assert type(network).__name__ == line[3]
    assert network.get_parameter("layers.0.weight").shape == (16, 5, 3, 3)
    segmenter = Segmenter(network, threads=1)
    image = torch.randint(0, 256, (37, 51, 3), dtype=torch.uint8)
    segmenter.set_image(image.numpy())
    assert segmenter.predict([Click(20, 30, is_positive=True)])[20, 30] > 0.5
