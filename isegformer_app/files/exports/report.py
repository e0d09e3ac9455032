"""What goes into an export, and what it says afterwards."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isegformer_app.document import PHOTO, Annotation, LabelClass, LabelObject, MaskCrop

Watch = Callable[[], None]
"""Called again and again while something is written; it may raise to stop that."""


def unwatched() -> None:
    """Nobody wants to stop it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One photo and what was annotated on it."""

    path: Path
    annotation: Annotation


@dataclass(frozen=True, slots=True)
class Export:
    """What was written and read back; `skipped` are sentences on what is not in the files, and why."""

    paths: tuple[Path, ...]
    objects: int
    skipped: tuple[str, ...] = ()

    def joined(self, other: "Export") -> "Export":
        """Return both in one."""
        return Export(self.paths + other.paths, self.objects + other.objects, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class Item:
    """One object with its class and its pixels."""

    object: LabelObject
    label_class: LabelClass
    mask: MaskCrop


def items(picture: Picture, skipped: list[str]) -> Iterator[Item]:
    """Yield the objects that have pixels, in the annotator's order; say of the others why they are left out."""
    annotation = picture.annotation
    for each in annotation.objects:
        mask = MaskCrop.of(annotation.mask(each.id, PHOTO))
        is_open = any(prompt.is_open for prompt in each.prompts.values())
        if is_open:
            rest = "" if mask.is_empty else ", so its last finished mask is written"
            skipped.append(f"“{each.name}” in “{picture.path.name}” is not finished{rest}.")
        elif mask.is_empty:
            skipped.append(f"“{each.name}” in “{picture.path.name}” has no pixels.")
        if not mask.is_empty:
            yield Item(each, class_of(annotation, each), mask)


def class_of(annotation: Annotation, each: LabelObject) -> LabelClass:
    """Return the class of an object; a class that went missing becomes one of its number."""
    return annotation.state.find_class(each.class_id) or LabelClass(
        each.class_id, f"class {each.class_id}", each.colour
    )


def relative_path(image: Path, folder: Path) -> str:
    """Path of the image as seen from `folder`, with forward slashes; absolute where they share no drive."""
    try:
        return Path(os.path.relpath(image.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return image.absolute().as_posix()


def free_names(wanted: Iterable[str], suffix: str) -> list[str]:
    """Make file names of names: no path characters, not too long, and no two the same on any system."""
    names: list[str] = []
    taken: set[str] = set()
    for name in wanted:
        clean = "".join(letter if letter.isalnum() or letter in " -_.()" else "_" for letter in name).strip(" .")
        clean = clean.encode()[:150].decode(errors="ignore") or "_"
        number, candidate = 1, clean
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{clean} ({number})"
        taken.add(candidate.casefold())
        names.append(candidate + suffix)
    return names
