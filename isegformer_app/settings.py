"""Preferences of the annotator, kept in one small JSON file, and the folders where the app keeps its own things."""

import json
import logging
import math
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import platformdirs

logger = logging.getLogger(__name__)

APP_NAME = "isegformer"
MAX_RECENT = 10
MOST_THREADS = 256


def config_folder() -> Path:
    """Folder of the settings file; `ISEGFORMER_HOME` moves everything of ours elsewhere."""
    home = os.environ.get("ISEGFORMER_HOME")
    return Path(home) if home else Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))


def state_folder() -> Path:
    """Folder of the journal and other things that live between two starts."""
    home = os.environ.get("ISEGFORMER_HOME")
    return Path(home) / "state" if home else Path(platformdirs.user_state_dir(APP_NAME, appauthor=False))


def data_folder() -> Path:
    """Folder of what the annotator made and keeps: models of their own in `models`."""
    home = os.environ.get("ISEGFORMER_HOME")
    return Path(home) if home else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


@dataclass(slots=True)
class Settings:
    """What the annotator chose. Numbers out of range are brought back into it on loading."""

    opacity: float = 0.4
    """Of the overlay's fill, 0 to 1."""
    overlay: str = "both"
    """`fill`, `outline` or `both`."""
    threshold: float = 0.49
    """Probability above which a pixel belongs to the object, 0.05 to 0.95."""
    overlap: str = "keep existing"
    """Value of `document.OverlapRule`."""
    brush_radius: float = 10.0
    """In pixels of the image."""
    crosshair: bool = True
    keep_zoom: bool = False
    neurological: bool = False
    """Whether the patient's left is shown on the left."""
    level_rises_upwards: bool = False
    """Whether a grey window goes to brighter values as the right button is drawn up, and not down."""
    knows_no_diagnosis: bool = False
    """Whether it was told, with the first volume, that this is no medical device."""
    theme: str = "system"
    """`system`, `light` or `dark`."""
    keys: str = "default"
    """Name of the key preset: `default`, `ritm` or `medical`."""
    own_keys: dict[str, list[str]] = field(default_factory=dict)
    """Keys by action, where they differ from the preset's."""
    model: str = ""
    """Name of a bundled model or path of a file; empty for the default."""
    device: str = "auto"
    """`auto`, `cpu` or `cuda`."""
    threads: int = 0
    """CPU threads of the network, at most `MOST_THREADS`; 0 to leave it to PyTorch."""
    export_format: str = "coco"
    """Value of `controllers.export_plan.Format`; one that is unknown there counts as the default."""
    export_format_of_volumes: str = "nifti"
    """The same while a volume is open."""
    export_folder: str = ""
    """Folder of the last export; empty for that of the photo."""
    autosave: bool = True
    autosave_seconds: int = 120
    """Between two savings without being asked, 10 to 3600."""
    recent: list[str] = field(default_factory=list)
    """Photos, folders and sessions that were opened, the newest first."""

    def add_recent(self, path: Path) -> None:
        """Put a path at the head of the recent files."""
        text = str(path)
        self.recent = [text, *(each for each in self.recent if each != text)][:MAX_RECENT]

    def drop_recent(self, path: Path) -> None:
        """Take a path off the recent files."""
        self.recent = [each for each in self.recent if each != str(path)]

    def save(self, folder: Path | None = None) -> None:
        """Write the settings; an unwritable folder costs the settings, not the work, and is only logged."""
        target = (folder or config_folder()) / "settings.json"
        beside = target.with_suffix(".tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
            beside.replace(target)
        except OSError as error:
            logger.warning("The settings could not be written: %s", error)

    @classmethod
    def load(cls, folder: Path | None = None) -> "Settings":
        """Read the settings; what is missing, damaged or of another type keeps its default.

        A file that cannot be read is set aside: the settings will be written in its place.
        """
        source = (folder or config_folder()) / "settings.json"
        try:
            stored = json.loads(source.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, RecursionError) as error:
            logger.warning("The settings could not be read and start afresh: %s", error)
            _set_aside(source)
            return cls()
        settings = cls()
        for each in fields(cls):
            value = stored.get(each.name) if isinstance(stored, dict) else None
            default = getattr(settings, each.name)
            if isinstance(default, float):
                value = _number(value)
            if type(value) is type(default):
                setattr(settings, each.name, value)
        settings._limit()
        return settings

    def _limit(self) -> None:
        self.opacity = min(max(self.opacity, 0.0), 1.0)
        self.threshold = min(max(self.threshold, 0.05), 0.95)
        self.brush_radius = min(max(self.brush_radius, 0.5), 500.0)
        self.autosave_seconds = min(max(self.autosave_seconds, 10), 3600)
        self.threads = min(max(self.threads, 0), MOST_THREADS)
        if self.overlay not in {"fill", "outline", "both"}:
            self.overlay = "both"
        if self.overlap not in {"keep existing", "overwrite", "allow overlap"}:
            self.overlap = "keep existing"
        if self.theme not in {"system", "light", "dark"}:
            self.theme = "system"
        if self.keys not in {"default", "ritm", "medical"}:
            self.keys = "default"
        if self.device not in {"auto", "cpu", "cuda"}:
            self.device = "auto"
        self.own_keys = {
            name: [key for key in keys if isinstance(key, str)]
            for name, keys in self.own_keys.items()
            if isinstance(keys, list)
        }
        self.recent = [each for each in self.recent if isinstance(each, str)][:MAX_RECENT]


def _set_aside(source: Path) -> None:
    """Keep a file that cannot be read under another name: keys of one's own may be mended in it by hand."""
    kept = source.with_name("settings.damaged.json")
    try:
        source.replace(kept)
        logger.warning("They are kept as %s", kept)
    except OSError as error:
        logger.warning("They could not be set aside: %s", error)


def _number(value: object) -> float | None:
    """A finite number, or nothing: no limit holds NaN."""
    if type(value) is not int and type(value) is not float:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
