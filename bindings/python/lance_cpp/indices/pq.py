"""The codebook of a product quantizer."""

from __future__ import annotations

import pyarrow as pa


class PqModel:
    """A codebook over ``num_subvectors`` parts: 2^num_bits lists of the dimension, values part after part."""

    def __init__(self, num_subvectors, codebook, *, num_bits=8):
        self.num_subvectors = num_subvectors
        self.codebook = codebook
        self.num_bits = num_bits

    @property
    def dimension(self) -> int:
        """The dimension of the vectors coded."""
        return self.codebook.type.list_size

    def save(self, uri, *, storage_options=None):
        """Writes the model to a Lance file."""
        from lance_cpp.file import LanceFileWriter

        metadata = {"num_subvectors": str(self.num_subvectors), "num_bits": str(self.num_bits)}
        schema = pa.schema([pa.field("codebook", self.codebook.type)], metadata=metadata)
        with LanceFileWriter(str(uri), schema, storage_options=storage_options) as writer:
            writer.write_batch(pa.table([self.codebook], schema=schema))

    @classmethod
    def load(cls, uri, *, storage_options=None) -> PqModel:
        """Reads a model that was saved."""
        from lance_cpp.file import LanceFileReader

        reader = LanceFileReader(str(uri), storage_options=storage_options)
        metadata = reader.metadata().schema.metadata or {}
        codebook = reader.read_all().to_table().column(0).combine_chunks()
        bits = int(metadata.get(b"num_bits", b"8"))
        return cls(int(metadata[b"num_subvectors"]), codebook, num_bits=bits)
