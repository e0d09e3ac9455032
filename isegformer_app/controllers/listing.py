"""What there is to open in files and folders: photos by their names, volumes by a look into their heads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isegformer_app.files.errors import FileProblem
from isegformer_app.files.path_list import PathList
from isegformer_app.files.scan import FolderScan
from isegformer_app.files.volumes import Finding, VolumeChoice, Watch, find_volumes
from isegformer_app.files.volumes.finding import is_volume_file

from .opening import volume_path

_ELSEWHERE = {
    ".json": "File > Import COCO JSON puts objects upon the photos that are open",
    ".safetensors": "Model > Model from file opens it",
    ".pth": "Model > Model from file opens it",
    ".pt": "Model > Model from file opens it",
}
"""Files that are often taken for something to open here, and what they are for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Photos, volumes, and sentences on what holds neither or cannot be opened."""

    photos: Sequence[Path] = ()
    volumes: tuple[VolumeChoice, ...] = ()
    problems: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    """The folders that hold some of them."""
    named: Mapping[Path, Path] = field(default_factory=dict)
    """For each volume that was found by the name of a file, that file."""
    asked: int = 0
    """How many files and folders were asked about."""

    @property
    def is_to_be_chosen_from(self) -> bool:
        """Whether more volumes were found than were named."""
        return len(self.volumes) > self.asked


def needs_a_look(path: Path) -> bool:
    """Whether a path must be listed first: a folder, a file of volumes, or what may be neither photo nor volume."""
    return path.is_dir() or is_volume_file(path) or path.suffix.lower() in _ELSEWHERE


def list_paths(paths: Iterable[Path], watch: Watch) -> Listed:
    """List photos and volumes. Of a folder that holds photos only these; of any other, the volumes anywhere below it.

    May run on any thread; raises what `watch` raises.
    """
    wanted = tuple(paths)
    photos = PathList()
    volumes: list[VolumeChoice] = []
    problems: list[str] = []
    folders: list[Path] = []
    named: dict[Path, Path] = {}
    for path in wanted:
        if path.suffix.lower() in _ELSEWHERE and not path.is_dir():
            problems.append(f"“{path.name}” is no photo; {_ELSEWHERE[path.suffix.lower()]}.")
            continue
        try:
            inside = _photos_in(path) if path.is_dir() else PathList([] if is_volume_file(path) else [path])
            photos.add(inside)
            finding = Finding() if inside else find_volumes([path], watch)
            volumes += finding.choices
            problems += finding.refused
            if not (inside or finding.choices or finding.refused):
                problems.append(f"There are no photos and no volumes in “{path}”.")
            if not path.is_dir():
                named |= {volume_path(each): path for each in finding.choices}
            elif inside or finding.choices:
                folders.append(path)
        except FileProblem as problem:
            problems.append(str(problem))
    return Listed(photos, tuple(volumes), tuple(problems), tuple(folders), named, len(wanted))


def _photos_in(folder: Path) -> PathList:
    found = PathList()
    for batch in FolderScan(folder).batches():
        found.add_texts(batch)
    return found
