"""What the work cost: one line an object, with its clicks, seconds and pixels, for a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from ..atomic import write_bytes
from .report import Export, Picture, class_of, relative_path

COLUMNS = ("photo", "status", "object", "name", "class", "clicks", "seconds", "clicks kept", "pixels")


def write_effort(path: Path, pictures: Iterable[Picture]) -> Export:
    """Write one line for each object of each photo.

    `clicks` are all that were made, `clicks kept` those that the mask stands on. Raises `CannotWrite`.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for picture in pictures:
        annotation = picture.annotation
        name = relative_path(picture.path, path.parent)
        for each in annotation.objects:
            effort = annotation.effort[each.id]
            kept = sum(len(prompt.clicks) for prompt in each.prompts.values())
            writer.writerow(
                (
                    harmless(name),
                    annotation.state.status.value,
                    each.id,
                    harmless(each.name),
                    harmless(class_of(annotation, each).name),
                    effort.clicks,
                    f"{effort.seconds:.1f}",
                    kept,
                    int(annotation.label_map.voxels(each.id).sum()),
                )
            )
            count += 1
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    write_bytes(path, b"\xef\xbb\xbf" + stream.getvalue().encode("utf-8", "replace"))
    return Export((path,), count)


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula and running it."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
