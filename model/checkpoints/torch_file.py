"""Files of `torch.save`, of both layouts, read without running anything: plain data, and where each weight lies.

Since torch 1.6 the file is a zip of `NAME/data.pkl` and one uncompressed entry a storage; before, it was five pickles
in a row with the storages behind them. Sizes are compared with the file's before any memory is taken.
"""

import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from ..errors import CheckpointError
from ..store.header import LARGEST_FILE
from .pickle_data import PickleError, read_pickle
from .stored import CALLS, Storage, StoredTensor, stored_numbers

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_COUNT = struct.Struct("<q")
_MOST_ENTRIES = 100_000
_END, _WIDE_END = b"PK\x05\x06", b"PK\x06\x06"
_LONGEST_END = 65_557
"""Bytes from the end within which a zip's table of contents is announced."""

_BYTE_ORDER = "its numbers are in the byte order of another kind of processor"
_Read = Callable[[Storage], bytes]


class TorchFile:
    """What a file of `torch.save` holds: plain data (see `read_pickle`) in which weights are `StoredTensor`."""

    def __init__(self, path: Path) -> None:
        """Read the list of weights, not the weights. Raises `CheckpointError`."""
        self._path = path
        self._places: dict[str, int] = {}
        self._folder = ""
        with _in_words(path), path.open("rb") as file:
            size = file.seek(0, 2)
            if size > LARGEST_FILE:
                raise CheckpointError(f"The file {path} is too large: {size} bytes, at most {LARGEST_FILE} are read.")
            file.seek(0)
            self._is_zip = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            self.content = self._zip_content(file) if self._is_zip else self._legacy_content(file, size)

    def tensors(self, wanted: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
        """Read tensors, each contiguous and with memory of its own. Raises `CheckpointError`."""
        if sum(each.size for each in wanted.values()) > LARGEST_FILE:
            raise CheckpointError(f"The file {self._path} unfolds to more than {LARGEST_FILE} bytes of weights.")
        found: dict[str, Tensor] = {}
        with self._reading() as read:
            last, data = "", b""
            for name in sorted(wanted, key=lambda name: wanted[name].storage.key):
                stored = wanted[name]
                if stored.storage.key != last:
                    last, data = stored.storage.key, read(stored.storage)
                found[name] = stored.tensor(data)
        return {name: found[name] for name in wanted}

    def _zip_content(self, file: BinaryIO) -> object:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            entries = {info.filename: info for info in archive.infolist()}
            self._folder = _folder(entries)
            order = f"{self._folder}byteorder"
            if order in entries and archive.read(order) != b"little":
                raise PickleError(_BYTE_ORDER)

            def refer(reference: tuple[Any, ...]) -> Storage:
                storage = stored_numbers(reference)
                info = entries.get(f"{self._folder}data/{storage.key}")
                if info is None or info.file_size != storage.size:
                    raise PickleError(f"the weights number {storage.key} are missing or not of the right length")
                return storage

            with archive.open(f"{self._folder}data.pkl") as pickled:
                return read_pickle(pickled, CALLS, refer)

    def _legacy_content(self, file: BinaryIO, size: int) -> object:
        if file.read(1) != b"\x80":
            raise PickleError("it does not begin as a file of torch.save does")
        file.seek(0)
        if read_pickle(file, {}) != _LEGACY_MAGIC:
            raise PickleError("it is a pickle, but not one that torch.save wrote")
        read_pickle(file, {})  # version of the layout: there was only one
        system = read_pickle(file, {})
        if not (isinstance(system, dict) and system.get("little_endian", True)):
            raise PickleError(_BYTE_ORDER)
        storages: dict[str, Storage] = {}

        def refer(reference: tuple[Any, ...]) -> object:
            if len(reference) > 1 and reference[0] == "module":
                return reference[1]  # a class, with its source text beside it
            storage = stored_numbers(reference)
            if storages.setdefault(storage.key, storage) != storage:
                raise PickleError("its list of weights contradicts itself")
            return storage

        content = read_pickle(file, CALLS, refer)
        self._places = _legacy_places(file, read_pickle(file, {}), storages, size)
        return content

    @contextmanager
    def _reading(self) -> Iterator[_Read]:
        """Open the file once for many storages."""
        with _in_words(self._path):
            if self._is_zip:
                with zipfile.ZipFile(self._path) as archive:
                    yield lambda storage: archive.read(f"{self._folder}data/{storage.key}")
            else:
                with self._path.open("rb") as file:

                    def read(storage: Storage) -> bytes:
                        file.seek(self._places[storage.key])
                        return file.read(storage.size)

                    yield read


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    except EOFError as error:
        raise CheckpointError(f"The file {path} is damaged: it ends before what its list announces.") from error
    except (PickleError, zipfile.BadZipFile, struct.error, KeyError, ValueError, RuntimeError) as error:
        # The last three are `zipfile`'s words for archives that are damaged, encrypted or of a later format.
        raise CheckpointError(f"The file {path} is no file of weights, or damaged: {error}.") from error


def _folder(entries: Mapping[str, zipfile.ZipInfo]) -> str:
    """Folder of the archive that everything lies in; refuses what torch.save does not write."""
    if len(entries) > _MOST_ENTRIES:
        raise PickleError(f"it holds more than {_MOST_ENTRIES} entries")
    pickles = [name for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise PickleError("it is a zip archive, but not one that torch.save wrote")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in entries:
        raise PickleError("it is a TorchScript program, which would have to be run; ask for its state_dict")
    for info in entries.values():
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise PickleError(f"its entry {info.filename!r} is compressed, which torch.save never does")
    return folder


def _check_directory(file: BinaryIO) -> None:
    """Refuse a zip whose table of contents would fill the memory, before `zipfile` reads it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    end, wide = tail.rfind(_END), tail.rfind(_WIDE_END)
    if end < 0:
        raise PickleError("it is a zip archive that breaks off before its end")
    length = int.from_bytes(tail[end + 12 : end + 16], "little")
    if wide >= 0:
        length = max(length % 0xFFFFFFFF, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    if length > 64 * _MOST_ENTRIES:
        raise PickleError(f"its table of contents is {length} bytes long")


def _legacy_places(file: BinaryIO, keys: object, storages: Mapping[str, Storage], size: int) -> dict[str, int]:
    """Where the numbers of each storage begin; `file` stands behind the list of `keys`."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(storages):
        raise PickleError("its list of storages contradicts its list of weights")
    places: dict[str, int] = {}
    for key in keys:
        (count,) = _COUNT.unpack(file.read(_COUNT.size))
        places[key] = file.tell()
        if count != storages[key].count or places[key] + storages[key].size > size:
            raise PickleError(f"the weights number {key} are not of the right length")
        file.seek(storages[key].size, 1)
    return places
