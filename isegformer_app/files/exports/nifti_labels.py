"""A label volume as NIfTI, on the very grid of the image: shape, order of the axes, affine and codes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import LabelClass

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from ..volumes.nifti_header import is_sheared
from .labelled_volume import LabelledVolume
from .report import Export

_SCANNER, _UNKNOWN, _MM = 1, 0, 2
_LABEL = 1002
_MOST_SMALL = 255
_SAME_PLACE = 1e-3
_PRIVATE = ("descrip", "aux_file", "db_name", "intent_name")
_OF_GRID = ("qform_code", "sform_code", "xyzt_units", "pixdim", "srow_x", "srow_y", "srow_z")


def write_nifti_labels(path: Path, volume: LabelledVolume, classes: tuple[LabelClass, ...] | None = None) -> Export:
    """Write the number of the object at each voxel, 0 for none; with `classes`, that of its class.

    The newest object is written where some overlap. Nothing but the grid is taken over from the image, so no words
    about the patient. Raises `CannotWrite`.
    """
    volume.refuse_uneven("NIfTI")
    flat, hidden = volume.flat()
    numbers = flat if classes is None else volume.by_class(flat, classes)
    dtype = np.uint8 if int(numbers.max(initial=0)) <= _MOST_SMALL else np.uint16
    stored = np.asfortranarray(volume.as_stored(numbers).astype(dtype))
    image = _image(volume, stored)
    with replacing(path) as draft:
        _save(image, draft)
        _compare(draft, path, stored, volume, image.header)
    return Export((path,), len(volume.filled()), (*volume.skipped(), *hidden))


def _image(volume: LabelledVolume, stored: NDArray[Any]) -> Any:  # noqa: ANN401 - nibabel's classes have no types
    import nibabel

    nib: Any = nibabel
    source = volume.grid.header
    maker = nib.Nifti2Image if source is not None and int(source["sizeof_hdr"]) != 348 else nib.Nifti1Image  # noqa: PLR2004
    image = maker(stored, None if volume.affine is None or source is not None else volume.affine)
    header = image.header
    if source is None:
        _place(header, volume)
    else:
        for name in ("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "xyzt_units"):
            header[name] = source[name]
        for name in ("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z"):
            header[name] = source[name]
        header["pixdim"][:4] = source["pixdim"][:4]
        header["dim_info"] = source["dim_info"]
    header["intent_code"] = _LABEL
    for name in _PRIVATE:
        if name in header:
            header[name] = b""
    return image


def _place(header: Any, volume: LabelledVolume) -> None:  # noqa: ANN401 - nibabel's header
    """Say where the voxels of an image that was no NIfTI file lie."""
    header.set_xyzt_units(xyz=_MM)
    if volume.affine is None:
        header["pixdim"][1:4] = volume.lengths
        header["sform_code"] = header["qform_code"] = _UNKNOWN
        return
    header.set_sform(volume.affine, code=_SCANNER)
    if is_sheared(volume.affine):
        # A quaternion cannot say it, and a wrong second position would be worse than none.
        header["qform_code"] = _UNKNOWN
    else:
        header.set_qform(volume.affine, code=_SCANNER)


def _save(image: Any, draft: Path) -> None:  # noqa: ANN401 - nibabel's image
    # As bytes: the draft's name does not tell nibabel that it is to be packed.
    import gzip

    data = image.to_bytes()
    is_packed = draft.suffix == ".gz"
    # Without a time in it, so that the same labels make the same file.
    draft.write_bytes(gzip.compress(data, 6, mtime=0) if is_packed else data)


def _compare(draft: Path, path: Path, stored: NDArray[Any], volume: LabelledVolume, header: Any) -> None:  # noqa: ANN401
    import nibabel

    nib: Any = nibabel
    content = draft.read_bytes()
    if draft.suffix == ".gz":
        import gzip

        content = gzip.decompress(content)
    maker = nib.Nifti2Image if int(header["sizeof_hdr"]) != 348 else nib.Nifti1Image  # noqa: PLR2004 - NIfTI-1's size
    written = maker.from_bytes(content)
    is_same = np.array_equal(np.asarray(written.dataobj), stored)
    is_same = is_same and all(np.array_equal(written.header[name], header[name]) for name in _OF_GRID)
    if volume.affine is not None and volume.grid.header is None:
        is_same = is_same and bool(np.abs(written.affine - volume.affine).max() < _SAME_PLACE)
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))
