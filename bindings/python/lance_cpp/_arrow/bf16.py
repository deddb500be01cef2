"""bfloat16: the upper half of a float32, as value, Arrow array and (when pandas is there) pandas array."""

from __future__ import annotations

import struct

import pyarrow as pa

_NAME = "lance.bfloat16"


def _round_to_bits(values):
    """float32 values to bfloat16 bits, to nearest even; NaN stays NaN."""
    import numpy as np

    values = np.ascontiguousarray(values, dtype=np.float32)
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def _bits_to_float32(bits):
    import numpy as np

    return (np.asarray(bits, dtype=np.uint16).astype(np.uint32) << 16).view(np.float32)


class BFloat16:
    """One bfloat16 number. Compares with its own kind and with numpy's bfloat16 scalars."""

    __slots__ = ("_value",)
    __hash__ = None

    def __init__(self, value):
        if isinstance(value, str):
            raise TypeError("must be real number, not str")
        self._value = float(_bits_to_float32(_round_to_bits([float(value)]))[0])

    @staticmethod
    def from_bytes(data) -> BFloat16:
        """From two little-endian bytes."""
        if len(data) != 2:
            raise ValueError(f"BFloat16.from_bytes needs 2 bytes, got {len(data)}")
        return BFloat16(struct.unpack("<f", b"\0\0" + bytes(data))[0])

    def as_float(self) -> float:
        """The same number as a Python float."""
        return self._value

    def _compared(self, other):
        if isinstance(other, BFloat16):
            return other._value
        if type(other).__name__ == "bfloat16":
            return float(other)
        return None

    def __eq__(self, other):
        value = self._compared(other)
        return NotImplemented if value is None else self._value == value

    def __lt__(self, other):
        value = self._compared(other)
        return NotImplemented if value is None else self._value < value

    def __le__(self, other):
        value = self._compared(other)
        return NotImplemented if value is None else self._value <= value

    def __gt__(self, other):
        value = self._compared(other)
        return NotImplemented if value is None else self._value > value

    def __ge__(self, other):
        value = self._compared(other)
        return NotImplemented if value is None else self._value >= value

    def __reduce__(self):
        return (BFloat16, (self._value,))

    def __repr__(self):
        import numpy as np

        if self._value != self._value:
            return "NaN"
        return np.format_float_positional(np.float32(self._value), trim="-")


class BFloat16Scalar(pa.ExtensionScalar):
    """One value of a :class:`BFloat16Array`."""

    def as_py(self, **kwargs):
        return None if self.value is None else BFloat16.from_bytes(self.value.as_py())

    def __eq__(self, other):
        if isinstance(other, BFloat16Scalar):
            return self.as_py() == other.as_py()
        return self.as_py() == other

    __hash__ = None


class BFloat16Type(pa.ExtensionType):
    """The Arrow extension type ``lance.bfloat16`` over two bytes."""

    def __init__(self):
        super().__init__(pa.binary(2), _NAME)

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return BFloat16Type()

    def __arrow_ext_class__(self):
        return BFloat16Array

    def __arrow_ext_scalar_class__(self):
        return BFloat16Scalar

    def to_pandas_dtype(self):
        from lance_cpp._arrow.bf16_pandas import PandasBFloat16Type

        return PandasBFloat16Type()


class BFloat16Array(pa.ExtensionArray):
    """An array of bfloat16."""

    @classmethod
    def from_numpy(cls, array) -> BFloat16Array:
        """Takes a numpy array of ml_dtypes' bfloat16, without a copy where contiguous."""
        import numpy as np

        if array.dtype.name != "bfloat16":
            raise ValueError("Cannot convert non-bfloat16 values to BFloat16Array")
        return _from_bits(np.ascontiguousarray(array).view(np.uint16))

    def _bits(self):
        import numpy as np

        buffer = self.storage.buffers()[1]
        if buffer is None:
            return np.empty(0, dtype=np.uint16)
        return np.frombuffer(buffer, dtype=np.uint16)[self.offset : self.offset + len(self)]

    def _to_float32(self):
        return _bits_to_float32(self._bits())

    def to_numpy(self, zero_copy_only=False):
        """A numpy array of ml_dtypes' bfloat16. Nulls are refused."""
        from ml_dtypes import bfloat16

        if self.null_count > 0:
            raise ValueError("Cannot convert null values to numpy")
        return self._bits().view(bfloat16)

    def _lines(self) -> str:
        return "[\n" + ",\n".join(f"  {value}" for value in self.to_pylist()) + "\n]"

    def __str__(self):
        return self._lines()

    def __repr__(self):
        return f"<lance.arrow.BFloat16Array object at {id(self):#x}>\n{self._lines()}"


def _from_bits(bits, mask=None) -> BFloat16Array:
    import numpy as np

    validity = None
    if mask is not None and mask.any():
        validity = pa.py_buffer(np.packbits(~mask, bitorder="little").tobytes())
    storage = pa.Array.from_buffers(pa.binary(2), len(bits), [validity, pa.py_buffer(bits)])
    return pa.ExtensionArray.from_storage(BFloat16Type(), storage)


def _from_floats(values, mask=None) -> BFloat16Array:
    return _from_bits(_round_to_bits(values), mask)


def bfloat16_array(values) -> BFloat16Array:
    """Makes an array of numbers and None."""
    import numpy as np

    values = [value.as_float() if isinstance(value, BFloat16) else value for value in values]
    mask = np.array([value is None for value in values], dtype=bool)
    return _from_floats([0.0 if value is None else value for value in values], mask)


def _register():
    try:
        pa.register_extension_type(BFloat16Type())
    except pa.ArrowKeyError:
        pass  # another package of this process has registered the same name


_register()


def __getattr__(name):
    if name in ("PandasBFloat16Array", "PandasBFloat16Type"):
        from lance_cpp._arrow import bf16_pandas

        return getattr(bf16_pandas, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
