"""What an export would write: planned before anything is written, so that it can be shown."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isegformer_app.document import LabelClass, LabelObject
from isegformer_app.files.path_list import PathList
from isegformer_app.files.session import Work as StoredWork
from isegformer_app.files.volumes import FileKind

from .album import Album
from .export_plan import OF_VOLUMES, ONE_FILE, Choice, Format, PlannedPhoto, Source, stem_of
from .segmenting import SegmentingController
from .slice_sources import NO_SLICES, slice_sources
from .volume_exporting import volume_files, why_not

_NO_OBJECTS, _NO_PIXELS = "no objects", "objects without pixels"
_MOST_VOC_NUMBERS = 254
_LONGEST_STEM = 200  # bytes: what is put behind it must fit as well


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What would be written. With a `problem`, a sentence, nothing can be."""

    choice: Choice
    photos: tuple[PlannedPhoto, ...]
    files: tuple[Path, ...]
    replaced: frozenset[Path]
    left_out: Mapping[str, Sequence[Path]]
    """Photos of the queue that are not in it, by the reason in words."""
    notes: tuple[str, ...]
    problem: str

    @property
    def objects(self) -> int:
        """Count the objects."""
        return sum(len(_objects(self.choice.format, each.source)) for each in self.photos)

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The classes of all its photos, numbered once for all."""
        from isegformer_app.files.exports import ClassList

        return ClassList(each for photo in self.photos for each in photo.source.work.state.classes).classes


@dataclass(slots=True, eq=False)
class ExportPlanner:
    """Knows the queue as it is now and plans exports of it."""

    queue: PathList
    current: Path
    sources: Mapping[Path, Source]
    _listed: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    _named: tuple[tuple[Path, ...], list[str], list[str]] = field(init=False, default=((), [], []))
    _slices: dict[tuple[Path, Path], list[Source]] = field(init=False, default_factory=dict)

    @property
    def has_volumes(self) -> bool:
        """Whether anything was annotated that a format of volumes could hold."""
        return any(each.volume is not None for each in self.sources.values())

    @property
    def is_volume_open(self) -> bool:
        """Whether what is open is a volume with objects, and no photo."""
        return self.current in self.sources and self.sources[self.current].volume is not None

    @property
    def has_series(self) -> bool:
        """Whether any of it is a DICOM series, whose slices may lie at uneven distances."""
        return any(each.volume is not None and each.volume.kind is FileKind.DICOM for each in self.sources.values())

    def with_objects(self) -> int:
        """Count the photos that have something to export."""
        return sum(bool(each.filled) for each in self.sources.values())

    def plan(self, choice: Choice) -> Plan:
        """Plan an export; looks at the folder, and changes nothing."""
        self._listed.clear()
        sources, left_out = self._chosen(choice)
        stems, notes = self._stems(tuple(each.path for each in sources))
        photos = tuple(
            PlannedPhoto(source, stem, _photo_files(choice, source, stem))
            for source, stem in zip(sources, stems, strict=True)
        )
        files = (
            *(path for photo in photos for path in photo.files),
            *(photo.source.path for photo in photos if photo.source.key is not None),
            *(_shared_files(choice) if photos else ()),
        )
        replaced = frozenset(path for path in files if self._exists(path))
        problem = _nothing(choice, self.current, left_out) if not files else self._problem(choice, files, replaced)
        problem = problem or _too_many_classes(choice, sources)
        return Plan(choice, photos, files, replaced, left_out, tuple(notes), problem)

    def _chosen(self, choice: Choice) -> tuple[list[Source], dict[str, PathList]]:
        chosen: list[Source] = []
        # Most photos of a long queue were never worked on: those are not looked at one by one.
        asked = PathList([self.current]) if choice.only_current else self.queue
        untouched = asked.without(self.sources)
        left_out = {_NO_OBJECTS: untouched} if untouched else {}
        for path in sorted((each for each in self.sources if each in asked), key=asked.place):
            source = self.sources[path]
            reason = _why_not(choice.format, source)
            if not reason:
                found = self._pictures(source, choice)
                chosen += found
                reason = "" if found else NO_SLICES
            if reason:
                left_out.setdefault(reason, PathList()).add([path])
        return chosen, left_out

    def _pictures(self, source: Source, choice: Choice) -> list[Source]:
        """What a format holds of a photo or volume: itself, or of a volume its annotated slices."""
        if source.volume is None or choice.format in OF_VOLUMES or choice.format is Format.EFFORT:
            return [source]
        key = (source.path, choice.folder)
        if key not in self._slices:
            self._slices[key] = slice_sources(source, choice.folder, stem_of(source.path))
        return self._slices[key]

    def _stems(self, paths: tuple[Path, ...]) -> tuple[list[str], list[str]]:
        if paths != self._named[0]:
            self._named = (paths, *_stems(paths))
        return self._named[1:]

    def _problem(self, choice: Choice, files: tuple[Path, ...], replaced: frozenset[Path]) -> str:
        if choice.format in ONE_FILE and (choice.name in {"", ".", ".."} or Path(choice.name).name != choice.name):
            return "Give the file a name without a folder in it."
        if not choice.folder.is_absolute() or not choice.folder.is_dir():
            return f"The folder “{choice.folder}” is not there; choose another one."
        doomed = next((path for path in files if path in self.queue), None)
        if doomed is not None:
            return f"The photo “{doomed.name}” itself would be replaced; choose another folder."
        folder = next((path for path in replaced if path.is_dir()), None)
        return "" if folder is None else f"“{folder.name}” is a folder there; choose another folder or name."

    def _exists(self, path: Path) -> bool:
        folder, name = os.path.split(path)
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(os.path.normcase(each) for each in os.listdir(folder))
            except OSError:
                self._listed[folder] = frozenset()
        return os.path.normcase(name) in self._listed[folder]


def planner_of(album: Album, segmenting: SegmentingController) -> ExportPlanner | None:
    """Take the queue as it is now; None where no photo is open."""
    photo = segmenting.photo
    if photo is None:
        return None
    album.keep(photo, is_leaving=False)
    sources = {
        path: Source.of(path, StoredWork.of(work.annotation, work.content_hash), album.sources.get(path))
        for path, work in album.works()
        if work.annotation.objects
    }
    return ExportPlanner(album.paths.copy(), photo.path, sources)


def is_ready_to_export(segmenting: SegmentingController) -> bool:
    """Finish what is open, for what is seen is what is exported; False while its mask is still under way."""
    segmenting.interrupted()
    is_shown = segmenting.preview is None or not segmenting.preview.is_empty
    if segmenting.prompt.is_open and is_shown and not segmenting.is_doubtful:
        return segmenting.finish()
    return not segmenting.is_finishing


def _objects(kind: Format, source: Source) -> tuple[LabelObject, ...]:
    return source.work.state.objects if kind is Format.EFFORT else source.filled


def _why_not(kind: Format, source: Source) -> str:
    """Say why a photo is left out; empty where it is not."""
    if not source.work.state.objects:
        return _NO_OBJECTS
    if not _objects(kind, source):
        return _NO_PIXELS
    if kind in OF_VOLUMES:
        return why_not(kind, source)
    if kind is Format.VOC and len(source.filled) > _MOST_VOC_NUMBERS:
        return f"more than {_MOST_VOC_NUMBERS} objects, which Pascal VOC cannot hold"
    return ""


def _nothing(choice: Choice, current: Path, left_out: Mapping[str, Sequence[Path]]) -> str:
    """Say why there is nothing to write."""
    if set(left_out) - {_NO_OBJECTS, _NO_PIXELS}:
        return "There is nothing that this format can hold; why is said below."
    whose = f"“{current.name}” has" if choice.only_current else "There is"
    return f"{whose} nothing to export yet: finish an object first."


def _too_many_classes(choice: Choice, sources: list[Source]) -> str:
    names = {each.name for source in sources for each in source.work.state.classes}
    if choice.format is Format.VOC and len(names) > _MOST_VOC_NUMBERS:
        return f"Pascal VOC cannot hold more than {_MOST_VOC_NUMBERS} classes; export COCO instead."
    return ""


def _stems(paths: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Name the files of each photo as the photo; where two photos have one name, with the folder before it."""
    stems: list[str] = []
    notes: list[str] = []
    taken: set[str] = set()
    for path in paths:
        stem = stem_of(path).encode()[:_LONGEST_STEM].decode(errors="ignore")
        candidates = [stem, f"{path.parent.name}-{stem}"]
        name = next((each for each in candidates if each.casefold() not in taken), "")
        number = 2
        while not name:
            numbered = f"{candidates[-1]} ({number})"
            name, number = ("" if numbered.casefold() in taken else numbered), number + 1
        if name != stem_of(path):
            notes.append(
                f"“{path}” is written as “{name}”, because another photo has its name or its name is too long."
            )
        taken.add(name.casefold())
        stems.append(name)
    return stems, notes


def _photo_files(choice: Choice, source: Source, stem: str) -> tuple[Path, ...]:
    folder = choice.folder
    makers: Mapping[Format, Callable[[], tuple[Path, ...]]] = {
        Format.PNG: lambda: (folder / f"{stem}-{'classes' if choice.by_class else 'labels'}.png",),
        Format.OBJECTS: lambda: _object_files(folder, source, stem),
        Format.YOLO: lambda: (folder / "labels" / f"{stem}.txt",),
        Format.VOC: lambda: (
            folder / "SegmentationClass" / f"{stem}.png",
            folder / "SegmentationObject" / f"{stem}.png",
        ),
        Format.LABELME: lambda: (folder / f"{stem}.json",),
    }
    if choice.format in OF_VOLUMES:
        return volume_files(choice, source, stem)
    maker = makers.get(choice.format)
    return () if maker is None else maker()


def _object_files(folder: Path, source: Source, stem: str) -> tuple[Path, ...]:
    # Only now: the codecs take time to import and nobody needs them to see the window.
    from isegformer_app.files.exports import object_names

    return tuple(folder / name for name in object_names(stem, source.filled))


def _shared_files(choice: Choice) -> tuple[Path, ...]:
    """Files that stand beside those of the photos, or hold all of them."""
    if choice.format in ONE_FILE:
        return (choice.folder / choice.name,)
    by_class = "classes.csv" if choice.by_class else ""
    names = {Format.YOLO: "data.yaml", Format.VOC: "labels.txt", Format.PNG: by_class, Format.NIFTI: by_class}
    name = names.get(choice.format, "")
    return (choice.folder / name,) if name else ()
