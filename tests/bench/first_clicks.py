"""Draw what one click means: `python -m tests.bench.first_clicks SHEET` makes fifty on photos that are free to show.

They are scikit-image's samples in the public domain or under CC0: a person, a cup, a photographer, a rocket, a cat.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data

from model.clicks import Click
from model.data.writing import encode_picture, write_bytes
from model.engine import Segmenter
from model.evaluation.plots import Case, draw_cases
from model.evaluation.protocol import ProtocolSettings

POINTS: dict[str, dict[str, tuple[int, int]]] = {
    "astronaut": {
        "hair": (215, 54),
        "forehead": (226, 85),
        "eye": (205, 102),
        "teeth": (224, 144),
        "black collar": (220, 215),
        "neck ring": (129, 215),
        "chest": (215, 333),
        "right sleeve": (75, 323),
        "left shoulder": (312, 258),
        "mission patch": (172, 382),
        "name tag": (304, 358),
        "visor": (376, 430),
        "rim of the helmet": (446, 376),
        "stripe of the flag": (43, 177),
        "blue of the flag": (13, 65),
        "star of the flag": (32, 70),
        "tank of the shuttle": (417, 43),
        "orbiter": (396, 140),
        "booster": (446, 129),
        "backdrop": (323, 65),
        "stand": (441, 323),
        "cuff": (172, 489),
        "white strap": (258, 398),
    },
    "coffee": {
        "coffee": (293, 146),
        "inside of the cup": (231, 76),
        "rim of the cup": (288, 24),
        "outside of the cup": (231, 217),
        "handle": (217, 274),
        "bowl of the spoon": (364, 288),
        "end of the spoon": (411, 90),
        "saucer": (430, 236),
        "table": (534, 95),
    },
    "camera": {
        "hair": (211, 102),
        "cheek": (233, 154),
        "coat": (102, 243),
        "camera": (288, 160),
        "leg of the tripod": (358, 422),
        "tower": (422, 154),
    },
    "rocket": {
        "body": (322, 286),
        "nose": (322, 150),
        "left tower": (50, 175),
        "right tower": (585, 175),
        "mast": (198, 185),
        "lamp": (151, 375),
        "sky": (418, 85),
    },
    "cat": {
        "left eye": (171, 114),
        "right eye": (319, 140),
        "nose": (294, 243),
        "forehead": (180, 60),
        "cheek": (120, 200),
    },
}
"""Photo, what is clicked, and where: column and row."""


def first_clicks(segmenter: Segmenter) -> Iterator[Case]:
    """Answer one click after another, each on its own."""
    for name, points in POINTS.items():
        pixels = _photo(name)
        segmenter.set_image(pixels)
        for what, (col, row) in points.items():
            click = Click(row=row, col=col, is_positive=True)
            answer = np.asarray(segmenter.predict([click]) >= ProtocolSettings().threshold)
            words = f"{answer.mean():.1%} of the photo"
            # Nobody says what is right here: there is no truth to draw.
            yield Case(f"{name}: {what}", words, pixels, np.zeros_like(answer), answer, [click])


def _photo(name: str) -> NDArray[np.uint8]:
    pixels = np.asarray(getattr(data, name)(), np.uint8)
    return np.ascontiguousarray(np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.first_clicks", description=__doc__)
    parser.add_argument("sheet", type=Path, help="picture to write (.png or .jpg)")
    parser.add_argument("--model", help="default: the bundled one")
    options = parser.parse_args(argv)
    sheet = draw_cases(list(first_clicks(Segmenter.load(options.model))))
    write_bytes(options.sheet, encode_picture(sheet, options.sheet.suffix))
    return 0


if __name__ == "__main__":
    sys.exit(main())
