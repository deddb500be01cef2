"""Values of new or changed columns of one fragment, as readers of a row for each of its live rows."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lance_cpp.udf import BatchUDF, normalize_transform

_VIRTUAL = {"_rowid": "with_row_id", "_rowaddr": "with_row_address"}


def _scan(fragment, columns, **options):
    """A scan of columns, virtual ones included."""
    virtual = {_VIRTUAL[name]: True for name in columns or () if name in _VIRTUAL}
    plain = None if columns is None else [name for name in columns if name not in _VIRTUAL]
    return fragment.scanner(columns=plain, **virtual, **options)


def computed(fragment, transform, columns, batch_size, reader_schema) -> pa.RecordBatchReader:
    """What a transform makes of the fragment's rows."""
    transform = normalize_transform(transform, fragment, columns, reader_schema)
    if isinstance(transform, dict):
        return fragment.scanner(columns=transform, batch_size=batch_size).to_reader()
    if not isinstance(transform, BatchUDF):
        return transform
    if transform.cache is not None:
        raise ValueError(
            "A checkpoint file cannot be used when applying a UDF with LanceFragment.merge_columns.  You must apply "
            "your own checkpointing for fragment-level operations."
        )
    batches = _scan(fragment, columns, batch_size=batch_size).to_batches()
    return pa.RecordBatchReader.from_batches(transform.output_schema, (transform._call(batch) for batch in batches))


def _positions(fragment, rows, left_on, right_on):
    """For each live row the position of its key among ``rows``, or null; the last of equal keys counts."""
    keys = _scan(fragment, [left_on]).to_table()[left_on]
    wanted = rows[right_on].combine_chunks()
    if keys.type != wanted.type:
        raise ValueError(f"Index column type mismatch: expected {wanted.type}, got {keys.type}")
    backwards = wanted.take(pa.array(range(len(wanted) - 1, -1, -1), pa.int64()))
    found = pc.index_in(keys, value_set=backwards)
    return pc.subtract(len(wanted) - 1, found.cast(pa.int64()))


def joined(fragment, reader, left_on, right_on) -> pa.RecordBatchReader:
    """The columns of ``reader`` by key, nulls where there is no match."""
    rows = reader.read_all()
    _check_key(fragment, rows, left_on, right_on)
    found = _positions(fragment, rows, left_on, right_on)
    return rows.drop_columns([right_on]).take(found).to_reader()


def updated(fragment, reader, left_on, right_on):
    """The columns of ``reader``, by key where there is a match, else as they are; and the offsets that match."""
    rows = reader.read_all()
    _check_key(fragment, rows, left_on, right_on)
    names = [name for name in rows.column_names if name != right_on]
    for name in names:
        if name in _VIRTUAL:
            raise ValueError(f"Invalid user input: Column {name} is a metadata column and cannot be updated")
        if name not in fragment.schema.names:
            raise ValueError(
                f"Invalid user input: Column {name} in right side fragment does not exist in left side fragment"
            )
    if not names:
        raise ValueError("Invalid user input: there is no column to update beside the key")
    found = _positions(fragment, rows, left_on, right_on)
    old = _scan(fragment, [*names, "_rowaddr"]).to_table()
    matched = pc.is_valid(found)
    columns = []
    for name in names:
        field = fragment.schema.field(name)
        new = rows[name].cast(field.type).take(found)
        # One of both, by position in their concatenation: if_else does not know all types.
        both = pa.chunked_array([*old[name].chunks, *new.chunks], field.type)
        rows_of = pa.array(range(len(found)), pa.int64())
        columns.append(both.take(pc.if_else(matched, pc.add(rows_of, len(found)), rows_of)))
    fields = [fragment.schema.field(name) for name in names]
    offsets = pc.bit_wise_and(old["_rowaddr"].filter(matched), pa.scalar(0xFFFF_FFFF, pa.uint64()))
    return pa.table(columns, pa.schema(fields)).to_reader(), offsets.to_pylist()


def _check_key(fragment, rows, left_on, right_on):
    if left_on not in fragment.schema.names and left_on not in _VIRTUAL:
        raise ValueError(f"Invalid user input: Column {left_on} does not exist in the left side fragment")
    if right_on not in rows.column_names:
        raise ValueError(f"Invalid user input: Column {right_on} does not exist in the right side fragment")
