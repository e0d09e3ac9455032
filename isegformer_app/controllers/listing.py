"""What there is to open in files and folders: photos by their names, volumes by a look into their heads."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from isegformer_app.files.errors import FileProblem
from isegformer_app.files.scan import FolderScan
from isegformer_app.files.volumes import VolumeChoice, Watch, find_volumes
from isegformer_app.files.volumes.finding import is_volume_file


@dataclass(frozen=True, slots=True)
class Listed:
    """Photos, volumes, and sentences on what holds neither or cannot be opened."""

    photos: tuple[Path, ...] = ()
    volumes: tuple[VolumeChoice, ...] = ()
    problems: tuple[str, ...] = ()
    fruitful: tuple[Path, ...] = ()
    """The folders, and the files of volumes, that hold some of them."""
    asked: int = 0
    """How many files and folders were asked about."""

    @property
    def is_to_be_chosen_from(self) -> bool:
        """Whether more volumes were found than were named."""
        return len(self.volumes) > self.asked


def needs_a_look(path: Path) -> bool:
    """Whether a path must be listed first: a folder, or a file of volumes."""
    return path.is_dir() or is_volume_file(path)


def list_paths(paths: Iterable[Path], watch: Watch) -> Listed:
    """List photos and volumes. Of a folder that holds photos only these; of any other, the volumes anywhere below it.

    May run on any thread; raises what `watch` raises.
    """
    wanted = tuple(paths)
    photos: list[Path] = []
    volumes: list[VolumeChoice] = []
    problems: list[str] = []
    fruitful: list[Path] = []
    for path in wanted:
        try:
            inside = _photos_in(path) if path.is_dir() else ([] if is_volume_file(path) else [path])
            photos += inside
            found: tuple[object, ...] = tuple(inside) if path.is_dir() else ()
            if not inside:
                finding = find_volumes([path], watch)
                found = finding.choices
                volumes += finding.choices
                problems += finding.refused
                if not finding.choices and not finding.refused:
                    problems.append(f"There are no photos and no volumes in “{path}”.")
            fruitful += [path] if found else []
        except FileProblem as problem:
            problems.append(str(problem))
    return Listed(tuple(photos), tuple(volumes), tuple(problems), tuple(fruitful), len(wanted))


def _photos_in(folder: Path) -> list[Path]:
    found = [each for batch in FolderScan(folder).batches() for each in batch]
    for each in found:
        # A path keeps its hash: the window would take its time over 100,000.
        hash(each)
    return found
