"""From whatever a picture file holds to the array of a volume of one slice."""

import numpy as np
from numpy.typing import NDArray

Window = tuple[float, float]
"""The values (low, high) that are shown as black and as white."""

LOW, HIGH = 0.1, 99.9
_SAMPLE = 4_000_000
_RGB = 3


def one_slice(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], Window | None, str | None]:
    """Turn `values` (H, W) or (H, W, bands) into the array of a volume, its window, and a sentence on what was decided.

    8-bit grey and RGB stay as they are, (1, H, W) and (1, H, W, 3) uint8, without a window. Other values of one band
    are kept, (1, H, W), and get a window: the 0.1 and the 99.9 percentile of the finite ones. A volume holds no other
    colours than 8-bit RGB: of three bands or more the first three are stretched by that window into (1, H, W, 3).
    """
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    elif np.iscomplexobj(values):
        values = np.abs(values)
    bands = values if values.ndim == _RGB else values[..., None]
    total = bands.shape[2]
    note = None if total in {1, _RGB} else f"Of its {total} bands the first {3 if total > _RGB else 'one'} can be seen."
    if total < _RGB:
        grey = np.ascontiguousarray(bands[..., 0])[None]
        if grey.dtype == np.uint8:
            return grey, None, note
        window = percentile_window(grey)
        return grey, window, _join(note, _scaling(window))
    colours = bands[..., :_RGB]
    if colours.dtype == np.uint8:
        return np.ascontiguousarray(colours)[None], None, note
    window = percentile_window(colours)
    return _stretched(colours, window)[None], None, _join(note, _scaling(window))


def percentile_window(values: NDArray[np.generic]) -> Window:
    """Find the 0.1 and the 99.9 percentile of the finite values; of a very large array, of an even sample."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    finite = sample[np.isfinite(sample)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, [LOW, HIGH]))
    if high <= low:
        # Nearly all is one value: the few others decide, so that a lone bright spot is still seen.
        low, high = float(finite.min()), float(finite.max())
    return low, high


def _stretched(colours: NDArray[np.generic], window: Window) -> NDArray[np.uint8]:
    low, high = window
    span = (high - low) or 1.0
    stretched = np.empty(colours.shape, np.uint8)
    # In blocks of rows: a float copy of the whole picture would be eight times its size.
    step = max(1, _SAMPLE // max(1, colours.shape[1] * _RGB))
    for top in range(0, colours.shape[0], step):
        block = colours[top : top + step].astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            unit = np.clip((block - low) / span, 0.0, 1.0)
        stretched[top : top + step] = np.rint(np.nan_to_num(unit) * 255.0).astype(np.uint8)
    return stretched


def _scaling(window: Window) -> str:
    return f"Values {window[0]:g} to {window[1]:g} (its {LOW} and {HIGH} percentiles) are shown as black to white."


def _join(*notes: str | None) -> str | None:
    return " ".join(note for note in notes if note) or None
