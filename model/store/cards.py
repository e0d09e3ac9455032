"""What is known of a model beside what its file says: NAME.card.json beside NAME.safetensors.

The numbers that a model reaches are measured once its file is there, and the file need not be written again for them.
Such a card holds `of`, the SHA-256 of the file, and `card`, whose fields are those of the card within the file; where
both have a field, the file's counts.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

SUFFIX = ".card.json"
_LARGEST = 1_000_000


def whole_card(model: Path, within: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the card within the file and of the one beside it. Raises `CheckpointError` where that is no card."""
    path = model.with_suffix(SUFFIX)
    try:
        if not path.is_file():
            return dict(within)
        if path.stat().st_size > _LARGEST:
            raise CheckpointError(f"The card {path} is too large to be one; remove it, the model works without.")
        beside = json.loads(path.read_text(encoding="utf-8"))["card"]
        return {**beside, **within}
    except OSError as error:
        raise CheckpointError(f"The card {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"The card {path} is damaged: it is no JSON with the field 'card'; remove it, the model works without."
        ) from error
