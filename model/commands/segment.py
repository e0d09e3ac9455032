"""`isegformer segment`: one image and its clicks to a mask, or a table of many images."""

import argparse
import json
import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.images import read_image, read_probability
from ..data.writing import check_writable, encode_picture, write_together
from ..errors import OutputError, SettingsError
from .answering import answer, check_positive, encode_mask, run_table
from .jobs import MASK_SUFFIX, Job, is_table
from .options import AddClick, add_model_options, check_clicks, load_segmenter, point

if TYPE_CHECKING:
    from ..engine import Segmenter

_OVERLAY_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "image", type=Path, metavar="IMAGE", help="an image, or a CSV or JSON table of images and clicks"
    )
    for option, meaning in (("--positive", "on the object"), ("--negative", "beside it")):
        parser.add_argument(
            option,
            dest="clicks",
            action=AddClick,
            type=point,
            default=[],
            metavar="X,Y",
            help=f"a pixel {meaning}, counted from 0 at the top left; may be repeated",
        )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="MASK.png", help="where the mask goes; for a table a folder"
    )
    parser.add_argument("--previous", type=Path, metavar="MASK.png", help="a mask to start from")
    parser.add_argument("--overlay", type=Path, metavar="PICTURE", help="also draw the mask on the image")
    parser.add_argument("--coco", type=Path, metavar="FILE.json", help="also write the mask as COCO JSON")
    parser.add_argument("--json", action="store_true", help="describe the result as JSON on the standard output")
    add_model_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the mask, or those of the table."""
    if is_table(arguments.image):
        return run_table(arguments)
    job = Job(arguments.image, tuple(arguments.clicks), arguments.output, arguments.previous)
    _check_targets(arguments)
    image = read_image(job.image)
    check_clicks(job.clicks, image.shape)
    check_positive(job)
    if job.previous is not None:
        read_probability(job.previous)
    started = perf_counter()
    segmenter = load_segmenter(arguments)
    seconds = {"load": perf_counter() - started}
    started = perf_counter()
    segmenter.set_image(image)
    seconds["encode"] = perf_counter() - started
    started = perf_counter()
    mask = answer(segmenter, job, arguments.threshold)
    seconds["predict"] = perf_counter() - started
    files = {job.output: encode_mask(mask)}
    if arguments.overlay is not None:
        from .drawing import draw_overlay

        files[arguments.overlay] = encode_picture(draw_overlay(image, mask, job.clicks), arguments.overlay.suffix)
    if arguments.coco is not None:
        from ..data.coco import coco_json

        files[arguments.coco] = coco_json(_relative(job.image, arguments.coco.parent), mask).encode()
    write_together(files)
    _report(arguments, segmenter, mask, seconds)
    return 0


def _check_targets(arguments: argparse.Namespace) -> None:
    """Refuse what could not be written, or would overwrite what is read, before anything slow."""
    if arguments.output.suffix.lower() != MASK_SUFFIX:
        raise OutputError(f"The mask is written as PNG; let the name {str(arguments.output)!r} end in {MASK_SUFFIX}.")
    if arguments.overlay is not None and arguments.overlay.suffix.lower() not in _OVERLAY_SUFFIXES:
        raise OutputError(f"The overlay {str(arguments.overlay)!r} must end in one of {', '.join(_OVERLAY_SUFFIXES)}.")
    targets = [path for path in (arguments.output, arguments.overlay, arguments.coco) if path is not None]
    places = [os.path.realpath(path) for path in targets]
    if len(set(places)) < len(places):
        raise SettingsError("The mask, the overlay and the COCO file need different names.")
    if os.path.realpath(arguments.image) in places:
        raise OutputError(f"The image {str(arguments.image)!r} would be overwritten; write to another name.")
    for target in targets:
        check_writable(target)


def _report(
    arguments: argparse.Namespace, segmenter: "Segmenter", mask: NDArray[np.bool_], seconds: dict[str, float]
) -> None:
    area = int(np.count_nonzero(mask))
    if not arguments.json:
        print(f"{arguments.output}: {area} of {mask.size} pixels are object")
        return
    description = {
        "image": str(arguments.image),
        "mask": str(arguments.output),
        "overlay": None if arguments.overlay is None else str(arguments.overlay),
        "coco": None if arguments.coco is None else str(arguments.coco),
        "height": mask.shape[0],
        "width": mask.shape[1],
        "area": area,
        "clicks": [{"x": click.col, "y": click.row, "positive": click.is_positive} for click in arguments.clicks],
        "threshold": arguments.threshold,
        "model": segmenter.model_name,
        "model_sha256": segmenter.model_sha256,
        "device": segmenter.device,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
    }
    print(json.dumps(description))


def _relative(image: Path, folder: Path) -> str:
    """Path of the image as seen from the folder, with forward slashes."""
    try:
        return Path(os.path.relpath(image, folder)).as_posix()
    except ValueError:  # another drive
        return image.resolve().as_posix()
