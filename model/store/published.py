"""Models that other projects publish, and where: a small table that travels with the program."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from resources import resource_path

from ..errors import CheckpointError
from .places import models_folder

_DOWNLOADS = ".downloads"


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A file at its authors' address, or a copy of it."""

    name: str
    """What it is called among the user's own models."""
    title: str
    url: str
    bytes: int | None
    """About how large it is; None where its authors do not say."""
    sha256: str | None
    """None where nobody publishes one."""
    network: str
    project: str
    licence: str
    copy_of: str = ""
    """Its authors' own address, where that is gone and `url` is a copy."""

    @property
    def target(self) -> Path:
        """Where its file stands while it is fetched."""
        return models_folder() / _DOWNLOADS / Path(urlsplit(self.url).path).name


@cache
def published_models() -> tuple[PublishedModel, ...]:
    """Read the table."""
    table = json.loads(resource_path("published-models.json").read_text(encoding="utf-8"))
    return tuple(PublishedModel(**row) for row in table["models"])


def published_model(name: str) -> PublishedModel:
    """Find a published model by name. Raises `CheckpointError`."""
    for each in published_models():
        if each.name == name:
            return each
    known = ", ".join(each.name for each in published_models())
    raise CheckpointError(f"There is no published model {name!r}; choose one of: {known}.")
