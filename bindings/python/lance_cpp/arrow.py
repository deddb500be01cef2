"""Arrow extension types: bfloat16 and images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Iterable, Union  # noqa: F401

import pyarrow as pa

from lance_cpp._arrow.bf16 import (  # noqa: F401
    BFloat16,
    BFloat16Array,
    BFloat16Type,
    _from_floats,
    bfloat16_array,
)


def __getattr__(name):
    if name == "PandasBFloat16Array":
        from lance_cpp._arrow.bf16_pandas import PandasBFloat16Array

        return PandasBFloat16Array
    raise AttributeError(f"module 'lance_cpp.arrow' has no attribute {name!r}")


def _is_text(kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_bytes(kind):
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


class ImageURIType(pa.ExtensionType):
    """Images by URI."""

    def __init__(self, storage_type=pa.string()):
        super().__init__(storage_type, "lance.arrow.image_uri")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls(storage_type)

    def __arrow_ext_class__(self):
        return ImageURIArray

    def __arrow_ext_scalar_class__(self):
        return ImageURIScalar

    def __reduce__(self):
        return (type(self), (self.storage_type,))


class EncodedImageType(pa.ExtensionType):
    """Images as the bytes of a file format (PNG, JPEG, ...)."""

    def __init__(self, storage_type=pa.binary()):
        super().__init__(storage_type, "lance.arrow.encoded_image")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls(storage_type)

    def __arrow_ext_class__(self):
        return EncodedImageArray

    def __arrow_ext_scalar_class__(self):
        return EncodedImageScalar

    def __reduce__(self):
        return (type(self), (self.storage_type,))


class FixedShapeImageTensorType(pa.ExtensionType):
    """Decoded images of one shape (height, width, channels)."""

    def __init__(self, arrow_type, shape):
        self.shape = list(shape)
        size = 1
        for extent in self.shape:
            size *= extent
        super().__init__(pa.list_(arrow_type, size), "lance.arrow.fixed_shape_image_tensor")

    def __arrow_ext_serialize__(self):
        return json.dumps({"shape": self.shape}).encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls(storage_type.value_type, json.loads(serialized)["shape"])

    def __arrow_ext_class__(self):
        return FixedShapeImageTensorArray

    def __arrow_ext_scalar_class__(self):
        return FixedShapeImageTensorScalar

    def __reduce__(self):
        return (type(self), (self.storage_type.value_type, self.shape))


class ImageScalar(pa.ExtensionScalar):
    """One image."""

    def as_py(self, **kwargs):
        return None if self.value is None else self.value.as_py()


class ImageURIScalar(ImageScalar):
    """One image by URI."""


class EncodedImageScalar(ImageScalar):
    """One encoded image."""


class FixedShapeImageTensorScalar(ImageScalar):
    """One decoded image, flat."""


class ImageArray(pa.ExtensionArray):
    """An array of images, whatever their form."""

    @classmethod
    def from_array(cls, images) -> ImageArray:
        """Wraps URIs, encoded bytes or fixed shape tensors as the image array they are."""
        if isinstance(images, ImageArray):
            return images
        if isinstance(images, pa.FixedShapeTensorArray):
            kind = FixedShapeImageTensorType(images.type.value_type, images.type.shape)
            return pa.ExtensionArray.from_storage(kind, images.storage)
        if not isinstance(images, pa.Array):
            images = pa.array(images)
        if _is_bytes(images.type):
            return pa.ExtensionArray.from_storage(EncodedImageType(images.type), images)
        return ImageURIArray.from_uris(images)

    def __repr__(self):
        return f"<lance.arrow.{type(self).__name__} object at 0x{id(self):016x}>\n{self.storage.to_pylist()!r}"


class ImageURIArray(ImageArray):
    """Images by URI."""

    @classmethod
    def from_uris(cls, uris) -> ImageURIArray:
        """Makes one of URIs or local paths."""
        if isinstance(uris, (pa.StringArray, pa.LargeStringArray)):
            return pa.ExtensionArray.from_storage(ImageURIType(uris.type), uris)
        if isinstance(uris, pa.Array):
            uris = uris.to_pylist()
        texts = pa.array([None if uri is None else str(uri) for uri in uris], pa.string())
        return pa.ExtensionArray.from_storage(ImageURIType(), texts)

    def read_uris(self, storage_type=pa.binary()) -> EncodedImageArray:
        """Reads every image's bytes."""
        from pyarrow import fs

        def read(uri):
            if uri is None:
                return None
            if "://" in uri:
                filesystem, path = fs.FileSystem.from_uri(uri)
            else:
                filesystem, path = fs.LocalFileSystem(), str(Path(uri).absolute())
            with filesystem.open_input_stream(path) as stream:
                return stream.read()

        values = pa.array([read(uri) for uri in self.storage.to_pylist()], storage_type)
        return pa.ExtensionArray.from_storage(EncodedImageType(storage_type), values)


def _decode_with_pillow(images):
    import io

    import numpy as np
    from PIL import Image

    return np.stack([np.asarray(Image.open(io.BytesIO(image))) for image in images])


def _encode_with_pillow(images):
    import io

    from PIL import Image

    out = []
    for image in images:
        target = io.BytesIO()
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(target, format="PNG")
        out.append(target.getvalue())
    return pa.array(out, pa.binary())


class EncodedImageArray(ImageArray):
    """Images as bytes of a file format."""

    def to_tensor(self, decoder=None) -> FixedShapeImageTensorArray:
        """Decodes all images, which must have one shape.

        :param decoder: takes the storage array, returns an array-like (images, height, width, channels);
            default: Pillow
        """
        import numpy as np

        images = decoder(self.storage) if decoder else _decode_with_pillow(self.storage.to_pylist())
        tensor = np.asarray(images)
        if tensor.ndim == 3:
            tensor = tensor[..., np.newaxis]
        values = pa.array(tensor.reshape(-1))
        shape = tensor.shape[1:]
        kind = FixedShapeImageTensorType(values.type, shape)
        storage = pa.FixedSizeListArray.from_arrays(values, kind.storage_type.list_size)
        return pa.ExtensionArray.from_storage(kind, storage)


class FixedShapeImageTensorArray(ImageArray):
    """Decoded images of one shape."""

    def to_numpy(self):
        """A numpy array (images, height, width, channels)."""
        return self.storage.flatten().to_numpy(zero_copy_only=False).reshape(-1, *self.type.shape)

    def to_encoded(self, encoder=None, storage_type=pa.binary()) -> EncodedImageArray:
        """Encodes all images.

        :param encoder: takes the numpy array, returns an array of bytes; default: PNG by Pillow
        """
        encoded = (encoder or _encode_with_pillow)(self.to_numpy())
        return pa.ExtensionArray.from_storage(EncodedImageType(storage_type), encoded.cast(storage_type))


def _register():
    for kind in (ImageURIType(), EncodedImageType(), FixedShapeImageTensorType(pa.uint8(), (0,))):
        try:
            pa.register_extension_type(kind)
        except pa.ArrowKeyError:
            pass  # another package of this process has registered the same name


_register()


def cast(arr, target_type, *args, **kwargs):
    """``Array.cast`` that knows bfloat16 and fixed size lists of it."""
    if isinstance(target_type, str):
        target_type = BFloat16Type() if target_type in ("bfloat16", "bf16") else pa.type_for_alias(target_type)
    if pa.types.is_fixed_size_list(target_type) and pa.types.is_fixed_size_list(arr.type):
        if arr.type.list_size != target_type.list_size:
            raise ValueError(f"Only support casting lists of the same size, got {arr.type} and {target_type}")
        values = cast(arr.flatten(), target_type.value_type, *args, **kwargs)
        return pa.FixedSizeListArray.from_arrays(values, target_type.list_size)
    if isinstance(target_type, BFloat16Type):
        if isinstance(arr.type, BFloat16Type):
            return arr
        if not pa.types.is_floating(arr.type):
            raise ValueError(f"Only support casting floating array to bfloat16 array, got: {arr.type}")
        mask = arr.is_null().to_numpy(zero_copy_only=False)
        return _from_floats(arr.fill_null(0).to_numpy(zero_copy_only=False), mask)
    if isinstance(arr.type, BFloat16Type):
        floats = pa.array(arr._to_float32(), mask=arr.is_null().to_numpy(zero_copy_only=False))
        return floats.cast(target_type, *args, **kwargs)
    return arr.cast(target_type, *args, **kwargs)
