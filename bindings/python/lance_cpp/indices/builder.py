"""Index builds: configuration and the builder."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass

import pyarrow as pa

from lance_cpp import _native
from lance_cpp._dataset import results
from lance_cpp._unsupported import not_yet, unsupported
from lance_cpp.indices.ivf import IvfModel
from lance_cpp.indices.pq import PqModel

_METRICS = ("l2", "cosine", "euclidean", "dot", "hamming")


def _lists(values, element, dimension):
    flat = pa.Array.from_buffers(element, len(values) // (element.bit_width // 8), [None, pa.py_buffer(values)])
    return pa.FixedSizeListArray.from_arrays(flat, dimension)


def _join(dir_path, name):
    return f"{str(dir_path).rstrip('/')}/{name}"


def _write_stream(capsule, uri):
    from lance_cpp.file import LanceFileWriter

    reader = results.to_reader(capsule)
    with LanceFileWriter(uri, reader.schema, version="2.0") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _read_files(names, dir_path):
    """Coded vectors of several files as one stream."""
    from lance_cpp.file import LanceFileReader

    if not names:
        raise ValueError("there are no files of coded vectors")
    readers = [LanceFileReader(_join(dir_path, name)) for name in names]
    schema = readers[0].metadata().schema.remove_metadata()
    lists = len(schema) == 1

    def batches():
        for name, reader in zip(names, readers):
            for batch in reader.read_all(batch_size=1 if lists else 65536).to_batches():
                if not batch.schema.equals(schema):
                    raise ValueError(f"{names[0]} and {name} have different columns: {schema} and {batch.schema}")
                yield batch.replace_schema_metadata(None)

    return pa.RecordBatchReader.from_batches(schema, batches())


@dataclass
class IndexConfig:
    """A registered scalar index type with its parameters."""

    index_type: str
    parameters: dict

    def to_json(self) -> str:
        """The configuration as JSON text."""
        return json.dumps({"type": self.index_type, "params": self.parameters})


class IndicesBuilder:
    """Trains the parts of a vector index, for builds that are distributed over fragments.

    :param dataset: a ``LanceDataset``
    :param column: a column of vectors
    """

    def __init__(self, dataset, column):
        self.dataset = dataset
        columns = [column] if isinstance(column, str) else list(column)
        for name in columns:
            if name not in dataset.schema.names:
                raise KeyError(f"{name} not found in schema")
        self.column = columns
        self.dimension = self._check_type(columns[0], dataset.schema.field(columns[0]).type)

    @staticmethod
    def _check_type(name, kind):
        if isinstance(kind, pa.FixedShapeTensorType) and len(kind.shape) == 1:
            dimension, element = kind.shape[0], kind.value_type
        else:
            vector = kind.value_type if pa.types.is_list(kind) else kind
            if not pa.types.is_fixed_size_list(vector):
                raise TypeError(
                    f"Vector column {name} must be FixedSizeListArray, list<FixedSizeList> (multivector), or "
                    f"1-dimensional FixedShapeTensorArray, got {kind}"
                )
            dimension, element = vector.list_size, vector.value_type
        if not (pa.types.is_floating(element) or pa.types.is_unsigned_integer(element)):
            raise TypeError(
                f"Vector column {name} must have floating or unsigned integer value type, got {element}"
            )
        return dimension

    def _train(self, **options):
        given = {name: value for name, value in options.items() if value is not None}
        return _native.train_vector_model(self.dataset._ds, self.column[0], given)

    def _count_rows(self, fragment_ids):
        if fragment_ids is None:
            return self.dataset.count_rows()
        rows = 0
        for fragment_id in fragment_ids:
            fragment = self.dataset.get_fragment(fragment_id)
            if fragment is None:
                raise ValueError(f"Fragment id does not exist: {fragment_id}")
            rows += fragment.count_rows()
        return rows

    @staticmethod
    def _check_sample_rate(sample_rate):
        if not isinstance(sample_rate, int) or sample_rate < 2:
            raise ValueError(f"The sample_rate must be an int greater than 1, got {sample_rate}")

    def train_ivf(self, num_partitions=None, *, distance_type="l2", accelerator=None, sample_rate=256, max_iters=50,
                  fragment_ids=None):  # fmt: skip
        """Trains partitions on a sample of the rows.

        :param num_partitions: default: the square root of the number of rows
        :returns: :class:`IvfModel`
        """
        if accelerator is not None:
            raise unsupported("IndicesBuilder.train_ivf(accelerator=...)", "training runs on the processor")
        rows = self._count_rows(fragment_ids)
        if num_partitions is None:
            num_partitions = round(math.sqrt(rows))
        self._check_sample_rate(sample_rate)
        if num_partitions * sample_rate > rows:
            raise ValueError(
                f"There are not enough rows in the dataset to create IVF centroids with {num_partitions} partitions "
                f"and a sample rate of {sample_rate}. {sample_rate * num_partitions} rows needed and there are {rows}"
            )
        if isinstance(num_partitions, float):
            warnings.warn("num_partitions is float, converting to int", stacklevel=2)
            num_partitions = int(num_partitions)
        elif not isinstance(num_partitions, int):
            raise TypeError(f"num_partitions must be int, got {type(num_partitions)}")
        if not isinstance(distance_type, str) or distance_type.lower() not in _METRICS:
            raise ValueError(f"Distance type {distance_type} not supported.")
        metric = distance_type.lower()
        dimension, floats, centroids, _ = self._train(
            type="IVF_FLAT", metric="l2" if metric == "euclidean" else metric, num_partitions=num_partitions,
            sample_rate=sample_rate, max_iterations=max_iters,
            fragments=None if fragment_ids is None else list(fragment_ids),
        )  # fmt: skip
        element = pa.float32() if floats else pa.uint8()
        return IvfModel(self._in_type_of_column(_lists(centroids, element, dimension)), metric)

    def _in_type_of_column(self, lists):
        kind = self.dataset.schema.field(self.column[0]).type
        while hasattr(kind, "value_type"):
            kind = kind.value_type
        if kind not in (pa.float16(), pa.float64()):
            return lists
        values = lists.flatten().to_numpy().astype(kind.to_pandas_dtype())
        return pa.FixedSizeListArray.from_arrays(pa.array(values, kind), lists.type.list_size)

    def _sub_vectors(self, num_subvectors):
        if num_subvectors is None:
            if self.dimension % 16 == 0:
                return self.dimension // 16
            if self.dimension % 8 == 0:
                return self.dimension // 8
            raise ValueError(
                f"vector dimension {self.dimension} is not divisible by 16 or 8. PQ performance will be poor.  "
                "Cowardly refusing to create PQ model.  Please specify num_subvectors manually."
            )
        if not isinstance(num_subvectors, int):
            raise ValueError("num_subvectors must be an int")
        if num_subvectors < 1:
            raise ValueError("num_subvectors must be greater than 0")
        if num_subvectors > self.dimension:
            raise ValueError("num_subvectors must be less than or equal to the dimension of the vectors")
        if self.dimension % num_subvectors != 0:
            raise ValueError(
                f"dimension ({self.dimension}) must be divisible by num_subvectors ({num_subvectors}) without remainder"
            )
        return num_subvectors

    def train_pq(self, ivf_model, num_subvectors=None, *, sample_rate=256, max_iters=50, num_bits=8,
                 fragment_ids=None):  # fmt: skip
        """Trains a codebook on what is left of vectors when their partition's centroid is taken away.

        :returns: :class:`PqModel`
        """
        rows = self._count_rows(fragment_ids)
        num_subvectors = self._sub_vectors(num_subvectors)
        self._check_sample_rate(sample_rate)
        needed = 2**num_bits * sample_rate
        if needed > rows:
            raise ValueError(
                f"There are not enough rows in the dataset to create PQ codebook with a sample rate of {sample_rate} "
                f"and num_bits of {num_bits}.  {needed} rows needed and there are {rows}"
            )
        centroids = ivf_model.centroids
        values = centroids.flatten().cast(pa.float32())
        metric = ivf_model.distance_type.lower()
        dimension, _, _, codebook = self._train(
            type="IVF_PQ", metric="l2" if metric == "euclidean" else metric, num_sub_vectors=num_subvectors,
            num_bits=num_bits, centroids=pa.FixedSizeListArray.from_arrays(values, self.dimension),
            quantizer_sample_rate=sample_rate, quantizer_iterations=max_iters,
            fragments=None if fragment_ids is None else list(fragment_ids),
        )  # fmt: skip
        lists = _lists(codebook, pa.float32(), dimension)
        return PqModel(num_subvectors, self._in_type_of_column(lists), num_bits=num_bits)

    def prepare_global_ivf_pq(self, num_partitions, num_subvectors, *, distance_type="l2", accelerator=None,
                              sample_rate=256, max_iters=50, num_bits=8, fragment_ids=None):  # fmt: skip
        """Trains both, as ``create_index`` takes them.

        :returns: a dict of ``ivf_centroids`` and ``pq_codebook``
        """
        options = {"sample_rate": sample_rate, "max_iters": max_iters, "fragment_ids": fragment_ids}
        ivf = self.train_ivf(num_partitions, distance_type=distance_type, accelerator=accelerator, **options)
        pq = self.train_pq(ivf, num_subvectors, num_bits=num_bits, **options)
        return {"ivf_centroids": ivf.centroids, "pq_codebook": pq.codebook}

    @not_yet("it is for accelerators; transform_vectors assigns partitions on the processor")
    def assign_ivf_partitions(self, ivf_model, accelerator, *, output_uri=None):
        """Assigns partitions."""

    def _options_with(self, ivf, pq, **further):
        metric = ivf.distance_type.lower()
        codebook = pq.codebook.flatten().cast(pa.float32())
        options = {
            "type": "IVF_PQ", "metric": "l2" if metric == "euclidean" else metric,
            "num_sub_vectors": pq.num_subvectors, "num_bits": pq.num_bits, "codebook": codebook,
            "centroids": pa.FixedSizeListArray.from_arrays(ivf.centroids.flatten().cast(pa.float32()), self.dimension),
            **further,
        }  # fmt: skip
        return {name: value for name, value in options.items() if value is not None}

    def transform_vectors(self, ivf, pq, dest_uri, fragments=None, partition_ds_uri=None):
        """Assigns vectors to partitions and codes them, without rows that have no vector, to a Lance file with the
        columns ``_rowid``, ``__ivf_part_id`` and ``__pq_code``.

        :param ivf: the :class:`IvfModel`
        :param pq: the :class:`PqModel`
        :param dest_uri: the file to write
        :param fragments: default: all; else a list that is not empty
        """
        if partition_ds_uri is not None:
            raise unsupported("IndicesBuilder.transform_vectors(partition_ds_uri=...)", "partitions are assigned anew")
        if fragments is not None and len(fragments) == 0:
            raise ValueError("fragments must be a non-empty list or None")
        ids = None if fragments is None else [fragment.fragment_id for fragment in fragments]
        options = self._options_with(ivf, pq, fragments=ids)
        _write_stream(_native.transform_vectors(self.dataset._ds, self.column[0], options), str(dest_uri))

    def shuffle_transformed_vectors(self, unsorted_filenames, dir_path, ivf, shuffle_output_root_filename="sorted"):
        """Sorts codes by partition. Holds 256 MiB of them at most, more goes to a temporary file.

        :param unsorted_filenames: files of :meth:`transform_vectors` in ``dir_path``
        :returns: the names of the files written to ``dir_path``: a row for each partition, the list of its rows
        """
        if not isinstance(unsorted_filenames, list):
            raise ValueError("filenames must be a list of strings")
        codes = _native.shuffle_vectors(_read_files(unsorted_filenames, dir_path), len(ivf.centroids))
        name = f"{shuffle_output_root_filename or 'sorted'}_0.lance"
        _write_stream(codes, _join(dir_path, name))
        return [name]

    def load_shuffled_vectors(self, filenames, dir_path, ivf, pq, index_name=None):
        """Builds the index of codes and commits it for all fragments. The dataset of this builder stays at its
        version.

        :param filenames: files of :meth:`shuffle_transformed_vectors` in ``dir_path``
        :param index_name: default ``<column>_idx``
        """
        if not isinstance(filenames, list):
            raise ValueError("filenames must be a list of strings")
        options = self._options_with(ivf, pq, name=index_name)
        codes = _read_files(filenames, dir_path)
        _native.create_vector_index_from_codes(self.dataset._ds, self.column[0], options, codes)
