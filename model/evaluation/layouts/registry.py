"""The datasets by name: how each is opened, and what its published numbers were measured with."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...data.annotated import Found
from ...data.nifti_sets import Slicing
from ...data.objects import MaskKind
from ...errors import DatasetError, SettingsError
from . import coco_lvis, medical, natural, own, training_sets


@dataclass(frozen=True, kw_only=True)
class Where:
    """What the command line says of a dataset."""

    root: Path
    kind: MaskKind | None = None
    ignore_value: int | None = None
    manifest: Path | None = None
    split: str = "val"
    axis: int | None = None
    as_published: bool = False
    """Number objects as the published evaluations do, where they do it in a way of their own (PASCAL VOC, ssTEM)."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A dataset that is known by name."""

    title: str
    files: str
    """What its root holds, for the help."""
    open: Callable[[Where], Found]
    zoom_side: int = 400
    """Longer side of the view in the published Zoom-In."""
    fixed_side: int = 448
    """Side of the view in the published fixed-size Zoom-In."""
    objects: int | None = None
    """How many objects the published set has: what was measured on fewer is told so."""
    is_own: bool = False
    """Data of one's own, which has no name but that of its root."""
    options: frozenset[str] = frozenset()
    """Fields of `Where` that mean something here, beside the root."""


def _folder(where: Where) -> Found:
    if where.manifest is None:
        return own.open_folder(where.root, where.kind, where.ignore_value)
    return own.open_collection(where.root, where.manifest, where.split, where.kind, where.ignore_value)


def _volumes(where: Where) -> Found:
    slicing = Slicing(kind=where.kind or "semantic", axis=where.axis, least=1, ignore_value=where.ignore_value)
    return own.open_volumes(where.root, slicing)


LAYOUTS = {
    "grabcut": Layout(
        title="GrabCut",
        files="data_GT/ with boundary_GT/",
        open=lambda where: natural.open_grabcut(where.root),
        objects=50,
    ),
    "berkeley": Layout(
        title="Berkeley",
        files="images/ with masks/",
        open=lambda where: natural.open_berkeley(where.root),
        objects=100,
    ),
    "davis": Layout(
        title="DAVIS (345 frames)",
        files="img/ with gt/",
        open=lambda where: natural.open_davis(where.root),
        objects=345,
        zoom_side=600,
        fixed_side=672,
    ),
    "voc": Layout(
        title="PASCAL VOC val",
        files="JPEGImages/, SegmentationObject/ and ImageSets/Segmentation/val.txt",
        open=lambda where: natural.open_voc(where.root, where.split, as_grey=where.as_published),
        objects=3427,
        options=frozenset({"split"}),
    ),
    "sbd": Layout(
        title="SBD",
        files="img/, inst/ and val.txt",
        open=lambda where: natural.open_sbd(where.root, where.split),
        objects=6671,
        options=frozenset({"split"}),
    ),
    "coco_mval": Layout(
        title="COCO_MVal",
        files="img/ with gt/",
        open=lambda where: natural.open_coco_mval(where.root),
        objects=800,
    ),
    "lvis": Layout(
        title="LVIS",
        files="val/lvis_val.json with val/images/ and train/images/",
        open=lambda where: natural.open_lvis(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "coco": Layout(
        title="COCO 2017",
        files="annotations/instances_SPLIT2017.json with SPLIT2017/",
        open=lambda where: training_sets.open_coco_set(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "coco_lvis": Layout(
        title="COCO+LVIS",
        files="SPLIT/hannotation.pickle with SPLIT/images/ and SPLIT/masks/, or coco/ and lvis/lvis_v1_SPLIT.json",
        open=lambda where: coco_lvis.open_coco_lvis(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "ade20k": Layout(
        title="ADE20K",
        files="images/SPLIT/ with annotations/SPLIT/",
        open=lambda where: training_sets.open_ade20k(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "open_images": Layout(
        title="Open Images",
        files="SPLIT/images/ with SPLIT/masks/",
        open=lambda where: training_sets.open_open_images(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "brats": Layout(
        title="BraTS",
        files="image/ with annotation/, or CASE/CASE_flair.nii.gz with CASE_seg.nii.gz",
        open=lambda where: medical.open_brats(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "sstem": Layout(
        title="ssTEM",
        files="raw/ with mitochondria/",
        open=lambda where: medical.open_sstem(where.root, as_published=where.as_published),
    ),
    "oai_zib": Layout(
        title="OAI-ZIB",
        files="test/image/ with test/annotations/",
        open=lambda where: medical.open_oai_zib(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "oai": Layout(
        title="OAI",
        files="train/image/ with train/annotations/",
        open=lambda where: medical.open_oai(where.root, where.split),
        options=frozenset({"split"}),
    ),
    "folder": Layout(
        title="folder",
        files="images/STEM.* with masks/STEM.png, or a folder of such sets",
        open=_folder,
        is_own=True,
        options=frozenset({"kind", "ignore_value", "manifest", "split"}),
    ),
    "nifti": Layout(
        title="NIfTI volumes",
        files="NAME.nii.gz with NAME-label.nii.gz, or images/ with labels/",
        open=_volumes,
        is_own=True,
        options=frozenset({"kind", "ignore_value", "axis"}),
    ),
    "project": Layout(
        title="project",
        files="a session file of the program, whose finished objects are the truth",
        open=lambda where: own.open_project(where.root),
        is_own=True,
    ),
}
"""Name -> layout."""

_ALIASES = {"pascalvoc": "voc", "pascal": "voc", "davis345": "davis", "brats20": "brats", "session": "project"}


def dataset_name(text: str) -> str:
    """Find the dataset that `text` means, whatever its case and punctuation; raise `SettingsError` where none is."""
    plain = _plain(text)
    known = {_plain(name): name for name in LAYOUTS} | _ALIASES
    if plain not in known:
        raise SettingsError(f"There is no dataset {text!r}; choose one of: {', '.join(LAYOUTS)}.")
    return known[plain]


def open_dataset(name: str, where: Where) -> Found:
    """Open a dataset of the registry; raise `DatasetError` where its files are not there."""
    if not where.root.exists():
        raise DatasetError(f"There is no folder {str(where.root)!r}.")
    return LAYOUTS[name].open(where)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
