"""How long an answer to a click takes, roughly, by what the network computes for it."""

FAST, MEDIUM, SLOW, VERY_SLOW = "fast", "medium", "slow", "very slow"

LIMITS = ((5e9, FAST), (30e9, MEDIUM), (100e9, SLOW))
"""Multiply-adds a click, at the side that the network works best at, up to which a class reaches."""

SPEED_CLASSES = {
    "segformer-b0": FAST,
    "simpleclick-xtiny": FAST,
    "late-vit-s14": FAST,
    "focalclick-b0": FAST,
    **dict.fromkeys(
        ("segformer-b1", "segformer-b2", "segformer-b3", "hrnet-18s", "hrnet-18", "hrformer-s", "focalclick-b3"), MEDIUM
    ),
    **dict.fromkeys(("segformer-b4", "segformer-b5", "hrnet-32", "hrnet-48", "swin-b", "simpleclick-b"), SLOW),
    **dict.fromkeys(("segnext-sax1", "segnext-sax2"), SLOW),
    **dict.fromkeys(("swin-l", "simpleclick-l", "simpleclick-h", "hrformer-b"), VERY_SLOW),
}
"""Network -> class, so that a list of models need not build them; a test counts the operations."""

UNKNOWN = "not measured"


def speed_class(network_name: str) -> str:
    """Class of a network by its name."""
    return SPEED_CLASSES.get(network_name, UNKNOWN)


def class_of(multiply_adds: int) -> str:
    """Class of so many multiply-adds a click."""
    return next((name for limit, name in LIMITS if multiply_adds <= limit), VERY_SLOW)
