"""Hugging Face data sets: features to torch values."""

from __future__ import annotations

import io

import pyarrow as pa


class HuggingFaceConverter:
    """Converts columns by the features that a Hugging Face data set describes."""

    def __init__(self, ds_info):
        self._features = ds_info.features

    def _to_pil_image(self, scalar):
        from PIL import Image

        value = scalar.as_py() if isinstance(scalar, pa.Scalar) else scalar
        if value is None:
            return None
        data, path = value.get("bytes"), value.get("path")
        return Image.open(io.BytesIO(data) if data is not None else path)

    def to_pytorch(self, col, array):
        """The column as a list of images, or None when torch needs no conversion."""
        feature = self._features.get(col)
        if type(feature).__name__ == "Image":
            return [self._to_pil_image(value) for value in array]
        return None
