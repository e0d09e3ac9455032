"""Ctrl+C during a training: a wish at first, and none that outlives the run."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.commands.stopping import stopping_in_order
from model.training.run_folder import RunFolder


@pytest.fixture(autouse=True)
def _python_hears_of_signals() -> Iterator[None]:
    """As in a program that was just started: a test before this one may have left a signal to the system."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_is_a_wish_and_the_second_ends_at_once(tmp_path: Path) -> None:
    with stopping_in_order(RunFolder(tmp_path)):
        signal.raise_signal(signal.SIGINT)
        assert (tmp_path / "wish.txt").read_text() == "stop"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_run_that_breaks_leaves_no_wish_to_the_next_start(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)

    def broken_run() -> None:
        with stopping_in_order(folder):
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        broken_run()
    folder.obey()


def test_a_signal_before_the_run_has_begun_ends_at_once(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), stopping_in_order(RunFolder(tmp_path / "not yet")):
        signal.raise_signal(signal.SIGTERM)


def test_a_wish_of_somebody_else_stands(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with stopping_in_order(folder):
        folder.wish("stop")
    with pytest.raises(KeyboardInterrupt):
        folder.obey()
