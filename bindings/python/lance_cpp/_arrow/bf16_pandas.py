"""bfloat16 in pandas, backed by the Arrow array. Apart from ``bf16`` because it needs pandas."""

from __future__ import annotations

import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype

from lance_cpp._arrow.bf16 import BFloat16, BFloat16Array, bfloat16_array


@register_extension_dtype
class PandasBFloat16Type(ExtensionDtype):
    """The pandas dtype ``lance.bfloat16``."""

    name = "lance.bfloat16"
    type = BFloat16
    kind = "f"
    na_value = None
    _is_numeric = True

    @classmethod
    def construct_from_string(cls, string):
        if string != cls.name:
            raise TypeError(f"Cannot construct a {cls.__name__} from {string!r}")
        return cls()

    @classmethod
    def construct_array_type(cls):
        return PandasBFloat16Array

    def __from_arrow__(self, array):
        chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        return PandasBFloat16Array._concat_same_type([PandasBFloat16Array(chunk) for chunk in chunks])


class PandasBFloat16Array(ExtensionArray):
    """A pandas array of bfloat16."""

    dtype = PandasBFloat16Type()

    def __init__(self, data):
        self.data = data

    @classmethod
    def from_numpy(cls, array) -> PandasBFloat16Array:
        return cls(BFloat16Array.from_numpy(array))

    @classmethod
    def _from_sequence(cls, scalars, *, dtype=None, copy=False):
        return cls(bfloat16_array(scalars))

    @classmethod
    def _concat_same_type(cls, parts):
        values = [value for part in parts for value in part.data.to_pylist()]
        return parts[0] if len(parts) == 1 else cls(bfloat16_array(values))

    def __getitem__(self, item):
        import numpy as np

        if isinstance(item, (int, np.integer)):
            return self.data[int(item)].as_py()
        if isinstance(item, slice):
            return PandasBFloat16Array(bfloat16_array(self.data.to_pylist()[item]))
        positions = np.arange(len(self))[np.asarray(item)]
        return PandasBFloat16Array(bfloat16_array([self.data[int(i)].as_py() for i in positions]))

    def take(self, indices, *, allow_fill=False, fill_value=None):
        values = self.data.to_pylist()
        taken = [fill_value if allow_fill and i == -1 else values[i] for i in indices]
        return PandasBFloat16Array(bfloat16_array(taken))

    def copy(self):
        return PandasBFloat16Array(self.data)

    def __len__(self):
        return len(self.data)

    def __eq__(self, other):
        import numpy as np

        return np.array([a == b for a, b in zip(self, other)])

    @property
    def nbytes(self):
        return self.data.nbytes

    def isna(self):
        return self.data.is_null().to_numpy(zero_copy_only=False)

    def to_numpy(self, *args, **kwargs):
        return self.data.to_numpy() if self.data.null_count == 0 else super().to_numpy(*args, **kwargs)

    def __arrow_array__(self, type=None):
        return self.data
