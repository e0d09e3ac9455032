"""The errors that the model package raises on bad input. Each message is one sentence fit for a user.

ModelError
+-- ImageError       the image has the wrong type or shape, cannot be read, or was never set
+-- ClickError       a click lies outside the image, or there is none
+-- CheckpointError  weights are missing, damaged, unknown or of another network
+-- DeviceError      the device asked for is not there
+-- DatasetError     a dataset is empty, misses files, or does not fit its layout
+-- SettingsError    an option or a training setting is out of range or contradicts another
+-- OutputError      a result could not be written
+-- DownloadError    a file could not be fetched, or is not what was promised
"""


class ModelError(Exception):
    """Any expected failure of the model package; `str(error)` is one sentence for the user."""


class ImageError(ModelError):
    """The image has the wrong type or shape, cannot be read, or was never set."""


class ClickError(ModelError):
    """A click lies outside the image, or there is none."""


class CheckpointError(ModelError):
    """Weights are missing, damaged, unknown or of another network."""


class DeviceError(ModelError):
    """The device asked for is not there."""


class DatasetError(ModelError):
    """A dataset is empty, misses files, or does not fit its layout."""


class SettingsError(ModelError):
    """An option or a training setting is out of range or contradicts another."""


class OutputError(ModelError):
    """A result could not be written."""


class DownloadError(ModelError):
    """A file could not be fetched, or is not what was promised."""


def printable(text: str) -> str:
    """Give a text on one line: what a file calls itself or its weights must not steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
