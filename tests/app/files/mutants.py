"""Files that were damaged on purpose, by chance and yet the same on every run."""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from PIL import Image

_HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 0.5, 2**31, 2**63, 2**70, 1e308, float("nan"), float("-inf"), "", "\0", "../..", "é" * 300,
    [], {}, [[]], [None], [-1, 2**40], {"id": 1}, [[[[[[[[]]]]]]]],
)  # fmt: skip
"""What a reader that trusts a file does not reckon with."""


def mutant(seed: bytes, chance: random.Random) -> bytes:
    """A copy with bytes changed, mostly near its head, or a part of it cut off, left out, doubled or moved."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        place = chance.choice([chance.randrange(len(data)), chance.randrange(min(200, len(data)))])
        data[place] = chance.choice([0, 0xFF, 0x7F, data[place] ^ 1 << chance.randrange(8), chance.randrange(256)])
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    part, deed = data[start:end], chance.random()
    if deed < 0.1:
        del data[max(1, start) :]
    elif deed < 0.2 and len(part) < len(data):
        del data[start:end]
    elif deed < 0.25:
        data[end:end] = part
    elif deed < 0.3:
        place = chance.randrange(len(data))
        data[place:place] = part
    return bytes(data)


def mutant_of_json(seed: Any, chance: random.Random) -> Any:
    """A deep copy in which up to three values are hostile ones, left out, or taken from elsewhere in it."""
    content = json.loads(json.dumps(seed))
    for _ in range(chance.randint(1, 3)):
        places = list(_places(content))
        if not places:
            break
        holder, key = chance.choice(places)
        deed = chance.random()
        if deed < 0.15:
            del holder[key]
        elif deed < 0.3:
            other, other_key = chance.choice(places)
            holder[key] = json.loads(json.dumps(other[other_key]))
        elif deed < 0.5 and isinstance(holder[key], int):
            holder[key] += chance.choice([-1, 1, 1000])
        else:
            holder[key] = chance.choice(_HOSTILE)
    return content


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list or record within, with each of its places."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def mutant_of_zip(seed: bytes, chance: random.Random) -> bytes:
    """A sound archive, one of whose JSON files is a mutant."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seed)) as good, zipfile.ZipFile(stream, "w") as bad:
        names = good.namelist()
        spoilt = chance.choice(names)
        for name in names:
            data = good.read(name)
            bad.writestr(name, json.dumps(mutant_of_json(json.loads(data), chance)) if name == spoilt else data)
    return stream.getvalue()


def photo_seeds() -> Iterator[tuple[str, bytes]]:
    """A small photo of every kind that opens: the ending of its name, and its bytes."""
    noise = np.random.default_rng(2).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "maker"
    for ending, options in {
        "jpeg": {"exif": exif},
        "png": {"exif": exif},
        "tiff": {},
        "gif": {},
        "bmp": {},
        "webp": {},
        "ppm": {},
        "jpeg2000": {},
        "avif": {},
    }.items():
        stream = io.BytesIO()
        Image.fromarray(noise).save(stream, ending, **options)
        yield ending, stream.getvalue()
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "tiff", compression="tiff_lzw")
    yield "tiff", stream.getvalue()
    for values in (noise[..., 0].astype(np.uint16), noise.astype(np.float32)):
        stream = io.BytesIO()
        tifffile.imwrite(stream, values, compression="zlib", photometric="rgb" if values.ndim == 3 else "minisblack")
        yield "tiff", stream.getvalue()
