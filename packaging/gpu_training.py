"""Make the two models that need a GPU, in the minutes that there are: one script, from the data to measured weights.

    python packaging/gpu_training.py --data DIR --output DIR --minutes 20

1. `late-vit-s14-unfrozen`: the bundled model, trained on with the last six blocks of its encoder.
2. `segformer-b0-distilled`: the paper's own architecture, which learns from that encoder first, and then from clicks.

`--data` holds the sets as folders or zips (SET/images, SET/masks) and `manifest.csv`. Before anything starts, their
checksums are compared with `training-data.sha256`. A trial of each model, of a few steps, measures the rate of the
machine, which sets the length of the real training. At the end both are evaluated on `val`, and their files are also
written in pieces that are easy to send (`cat model.safetensors.part* > model.safetensors`). What is done is not done
again when the script is started once more.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKSUMS = Path(__file__).with_name("training-data.sha256")
RESEARCH_ONLY = ("brain_mri", "heart_mri", "polyps")
"""Sets whose licence keeps them out of weights that are shipped; they are evaluated on all the same."""
PIECE = 15 << 20
"""Bytes of a piece."""
BUNDLED = ROOT / "resources" / "models" / "late-vit-s14.safetensors"


@dataclass(frozen=True)
class Plan:
    """One of the two trainings: its preset, its part of the time, and what else it is told."""

    preset: str
    share: float
    extra: tuple[str, ...]


PLANS = (
    Plan("late-vit-s14-unfrozen", 0.55, ("--start-from", str(BUNDLED))),
    Plan("segformer-b0-distilled", 0.45, ("--teacher-weights", str(BUNDLED))),
)
_DISTILLED = 0.4
"""Share of the student's samples on which it learns from the teacher alone."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do every stage that is not done; raise `SystemExit` with a sentence where one fails."""
    options = _parse(argv)
    started = time.monotonic()
    data = prepare(options.data, options.output / "data")
    print(f"The data is ready after {time.monotonic() - started:.0f} s.", flush=True)
    for plan in PLANS:
        run = options.output / plan.preset
        if not (run / "model.safetensors").exists():
            _train(plan, run, data, options)
        _evaluate(run, data, options)
        split_file(run / "model.safetensors")
    return 0


def prepare(source: Path, target: Path) -> Path:
    """Check the sums of all sets, unpack those that are zipped, and write a manifest without forbidden images."""
    check_sums(source)
    target.mkdir(parents=True, exist_ok=True)
    for archive in sorted(source.glob("*.zip")):
        if not (target / archive.stem).exists():
            # Beside its place first: a start that was broken off leaves no half of a set behind.
            part = target / f".{archive.stem}.part"
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(part)
            part.rename(target / archive.stem)
    for folder in sorted(path for path in source.iterdir() if (path / "images").is_dir()):
        if not (target / folder.name).exists():
            (target / folder.name).symlink_to(folder.resolve(), target_is_directory=True)
    write_manifest(source / "manifest.csv", target / "manifest.csv")
    return target


def check_sums(source: Path) -> None:
    """Compare the zips and the manifest with the sums that are written down; raise `SystemExit` where one differs."""
    for line in CHECKSUMS.read_text(encoding="utf-8").splitlines():
        wanted, name = line.split()
        path = source / name
        if not path.exists() and (source / path.stem / "images").is_dir():
            continue  # Unpacked already: the sum of its zip cannot be taken.
        if not path.exists():
            raise SystemExit(f"The data lacks {name}: --data names a folder that holds it.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise SystemExit(f"{path} is not the file that the models were trained on (SHA-256 differs).")


def write_manifest(source: Path, target: Path) -> None:
    """Copy the lines of the manifest, without training images that may not be trained on."""
    with source.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        lines = [row for row in reader if row["split"] == "val" or row["set"] not in RESEARCH_ONLY]
        names = list(reader.fieldnames or ())
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names)
        writer.writeheader()
        writer.writerows(lines)


def _train(plan: Plan, run: Path, data: Path, options: argparse.Namespace) -> None:
    """Measure the rate in a trial, then train for the plan's part of the minutes."""
    trial = run.with_name(f"{run.name}-trial")
    batch = options.batch_size
    if not (trial / "metrics.jsonl").exists():
        few = (
            "--epochs",
            "1",
            "--epoch-samples",
            str(options.trial_steps * batch),
            "--teacher-samples",
            str(2 * batch),
        )
        _isegformer("train", *_words(plan, trial, data, options), *few, "--report-seconds", "5")
    samples = int(60 * options.minutes * plan.share * rate_of(trial / "metrics.jsonl"))
    distilled = int(_DISTILLED * samples) if "--teacher-weights" in plan.extra else 0
    epoch = max(batch, (samples - distilled) // 10)
    length = ("--epochs", "10", "--epoch-samples", str(epoch), "--teacher-samples", str(distilled))
    _isegformer("train", *_words(plan, run, data, options), *length, "--resume", "auto", "--checkpoint-minutes", "2")


def _words(plan: Plan, run: Path, data: Path, options: argparse.Namespace) -> list[str]:
    words = ["--preset", plan.preset, "--dataset", "folder", "--data", str(data), "--manifest", f"{data}/manifest.csv"]
    words += ["--output", str(run), "--device", options.device, "--batch-size", str(options.batch_size), *plan.extra]
    return [*words, *(() if options.workers is None else ("--workers", str(options.workers)))]


def rate_of(metrics: Path) -> float:
    """Samples a second by the last line of a run's metrics that tells; raise `SystemExit` where none does."""
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    rates = [float(line["rate"]) for line in lines if line.get("rate")]
    if not rates:
        raise SystemExit(f"The trial in {metrics.parent} was too short to measure a rate; remove it and start again.")
    return rates[-1]


def _evaluate(run: Path, data: Path, options: argparse.Namespace) -> None:
    """Measure on `val`, as the model card does: three objects a set."""
    if (run / "val" / "summary.json").exists():
        return
    objects = ("--max-objects-per-set", "3", "--objects-per-image", "3", "--min-area", "20")
    where = ("--dataset", "folder", "--root", str(data), "--manifest", f"{data}/manifest.csv")
    model = ("--model", str(run / "model.safetensors"), "--device", options.device)
    _isegformer("evaluate", *where, *objects, *model, "--output", str(run / "val"))


def split_file(path: Path, piece: int = PIECE) -> list[Path]:
    """Write a file in pieces of at most `piece` bytes beside it, and the sum of the whole; give the pieces."""
    content = path.read_bytes()
    path.with_name(f"{path.name}.sha256").write_text(f"{hashlib.sha256(content).hexdigest()}  {path.name}\n")
    pieces = []
    for number, start in enumerate(range(0, len(content), piece)):
        pieces.append(path.with_name(f"{path.name}.part{number:02}"))
        pieces[-1].write_bytes(content[start : start + piece])
    return pieces


def _isegformer(*words: str) -> None:
    print("isegformer", *words, flush=True)
    code = subprocess.run([sys.executable, "-m", "isegformer_app", *words], cwd=ROOT, check=False).returncode
    if code:
        raise SystemExit(f"isegformer {words[0]} ended with code {code}; start this script again to go on.")


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="sets as folders or zips, and manifest.csv")
    parser.add_argument("--output", type=Path, required=True, help="runs, models and results")
    parser.add_argument("--minutes", type=float, default=20.0, help="of training, both models together")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--trial-steps", type=int, default=30, help="steps that measure the rate of the machine")
    parser.add_argument("--workers", type=int, help="processes that prepare crops (default: as the preset)")
    options = parser.parse_args(argv)
    # The commands run in the project's folder, wherever this script was started.
    options.data, options.output = options.data.resolve(), options.output.resolve()
    return options


if __name__ == "__main__":
    sys.exit(main())
