"""Scans: the builder that collects options and the scanner that runs."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset

from lance_cpp import _native
from lance_cpp._dataset import results
from lance_cpp._unsupported import INDEXES, unsupported


@dataclass
class ColumnOrdering:
    """One key of a sort."""

    column_name: str
    ascending: bool = True
    nulls_first: bool = False


def filter_to_sql(filter, schema: pa.Schema) -> str:
    """Filter text of an SQL string or a ``pyarrow.compute.Expression``."""
    if filter is None:
        return ""
    if isinstance(filter, str):
        return filter
    if isinstance(filter, pyarrow.dataset.Expression):
        try:
            serialized = filter.__reduce__()[1][0]
        except pa.ArrowNotImplementedError as error:
            raise unsupported("a filter expression with columns by position", "name the columns") from error
        return _native.expression_to_sql(serialized.to_pybytes(), schema)
    if isinstance(filter, dict):
        raise unsupported("a filter with a search_filter", INDEXES)
    raise TypeError(f"filter must be an SQL string or a pyarrow Expression, got {type(filter)}")


def columns_to_native(columns):
    """``["a", "b.c"]`` or ``{"x": "a * 2"}`` as the native layer takes it."""
    if isinstance(columns, dict):
        return [(name, expression) for name, expression in columns.items()]
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise TypeError(f"columns must be a list or dict[name, expression], got {type(columns)}")
    columns = list(columns)
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"columns must hold names, got {type(name)}")
    return columns


def serialize_row_addrs(addrs: Iterable[int]) -> bytes:
    """Values of ``_rowid`` as the bytes that ``row_addr_allowlist`` and ``row_addr_blocklist`` take."""
    numbers = [operator.index(address) for address in addrs]
    for number in numbers:
        if number < 0:
            raise OverflowError("can't convert negative int to unsigned")
        if number >= 1 << 64:
            raise OverflowError("int too big to convert")
    return _native.serialize_row_ids(numbers)


def _positive(value, name):
    if value is None:
        return None
    number = value.__index__()
    if number < 0:
        raise OverflowError("can't convert negative int to unsigned")
    if number == 0:
        raise ValueError(f"Invalid user input: {name} must be positive, got 0")
    return number


class ScannerBuilder:
    """Collects the options of a scan, one method an option; :meth:`to_scanner` makes the scan.

    ``None`` leaves an option at its default. Options are checked as far as that needs no I/O.
    """

    def __init__(self, ds):
        self.ds = ds
        self._options: dict = {}
        self._stats_callback = None
        defaults = getattr(ds, "_default_scan_options", None)
        if defaults:
            self.apply_defaults(defaults)

    def _set(self, key, value):
        if value is not None:
            self._options[key] = value
        return self

    def apply_defaults(self, default_opts) -> ScannerBuilder:
        """Applies a dict of options by the names of ``LanceDataset.scanner``."""
        for name, value in default_opts.items():
            apply_option(self, name, value)
        return self

    def batch_size(self, batch_size) -> ScannerBuilder:
        """Rows of a batch at most; default 8192."""
        return self._set("batch_size", _positive(batch_size, "batch_size"))

    def batch_size_bytes(self, batch_size_bytes) -> ScannerBuilder:
        """Bytes of a batch, about."""
        return self._set("batch_size_bytes", _positive(batch_size_bytes, "batch_size_bytes"))

    def strict_batch_size(self, strict_batch_size=False) -> ScannerBuilder:
        """Makes all batches but the last exactly ``batch_size`` rows."""
        return self._set("strict_batch_size", strict_batch_size)

    def io_buffer_size(self, io_buffer_size) -> ScannerBuilder:
        """Bytes read ahead of decoding at most; default 2 GiB."""
        return self._set("io_buffer_size", _positive(io_buffer_size, "io_buffer_size"))

    def batch_readahead(self, nbatches=None) -> ScannerBuilder:
        """Batches decoded ahead of the consumer."""
        return self._set("batch_readahead", _positive(nbatches, "batch_readahead"))

    def fragment_readahead(self, nfragments=None) -> ScannerBuilder:
        """Fragments opened ahead."""
        return self._set("fragment_readahead", _positive(nfragments, "fragment_readahead"))

    def scan_in_order(self, scan_in_order=True) -> ScannerBuilder:
        """Whether batches come in the order of the table."""
        return self._set("scan_in_order", scan_in_order)

    def limit(self, n=None) -> ScannerBuilder:
        """Rows returned at most."""
        if n is not None and int(n) < 0:
            raise ValueError("Limit must be non-negative")
        return self._set("limit", None if n is None else int(n))

    def offset(self, n=None) -> ScannerBuilder:
        """Rows skipped first."""
        if n is not None and int(n) < 0:
            raise ValueError("Offset must be non-negative")
        return self._set("offset", None if n is None else int(n))

    def columns(self, cols=None) -> ScannerBuilder:
        """Names in the order wanted, or a dict of name to SQL expression."""
        return self._set("columns", None if cols is None else columns_to_native(cols))

    def filter(self, filter) -> ScannerBuilder:
        """An SQL text or a pyarrow expression; rows where it is true are kept."""
        return self._set("filter", None if filter is None else filter_to_sql(filter, self.ds.schema))

    def prefilter(self, prefilter) -> ScannerBuilder:
        """Whether the filter acts before a nearest-neighbour search instead of on its results."""
        return self._set("prefilter", prefilter)

    def with_row_id(self, with_row_id=True) -> ScannerBuilder:
        """Adds the column ``_rowid``."""
        return self._set("with_row_id", with_row_id)

    def with_row_address(self, with_row_address=True) -> ScannerBuilder:
        """Adds the column ``_rowaddr``."""
        return self._set("with_row_address", with_row_address)

    def include_deleted_rows(self, flag) -> ScannerBuilder:
        """Returns deleted rows too, with a null ``_rowid``."""
        return self._set("include_deleted_rows", flag)

    def use_stats(self, use_stats=True) -> ScannerBuilder:
        """Accepted for compatibility; statistics never change a result."""
        return self

    def use_scalar_index(self, use_scalar_index=True) -> ScannerBuilder:
        """Whether filters may use scalar indexes."""
        return self._set("use_scalar_index", use_scalar_index)

    def fast_search(self, flag) -> ScannerBuilder:
        """Searches indexed rows only."""
        return self._set("fast_search", flag or None)

    def late_materialization(self, late_materialization) -> ScannerBuilder:
        """Reads columns after the filter: all (True), none (False) or those listed; default: by cost."""
        if late_materialization is None or isinstance(late_materialization, bool):
            return self._set("late_materialization", late_materialization)
        if not isinstance(late_materialization, (list, tuple)):
            raise ValueError("late_materialization must be a bool or a list of strings")
        return self._set("late_materialization", list(late_materialization))

    def blob_handling(self, blob_handling) -> ScannerBuilder:
        """``all_binary``, ``blobs_descriptions`` (default) or ``all_descriptions``."""
        return self._set("blob_handling", blob_handling)

    def order_by(self, orderings) -> ScannerBuilder:
        """Names or :class:`ColumnOrdering`, most significant first."""
        if orderings is None:
            return self
        keys = []
        for ordering in [orderings] if isinstance(orderings, (str, ColumnOrdering)) else orderings:
            if isinstance(ordering, str):
                ordering = ColumnOrdering(ordering)
            keys.append((ordering.column_name, ordering.ascending, ordering.nulls_first))
        return self._set("order_by", keys)

    def with_fragments(self, fragments) -> ScannerBuilder:
        """Scans these fragments only."""
        if fragments is None:
            return self
        from lance_cpp.fragment import LanceFragment

        if isinstance(fragments, LanceFragment):
            fragments = [fragments]
        ids = []
        for fragment in fragments if isinstance(fragments, Iterable) else [fragments]:
            if not isinstance(fragment, LanceFragment):
                raise TypeError(f"fragments must be an iterable of LanceFragment. Got {type(fragment)} instead.")
            ids.append(fragment.fragment_id)
        return self._set("fragments", ids)

    def with_index_segments(self, index_segments) -> ScannerBuilder:
        """Not supported yet: searches chosen segments of an index."""
        if index_segments is not None:
            raise unsupported("ScannerBuilder.with_index_segments", INDEXES)
        return self

    def nearest(
        self,
        column,
        q,
        k=None,
        metric=None,
        nprobes=None,
        minimum_nprobes=None,
        maximum_nprobes=None,
        refine_factor=None,
        use_index=True,
        ef=None,
        query_parallelism=None,
        approx_mode="normal",
        distance_range=None,
        search_effort=None,
    ) -> ScannerBuilder:
        """Searches the ``k`` (10) nearest rows of a vector column; see ``LanceDataset.scanner``."""
        from lance_cpp._dataset.nearest import vector_query

        return self._set(
            "nearest",
            vector_query(
                self.ds.schema,
                column,
                q,
                k=k,
                metric=metric,
                nprobes=nprobes,
                minimum_nprobes=minimum_nprobes,
                maximum_nprobes=maximum_nprobes,
                refine_factor=refine_factor,
                use_index=use_index,
                ef=ef,
                query_parallelism=query_parallelism,
                approx_mode=approx_mode,
                distance_range=distance_range,
                search_effort=search_effort,
            ),
        )

    def full_text_search(self, query, columns=None) -> ScannerBuilder:
        """Not supported yet: full text search."""
        raise unsupported("full text search", INDEXES)

    def minhash_search(self, query) -> ScannerBuilder:
        """Not supported yet: near-duplicate search."""
        raise unsupported("ScannerBuilder.minhash_search", INDEXES)

    def row_addr_prefilter(self, allowlist=None, blocklist=None) -> ScannerBuilder:
        """Restricts the scan to rows by ``_rowid``, before a search, an offset and a limit.

        :param allowlist: the rows to keep, as :func:`lance_cpp.dataset.serialize_row_addrs` makes it
        :param blocklist: the rows to leave out, likewise; neither: no restriction
        """
        for name, value in (("row_id_allowlist", allowlist), ("row_id_blocklist", blocklist)):
            self._options.pop(name, None)
            self._set(name, None if value is None else bytes(memoryview(value)))
        return self

    def substrait_aggregate(self, aggregate) -> ScannerBuilder:
        """Not supported yet: aggregates given as Substrait."""
        if aggregate is not None:
            raise unsupported("ScannerBuilder.substrait_aggregate", "aggregates are left to the caller")
        return self

    def disable_scoring_autoprojection(self, disable=True) -> ScannerBuilder:
        """Adds ``_distance`` and ``_score`` only where asked for by name."""
        return self._set("disable_scoring_autoprojection", disable)

    def scan_stats_callback(self, callback) -> ScannerBuilder:
        """Called with a ``ScanStatistics`` when the scan ends."""
        self._stats_callback = callback
        return self

    def to_scanner(self) -> LanceScanner:
        """Makes the scan. Nothing is read yet."""
        options = dict(self._options)
        if "fragments" in options and "nearest" in options and not options.get("prefilter"):
            raise ValueError("Not supported: This operation is not supported for fragment scan")
        if "batch_size" not in options and os.environ.get("LANCE_DEFAULT_BATCH_SIZE"):
            options["batch_size"] = int(os.environ["LANCE_DEFAULT_BATCH_SIZE"])
        return LanceScanner(options, self.ds, self._stats_callback)


def apply_option(builder: ScannerBuilder, name: str, value) -> None:
    """Hands one keyword argument of ``LanceDataset.scanner`` to the builder."""
    if value is None:
        return
    if name == "fragments":
        builder.with_fragments(value)
    elif name == "index_segments":
        builder.with_index_segments(value)
    elif name == "full_text_query":
        builder.full_text_search(value)
    elif name == "nearest":
        builder.nearest(**value) if isinstance(value, dict) else builder.minhash_search(value)
    elif name in ("row_addr_allowlist", "row_addr_blocklist"):
        builder._set(name.replace("addr", "id"), bytes(memoryview(value)))
    elif name.startswith("_") or not hasattr(builder, name):
        raise TypeError(f"unknown scan option {name!r}")
    else:
        getattr(builder, name)(value)


class LanceScanner(pa.dataset.Scanner):
    """A scan of one dataset version; every ``to_*`` call runs it anew."""

    def __init__(self, scanner, dataset, snapshot=None):
        # `scanner`: the native options. The plan is made on first use, since planning may read.
        self._options = scanner
        self._ds = dataset
        self._stats_callback = snapshot
        self._planned = None

    @property
    def _scanner(self):
        if self._planned is None:
            planned = self._ds._ds.scan(self._options)
            if self._stats_callback is not None:
                planned.on_finished(_statistics_adapter(self._stats_callback))
            self._planned = planned
        return self._planned

    def to_table(self) -> pa.Table:
        """Runs the scan into memory."""
        return results.to_table(self._scanner.to_table())

    def to_reader(self) -> pa.RecordBatchReader:
        """Streams the scan; dropping the reader cancels it."""
        return results.to_reader(self._scanner.to_stream())

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """Streams the scan as an iterator of batches."""
        yield from self.to_reader()

    def __arrow_c_stream__(self, requested_schema=None):
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def to_pandas(self, *, blob_mode="lazy", **kwargs):
        """Runs the scan into a pandas frame.

        :param blob_mode: blob columns as ``lazy`` :class:`BlobFile`, ``bytes`` or ``descriptions``
        """
        from lance_cpp._dataset.blobs import scan_to_pandas

        return scan_to_pandas(self, blob_mode, kwargs)

    @property
    def projected_schema(self) -> pa.Schema:
        """The schema of the result."""
        return results.to_schema(self._scanner.schema())

    @property
    def dataset_schema(self) -> pa.Schema:
        """The schema of the dataset."""
        return self._ds.schema

    def count_rows(self) -> int:
        """Counts the rows of the result, from metadata where that suffices."""
        return self._scanner.count_rows()

    def head(self, num_rows) -> pa.Table:
        """The first rows of the result."""
        limit = self._options.get("limit")
        options = {**self._options, "limit": num_rows if limit is None else min(limit, num_rows)}
        return LanceScanner(options, self._ds).to_table()

    def scan_batches(self):
        """Yields each batch with the fragment it is from."""
        for fragment in self._ds.get_fragments():
            if fragment.fragment_id not in self._options.get("fragments", [fragment.fragment_id]):
                continue
            one = LanceScanner({**self._options, "fragments": [fragment.fragment_id]}, self._ds)
            for batch in one.to_reader():
                yield pa.dataset.TaggedRecordBatch(batch, fragment)

    def explain_plan(self, verbose=False) -> str:
        """The plan as text, one node a line."""
        return self._scanner.explain_plan(verbose)

    def analyze_plan(self, count_rows=False) -> str:
        """Runs the plan; its text with rows, times and bytes of each node."""
        return self._scanner.analyze_plan()

    def take(self, indices):
        """Not supported; use ``LanceDataset.take``."""
        raise NotImplementedError("take")

    @staticmethod
    def from_batches(*args, **kwargs):
        """Not supported."""
        raise NotImplementedError("from batches")

    @staticmethod
    def from_dataset(*args, **kwargs):
        """Not supported."""
        raise NotImplementedError("from dataset")

    @staticmethod
    def from_fragment(*args, **kwargs):
        """Not supported."""
        raise NotImplementedError("from fragment")


def _statistics_adapter(callback):
    from lance_cpp.lance import ScanStatistics

    def receive(values):
        counts = values["all_counts"]
        callback(
            ScanStatistics(
                iops=values["requests"],
                requests=values["requests"],
                bytes_read=values["bytes_read"],
                parts_loaded=counts.get("parts_loaded", 0),
                index_comparisons=counts.get("index_comparisons", 0),
                all_counts=counts,
                all_times={},
            )
        )

    return receive
