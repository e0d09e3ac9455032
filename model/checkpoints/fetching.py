"""A published model: fetched, imported, and put among the user's own."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import CheckpointError, DownloadError, OutputError, SettingsError
from ..store import stored_models, stored_path
from ..store.download import Progress, Wanted, download
from ..store.published import PublishedModel
from .importing import ImportedModel, import_model


def fetch_model(
    published: PublishedModel, progress: Progress, is_cancelled: Callable[[], bool] = lambda: False
) -> Path:
    """Fetch and import a published model; return the file of the new model.

    Raises `DownloadError`, `SettingsError`, `OutputError`, and `Cancelled` of the download.
    """
    target = stored_path(published.name)
    if published.name in stored_models():
        raise SettingsError(f"The model {published.name!r} is there already; remove it first to fetch it anew.")
    file = published.target
    digest = download(Wanted(published.url, file, published.sha256, published.bytes), progress, is_cancelled)
    try:
        imported = import_model(file)
    except CheckpointError as error:
        raise DownloadError(f"What {published.url} gives is no model and was not kept: {error}") from error
    else:
        _with_source(imported, published, digest).save(target, published.name)
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return target


def keep_model(file: Path, name: str) -> Path:
    """Import a file among the user's own models; return the file of the new model.

    Raises `CheckpointError`, `SettingsError` and `OutputError`.
    """
    target = stored_path(name)
    if target.exists():
        raise SettingsError(f"There is a model {name!r} already; remove it first, or choose another name.")
    import_model(file).save(target, name)
    if not target.is_file():
        raise OutputError(f"The model could not be written to {target}.")
    return target


def _with_source(imported: ImportedModel, published: PublishedModel, digest: str) -> ImportedModel:
    source = {
        "file": published.target.name,
        "address": published.url,
        **({"copy of": published.copy_of} if published.copy_of else {}),
        "project": published.project,
        "sha256": digest,
        "what": published.title,
    }
    card = {**imported.card, "source": source, "licence": published.licence}
    return ImportedModel(
        imported.network, imported.network_name, imported.options, imported.title, imported.left_out, card
    )
