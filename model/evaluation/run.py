"""The evaluation itself: images, objects, clicks; measured, recorded, summed up."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..data.annotated import Found, Trouble
from ..data.writing import check_writable, make_folder, write_text
from ..errors import DatasetError, ImageError, SettingsError
from .manners import MANNERS, PROTOCOL
from .protocol import Engine, ProtocolSettings, click_object
from .records import OBJECTS_FILE, ROBUSTNESS_FILE, Record, RecordFile, open_records, read_records, write_records
from .sharding import Shard
from .targets import Key, Selection, Target, dataset_hash, find_targets

SETTINGS_FILE = "settings.json"

Watch = Callable[[int, int], None]
"""Is told how many objects are done, of how many."""


def _unwatched(done: int, total: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True)
class Outcome:
    """What an evaluation measured: the rows of the protocol in the order of the dataset, and those of other manners."""

    records: list[Record]
    others: list[Record]
    troubles: list[Trouble]
    dataset_sha256: str


@dataclass(frozen=True)
class Evaluation:
    """What is measured, and how; `engine_facts` name the engine and must say what decides its answers."""

    data: Found
    selection: Selection
    protocol: ProtocolSettings
    engine_facts: Mapping[str, Any]
    folder: Path | None = None
    """Where the results go; None: nowhere."""
    manners: tuple[str, ...] = (PROTOCOL,)
    """Manners of clicking, the protocol's among them."""
    seed: int = 0
    shard: Shard = field(default_factory=Shard)
    watch: Watch = _unwatched

    def run(self, engine: Engine) -> Outcome:
        """Click every chosen object, and go on where an earlier run in the folder stopped.

        With several processes each clicks its share, and the outcome is whole in the one that leads. Raises
        `DatasetError` where there is no object to click, `SettingsError` where the folder holds an evaluation with
        other settings, `OutputError` where it cannot be written.
        """
        images, troubles = find_targets(self.data, self.selection)
        if not images:
            reason = f": {troubles[0].reason.rstrip('.')}." if troubles else "."
            raise DatasetError(f"The dataset has no object to click{reason}")
        by_key = {target.key: target for targets in images for target in targets}
        done = self._known(by_key)
        self.shard.meet()  # Everybody has read what is known before anybody writes.
        mine = self.shard.part(images)
        found = self._click_share(engine, mine, done)
        self.shard.meet()
        told = self.shard.gather([asdict(trouble) for trouble in found])
        troubles += [Trouble(**each) for each in told]
        if not self.shard.leads:
            return Outcome([], [], troubles, dataset_hash(images))
        if self.shard.count > 1:
            done = self._known(by_key)
        records = [done[key, PROTOCOL] for key in by_key if (key, PROTOCOL) in done]
        others = [done[key, manner] for manner in self.manners[1:] for key in by_key if (key, manner) in done]
        if self.folder is not None:
            self._put_together(records, others)
        records = [record for record in records if record.run.ious]
        if not records:
            reason = f": {troubles[0].reason.rstrip('.')}." if troubles else "."
            raise DatasetError(f"No object could be clicked{reason}")
        return Outcome(records, others, troubles, dataset_hash(images))

    def _click_share(
        self, engine: Engine, images: Sequence[list[Target]], done: dict[tuple[Key, str], Record]
    ) -> list[Trouble]:
        """Click what is not `done` yet, and add it there."""
        troubles: list[Trouble] = []
        total = sum(map(len, images)) * len(self.manners)
        count = sum((target.key, manner) in done for each in images for target in each for manner in self.manners)
        self.watch(count, total)
        with ExitStack() as stack:
            files = self._open_files(stack, done)
            for targets in images:
                wanted = [
                    (target, manner)
                    for target in targets
                    for manner in self.manners
                    if (target.key, manner) not in done
                ]
                if not wanted:
                    continue
                try:
                    for record in self._click_image(engine, wanted):
                        done[record.key, record.manner] = record
                        if files:
                            files[record.manner == PROTOCOL].add(record)
                        count += 1
                        self.watch(count, total)
                except (ImageError, DatasetError) as error:
                    troubles.append(Trouble(targets[0].image.name, str(error)))
        return troubles

    def _click_image(self, engine: Engine, wanted: Sequence[tuple[Target, str]]) -> Iterator[Record]:
        pixels, objects = wanted[0][0].image.read()
        started = perf_counter()
        engine.set_image(pixels)
        encode = perf_counter() - started
        for target, manner in wanted:
            truth, ignored = objects.mask(target.number), objects.ignored
            # Of its own for each object, so that neither the order nor the number of processes matters.
            words = "|".join(map(str, (self.seed, manner, *target.key)))
            rng = np.random.default_rng(zlib.crc32(words.encode()))
            user = MANNERS[manner][1](truth, ignored, rng)
            yield Record(target, click_object(engine, truth, ignored, self.protocol, user), encode, manner)

    # Files ------------------------------------------------------------------------------------------------------

    def _known(self, by_key: Mapping[Key, Target]) -> dict[tuple[Key, str], Record]:
        """Read what was measured in the folder on these very objects; prepare the folder where there is none."""
        if self.folder is None:
            if self.shard.count > 1:
                raise SettingsError("Several processes meet in a folder: name one with --output.")
            return {}
        settings = json.loads(
            json.dumps({"engine": self._deciding(), "protocol": asdict(self.protocol), "seed": self.seed})
        )
        make_folder(self.folder)
        path = self.folder / SETTINGS_FILE
        records = [record for file in self._files() for record in read_records(file)]
        if records and _read_json(path) != settings:
            raise SettingsError(
                f"The folder {str(self.folder)!r} holds the results of another model or other settings; "
                f"choose another folder, or delete its {OBJECTS_FILE}."
            )
        for name in (SETTINGS_FILE, OBJECTS_FILE, ROBUSTNESS_FILE):
            check_writable(self.folder / name)
        if self.shard.leads:
            write_text(path, json.dumps(settings, indent=2) + "\n")
        # A row is used only while the files of its image are the same; the target knows the paths of today.
        return {
            (record.key, record.manner): Record(by_key[record.key], record.run, record.encode, record.manner)
            for record in records
            if record.key in by_key and record.target.files == by_key[record.key].files
        }

    def _deciding(self) -> dict[str, Any]:
        """Facts of the engine without those that change only its speed."""
        return {name: value for name, value in self.engine_facts.items() if name not in ("device", "threads")}

    def _files(self) -> list[Path]:
        """Files of rows in the folder, those of single processes too."""
        if self.folder is None:
            return []
        stems = (Path(OBJECTS_FILE).stem, Path(ROBUSTNESS_FILE).stem)
        parts = [path for stem in stems for path in sorted(self.folder.glob(f"{stem}.rank*.csv"))]
        return [self.folder / OBJECTS_FILE, self.folder / ROBUSTNESS_FILE, *parts]

    def _open_files(self, stack: ExitStack, done: Mapping[tuple[Key, str], Record]) -> dict[bool, RecordFile]:
        """Open the files for more rows, by whether they hold the protocol's; none without a folder."""
        if self.folder is None:
            return {}
        files = {}
        for is_protocol, name in ((True, OBJECTS_FILE), (False, ROBUSTNESS_FILE)):
            if not is_protocol and len(self.manners) == 1:
                continue
            known = [record for record in done.values() if (record.manner == PROTOCOL) == is_protocol]
            path = self.folder / name
            if not self.shard.leads:
                path = path.with_suffix(f".rank{self.shard.rank}.csv")
                known = read_records(path)
            files[is_protocol] = stack.enter_context(open_records(path, self.protocol.max_clicks, known))
        return files

    def _put_together(self, records: Sequence[Record], others: Sequence[Record]) -> None:
        """Write the rows of all processes in the order of the dataset, and drop the files of single ones."""
        files = self._files()
        write_records(files[0], self.protocol.max_clicks, records)
        if len(self.manners) > 1:
            write_records(files[1], self.protocol.max_clicks, others)
        for path in files[2:]:
            path.unlink(missing_ok=True)


def _read_json(path: Path) -> object:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
