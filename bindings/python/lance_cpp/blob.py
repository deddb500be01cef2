"""Large binary values: lazy files over stored blobs, and the Arrow type that names them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from lance_cpp._unsupported import WRITES, missing_class

DEFAULT_BLOB_BUFFER_SIZE = 512 * 1024

_INLINE_KEY = b"lance-encoding:blob-inline-size-threshold"
_DEDICATED_KEY = b"lance-encoding:blob-dedicated-size-threshold"
_PACK_FILE_KEY = b"lance-encoding:blob-pack-file-size-threshold"


@dataclass(frozen=True)
class Blob:
    """A blob to be written: bytes, or a URI with an optional range."""

    data: bytes | None = None
    uri: str | None = None
    position: int | None = None
    size: int | None = None

    def __post_init__(self):
        if self.data is not None and self.uri is not None:
            raise ValueError("Blob cannot have both data and uri")
        if self.uri == "":
            raise ValueError("Blob uri cannot be empty")
        if (self.position is None) != (self.size is None):
            raise ValueError("Blob position and size must be set together")
        if self.position is not None and self.uri is None:
            raise ValueError("Blob range requires a uri")

    @staticmethod
    def from_bytes(data) -> Blob:
        return Blob(data=bytes(data))

    @staticmethod
    def from_uri(uri, position=None, size=None) -> Blob:
        return Blob(uri=uri, position=position, size=size)

    @staticmethod
    def empty() -> Blob:
        return Blob(data=b"")


_STORAGE = pa.struct(
    [
        pa.field("data", pa.large_binary()),
        pa.field("uri", pa.string()),
        pa.field("position", pa.uint64()),
        pa.field("size", pa.uint64()),
    ]
)


class BlobType(pa.ExtensionType):
    """The Arrow extension type ``lance.blob.v2``: a struct of bytes or a URI, perhaps with a range."""

    def __init__(self, storage_type=None):
        super().__init__(storage_type or _STORAGE, "lance.blob.v2")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return BlobType(storage_type)

    def __arrow_ext_class__(self):
        return BlobArray

    def __reduce__(self):
        return (BlobType, (self.storage_type,))


class BlobArray(pa.ExtensionArray):
    """An array of :class:`BlobType`."""

    @classmethod
    def from_pylist(cls, values) -> BlobArray:
        """Makes one of bytes, URI strings, :class:`Blob` and None."""
        rows = [_to_storage(value) for value in values]
        return pa.ExtensionArray.from_storage(BlobType(), pa.array(rows, _STORAGE))


def _to_storage(value):
    if value is None:
        return None
    if isinstance(value, str):
        value = Blob.from_uri(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        value = Blob.from_bytes(value)
    if not isinstance(value, Blob):
        raise TypeError(f"BlobArray values must be bytes, str, Blob or None, got {type(value)}")
    return {"data": value.data, "uri": value.uri, "position": value.position, "size": value.size}


def _register():
    try:
        pa.register_extension_type(BlobType())
    except pa.ArrowKeyError:
        pass  # another package of this process has registered the same name


_register()


def blob_array(values) -> BlobArray:
    """Makes a blob array of bytes, URI strings, :class:`Blob` and None."""
    return BlobArray.from_pylist(values)


def _threshold(name, value, allow_zero):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int")
    if value < 0 or (value == 0 and not allow_zero):
        raise ValueError(f"{name} must be {'non-negative' if allow_zero else 'positive'}")
    return str(value).encode()


def blob_field(
    name,
    *,
    nullable=True,
    inline_size_threshold=None,
    dedicated_size_threshold=None,
    pack_file_size_threshold=None,
) -> pa.Field:
    """A field of blobs; thresholds in bytes say which are stored inline, packed, or as a file each."""
    metadata = {}
    if inline_size_threshold is not None:
        metadata[_INLINE_KEY] = _threshold("inline_size_threshold", inline_size_threshold, True)
    if dedicated_size_threshold is not None:
        metadata[_DEDICATED_KEY] = _threshold("dedicated_size_threshold", dedicated_size_threshold, False)
    if pack_file_size_threshold is not None:
        metadata[_PACK_FILE_KEY] = _threshold("pack_file_size_threshold", pack_file_size_threshold, False)
    return pa.field(name, BlobType(), nullable=nullable, metadata=metadata or None)


class BlobIterator:
    """Iterates a binary column as files."""

    def __init__(self, binary_iter):
        self._values = binary_iter

    def __iter__(self):
        return self

    def __next__(self):
        value = next(self._values)
        value = value.as_py() if isinstance(value, pa.Scalar) else value
        return None if value is None else io.BytesIO(value)


class BlobColumn:
    """A binary column whose values are seen as files."""

    def __init__(self, blob_column):
        if not isinstance(blob_column, (pa.Array, pa.ChunkedArray)):
            raise ValueError(f"Expected a pyarrow.Array or pyarrow.ChunkedArray, got {type(blob_column)}")
        kind = blob_column.type
        if not pa.types.is_large_binary(kind) and not pa.types.is_binary(kind):
            raise ValueError(f"Expected a binary array, got {kind}")
        self._column = blob_column

    def __iter__(self) -> Iterator:
        return BlobIterator(iter(self._column))


class _RawBlobFile(io.RawIOBase):
    """Unbuffered reads of one stored blob: ``size`` bytes from ``offset`` of a stored object."""

    def __init__(self, inner):
        # inner: (callable that opens the object, offset, size or None for all of it)
        self._opener, self._offset, self._size = inner
        self._object = None
        self._position = 0

    def _opened(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if self._object is None:
            self._object = self._opener()
        return self._object

    def size(self) -> int:
        if self._size is None:
            self._size = self._opened().size() - self._offset
        return self._size

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return self._position

    def seek(self, offset, whence=io.SEEK_SET):
        if self.closed:
            raise ValueError("I/O operation on closed file")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        if base is None:
            if whence != io.SEEK_END:
                raise ValueError(f"Invalid whence: {whence}")
            base = self.size()
        if base + offset < 0:
            raise ValueError(f"cannot seek to the negative position {base + offset}")
        self._position = base + offset
        return self._position

    def read_range(self, offset, length) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        if offset > self.size() or length > self.size() - offset:
            raise ValueError(f"range {offset}..{offset + length} is not in a blob of {self.size()} bytes")
        return self._opened().read_range(self._offset + offset, length) if length else b""

    def read_ranges(self, ranges) -> list[bytes]:
        for offset, length in ranges:
            if offset < 0 or length < 0 or offset > self.size() or length > self.size() - offset:
                raise ValueError(f"range {offset}..{offset + length} is not in a blob of {self.size()} bytes")
        return self._opened().read_ranges([(self._offset + offset, length) for offset, length in ranges])

    def readall(self) -> bytes:
        length = max(self.size() - self._position, 0)
        out = self.read_range(min(self._position, self.size()), length)
        self._position += len(out)
        return out

    def readinto(self, buffer):
        with memoryview(buffer).cast("B") as view:
            length = max(min(len(view), self.size() - self._position), 0)
            if length:
                view[:length] = self.read_range(self._position, length)
            self._position += length
            return length


def _validate_buffer_size(buffer_size):
    if isinstance(buffer_size, bool) or not isinstance(buffer_size, int):
        raise TypeError(f"buffer_size must be an int, got {type(buffer_size)}")
    if buffer_size < 0:
        raise ValueError("buffer_size must be non-negative")
    return buffer_size


class BlobFile(io.BufferedIOBase):
    """A stored blob as a file: nothing is read before it is asked for.

    Small reads fetch ``buffer_size`` bytes at once (0: no buffer). One thread at a time.
    """

    def __init__(self, inner, buffer_size=DEFAULT_BLOB_BUFFER_SIZE):
        self._raw = _RawBlobFile(inner)
        buffer_size = _validate_buffer_size(buffer_size)
        self._buffered = io.BufferedReader(self._raw, buffer_size) if buffer_size else self._raw

    def size(self) -> int:
        """Bytes of the blob."""
        return self._raw.size()

    def read_range(self, offset, length) -> bytes:
        """Reads a range; the position stays."""
        return self._raw.read_range(offset, length)

    def read_ranges(self, ranges) -> list[bytes]:
        """Reads many ranges at once; the position stays."""
        return self._raw.read_ranges(list(ranges))

    def read(self, size=-1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        return self._buffered.read(size)

    def read1(self, size=-1) -> bytes:
        return self._buffered.read1(size) if hasattr(self._buffered, "read1") else self._buffered.read(size)

    def readall(self) -> bytes:
        position = self._buffered.tell()
        length = max(self.size() - position, 0)
        out = self._raw.read_range(position, length) if length else b""
        self._buffered.seek(position + len(out))
        return out

    def readinto(self, b):
        return self._buffered.readinto(b)

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        return self._buffered.seek(offset, whence)

    def tell(self):
        return self._buffered.tell()

    def close(self):
        self._buffered.close()
        super().close()

    @property
    def closed(self):
        return self._raw.closed

    def __repr__(self):
        return "<BlobFile closed>" if self.closed else f"<BlobFile size={self.size()}>"


LanceBlobFile = _RawBlobFile
BlobDescriptor = missing_class("BlobDescriptor", __name__, WRITES)
BlobDescriptorArrayBuilder = missing_class("BlobDescriptorArrayBuilder", __name__, WRITES)
DedicatedBlobWriter = missing_class("DedicatedBlobWriter", __name__, WRITES)
PackedBlobWriter = missing_class("PackedBlobWriter", __name__, WRITES)
