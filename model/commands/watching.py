"""How far an evaluation is: a bar with the time left for a person, plain lines for a program that started it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..evaluation.run import Watch
from ..evaluation.sharding import Shard


@contextmanager
def watched(shard: Shard, *, lines: bool) -> Iterator[Watch]:
    """Give what an evaluation tells its progress to; only the process that leads shows it, of its own share."""
    if not shard.leads:
        yield lambda done, total: None
    elif lines:
        yield _print_line
    else:
        with _bar() as watch:
            yield watch


def _print_line(done: int, total: int) -> None:
    print(f"progress {done} {total}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Watch]:
    from tqdm import tqdm

    with tqdm(desc="evaluate", unit="object", disable=None, file=sys.stderr) as bar:

        def watch(done: int, total: int) -> None:
            if bar.total != total:
                # The first word: what an earlier run did is no speed of this one.
                bar.reset(total)
                bar.initial = bar.n = done
                bar.refresh()
            bar.update(done - bar.n)

        yield watch
