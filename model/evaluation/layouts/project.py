"""Our own projects: the finished objects of a session file are the truth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...data.session import SUFFIX, WorkedPhoto, read_session
from ...errors import DatasetError
from ..samples import Entry, ImageSet, Problem, Truths


def open_project(path: Path) -> ImageSet:
    """Open a session file, or the one in a folder. Raises `DatasetError` where it cannot be read.

    Objects whose clicks are not all accepted are no truth and are left out.
    """
    if path.is_dir():
        found = sorted(path.glob(f"*{SUFFIX}"))
        if len(found) != 1:
            raise DatasetError(f"{str(path)!r} holds {len(found)} session files; name one of them.")
        path = found[0]
    works, problems, entries = {}, [], []
    for work in read_session(path):
        stem = work.photo.stem
        while stem in works:
            stem = f"{stem}+"
        trouble = _trouble(work)
        if trouble:
            problems.append(Problem("project", stem, trouble))
            continue
        works[stem] = work
        entries.append(Entry("project", stem, work.photo, path))
    return ImageSet("project", tuple(entries), _reader(works), tuple(problems))


def _trouble(work: WorkedPhoto) -> str:
    if not work.photo.is_file():
        return f"the photo {str(work.photo)!r} is not there any more"
    if any(layer.shape[0] != 1 for layer in work.layers):
        return "it is a volume: export its labels as NIfTI and evaluate those with --dataset nifti"
    if not any(np.isin(layer, list(work.finished)).any() for layer in work.layers):
        return "it has no finished object"
    return ""


def _reader(works: dict[str, WorkedPhoto]) -> Callable[[Entry], Truths]:
    def read(entry: Entry) -> Truths:
        work = works[entry.stem]
        planes = tuple(
            np.where(np.isin(layer[0], list(work.finished)), layer[0], 0).astype(np.int32) for layer in work.layers
        )
        return Truths(planes, np.zeros(planes[0].shape, np.bool_))

    return read
