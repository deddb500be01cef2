"""Index builds: configuration and the builder."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lance_cpp._unsupported import INDEXES, not_yet


@dataclass
class IndexConfig:
    """A registered scalar index type with its parameters."""

    index_type: str
    parameters: dict

    def to_json(self) -> str:
        """The configuration as JSON text."""
        return json.dumps({"type": self.index_type, "params": self.parameters})


class IndicesBuilder:
    """Builds the parts of a vector index: not supported yet."""

    @not_yet(INDEXES)
    def __init__(self, dataset, column):
        """Not supported yet."""

    @not_yet(INDEXES)
    def train_ivf(self, num_partitions=None, *, distance_type="l2", accelerator=None, sample_rate=256, max_iters=50,
                  fragment_ids=None):  # fmt: skip
        """Trains partitions."""

    @not_yet(INDEXES)
    def train_pq(self, ivf_model, num_subvectors=None, *, sample_rate=256, max_iters=50, num_bits=8,
                 fragment_ids=None):  # fmt: skip
        """Trains a codebook."""

    @not_yet(INDEXES)
    def prepare_global_ivf_pq(self, num_partitions, num_subvectors, *, distance_type="l2", accelerator=None,
                              sample_rate=256, max_iters=50, num_bits=8, fragment_ids=None):  # fmt: skip
        """Trains both for a distributed build."""

    @not_yet(INDEXES)
    def assign_ivf_partitions(self, ivf_model, accelerator, *, output_uri=None):
        """Assigns partitions."""

    @not_yet(INDEXES)
    def transform_vectors(self, ivf, pq, dest_uri, fragments=None, partition_ds_uri=None):
        """Computes codes."""

    @not_yet(INDEXES)
    def shuffle_transformed_vectors(self, unsorted_filenames, dir_path, ivf, shuffle_output_root_filename="sorted"):
        """Sorts codes by partition."""

    @not_yet(INDEXES)
    def load_shuffled_vectors(self, filenames, dir_path, ivf, pq, index_name=None):
        """Publishes the index."""
