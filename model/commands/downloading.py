"""Published models on the command line: the list, the licence first, then a bar."""

import sys

from tqdm import tqdm

from ..errors import SettingsError
from ..store import stored_models
from ..store.published import PublishedModel, published_model, published_models

_MEGABYTE = 1_000_000


def list_published() -> str:
    """Describe the published models, some lines each."""
    own = stored_models()
    lines: list[str] = []
    for each in published_models():
        size = f"about {each.bytes / _MEGABYTE:.1f} MB" if each.bytes else "size not stated"
        lines.append(f"{each.name}{' (there already)' if each.name in own else ''}: {each.title}; {size}")
        lines.append(f"    {each.url}")
        lines.append(f"    licence: {each.licence}")
    return "\n".join(lines)


def fetch_published(name: str, *, is_accepted: bool) -> None:
    """Show the licence, ask, fetch and import. Raises `SettingsError` where the licence is not accepted."""
    published = published_model(name)
    print(_terms(published))
    if not is_accepted and not _is_agreed():
        raise SettingsError("The licence was not accepted; add --accept-licence when you have read it.")
    from ..checkpoints.fetching import fetch_model

    with tqdm(desc=name, unit="B", unit_scale=True, unit_divisor=1000, disable=None) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.n = done
            bar.refresh()

        path = fetch_model(published, show)
    print(f"{path}: {published.title}; use it with --model {name}")


def _terms(published: PublishedModel) -> str:
    checksum = published.sha256 or "nobody publishes one; that of what comes is kept in the model's card"
    copy = f"\ncopy of:  {published.copy_of}" if published.copy_of else ""
    return (
        f"{published.title}\nfrom:     {published.url}{copy}\nproject:  {published.project}\n"
        f"licence:  {published.licence}\nSHA-256:  {checksum}"
    )


def _is_agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("Do you accept this licence? [y/N] ").strip().lower() in ("y", "yes")
