"""Answers of `isegformer segment`: one mask, or the many of a table, which goes on where it was stopped."""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.images import read_image, read_probability
from ..data.writing import check_writable, encode_picture, write_together
from ..errors import ClickError, ModelError, OutputError, SettingsError, printable
from .jobs import MASK_SUFFIX, Job, read_jobs
from .options import load_segmenter

if TYPE_CHECKING:
    from ..engine import Segmenter

JOURNAL = "segment.jsonl"
"""In the folder of a table's masks: a line for each mask written, so that a stopped run goes on where it was."""

_SINGLE_ONLY = ("previous", "overlay", "coco")


def answer(segmenter: "Segmenter", job: Job, threshold: float) -> NDArray[np.bool_]:
    """Answer one job on the image that is set: (H, W) bool."""
    previous = None if job.previous is None else read_probability(job.previous)
    mask = np.asarray(segmenter.predict(job.clicks, previous) >= threshold)
    # The engine honours clicks at its own threshold; another one must not undo that.
    for click in job.clicks:
        mask[click.row, click.col] = click.is_positive
    return mask


def check_positive(job: Job) -> None:
    """Raise `ClickError` where neither a click nor a mask to start from says what the object is."""
    if not any(click.is_positive for click in job.clicks) and job.previous is None:
        raise ClickError("There is no click on the object; give at least one that is positive.")


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """Encode a mask (H, W) as a PNG of 0 and 255."""
    return encode_picture(mask.astype(np.uint8) * np.uint8(255), MASK_SUFFIX)


def run_table(arguments: argparse.Namespace) -> int:
    """Write the masks of a table; a job that cannot be done is named, and the others are done all the same."""
    from tqdm import tqdm

    given = [name for name in _SINGLE_ONLY if getattr(arguments, name) is not None]
    if arguments.clicks:
        raise SettingsError("The clicks of a table stand in the table; leave out --positive and --negative.")
    if given:
        raise SettingsError(f"The option --{given[0]} is for one image, not for a table.")
    folder: Path = arguments.output
    jobs = read_jobs(arguments.image, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder {str(folder)!r}: {(error.strerror or str(error)).lower()}."
        ) from error
    check_writable(folder / JOURNAL)
    segmenter = load_segmenter(arguments)
    done = _read_journal(folder / JOURNAL)
    written, skipped, failed = 0, 0, 0
    image_set: Path | None = None
    with (folder / JOURNAL).open("a", encoding="utf-8") as journal:
        for job in tqdm(jobs, desc="segment", unit="mask", disable=None):
            name = _fingerprint(job, segmenter, arguments)
            if done.get(job.output.name) == name and job.output.is_file():
                skipped += 1
                continue
            try:
                check_positive(job)
                if image_set != job.image:
                    image_set = None
                    segmenter.set_image(read_image(job.image))
                    image_set = job.image
                mask = answer(segmenter, job, arguments.threshold)
                write_together({job.output: encode_mask(mask)})
            except ModelError as error:
                failed += 1
                tqdm.write(f"isegformer: {printable(f'{job.output.name}: {error}')}", file=sys.stderr)
                continue
            written += 1
            journal.write(json.dumps({"output": job.output.name, "job": name}) + "\n")
            journal.flush()
    _report_table(arguments, {"written": written, "skipped": skipped, "failed": failed})
    return 2 if failed else 0


def _report_table(arguments: argparse.Namespace, counts: dict[str, int]) -> None:
    if arguments.json:
        print(json.dumps({"table": str(arguments.image), "folder": str(arguments.output), **counts}))
    else:
        print(f"{arguments.output}: {', '.join(f'{count} {word}' for word, count in counts.items())}")


def _fingerprint(job: Job, segmenter: "Segmenter", arguments: argparse.Namespace) -> str:
    """Name everything that decides the mask of a job, so that a changed click or model is not taken for done."""
    facts: list[Any] = [segmenter.model_sha256, segmenter.model_name, arguments.threshold, arguments.flip]
    facts += [[click.row, click.col, click.is_positive] for click in job.clicks]
    for path in (job.image, job.previous):
        try:
            facts.append(None if path is None else [str(path), path.stat().st_size, path.stat().st_mtime_ns])
        except (OSError, ValueError):  # ValueError: a name that cannot be one, as with a zero byte
            facts.append(str(path))
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _read_journal(path: Path) -> dict[str, str]:
    """Masks that are written, by name; a line that a stop cut off counts for nothing."""
    done = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                done[str(entry["output"])] = str(entry["job"])
            except (ValueError, KeyError, TypeError):
                continue
    return done
