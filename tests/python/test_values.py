"""The plain values of the API: bitmaps, schemas, fragment metadata, extension types, queries."""

import json
import pickle

import lance_cpp as lance
import numpy as np
import pyarrow as pa
import pytest
from lance_cpp.arrow import BFloat16, BFloat16Array, BFloat16Type, bfloat16_array, cast
from lance_cpp.bitmap import Bitmap
from lance_cpp.fragment import DataFile, DeletionFile, FragmentMetadata, RowIdMeta
from lance_cpp.schema import LanceSchema, json_to_schema, schema_to_json


def test_bitmap_is_an_ordered_set():
    bitmap = Bitmap([3, 1, 2])
    assert list(bitmap) == [1, 2, 3] and len(bitmap) == 3 and repr(bitmap) == "Bitmap({1, 2, 3})"
    assert bitmap == {1, 2, 3} and bitmap == [1, 2, 3] and bitmap | {9} == {1, 2, 3, 9}
    assert bitmap & {1, 7} == {1} and bitmap - {1} == {2, 3} and bitmap ^ {3, 4} == {1, 2, 4}
    assert bitmap <= {1, 2, 3} and bitmap.isdisjoint({5}) and "x" not in bitmap
    bitmap.add(7)
    bitmap.discard(1)
    assert bitmap == {2, 3, 7} and pickle.loads(pickle.dumps(bitmap)) == bitmap
    with pytest.raises(KeyError):
        bitmap.remove(99)
    for wrong in (-1, 1 << 32):
        with pytest.raises(ValueError):
            Bitmap([wrong])


def test_schema_to_json_and_back():
    schema = pa.schema(
        [
            pa.field("a", pa.int64(), metadata={"k": "v"}),
            pa.field("s", pa.struct([("x", pa.list_(pa.int8()))]), nullable=False),
            pa.field("v", pa.list_(pa.float32(), 3)),
            pa.field("d", pa.dictionary(pa.int8(), pa.string())),
            pa.field("t", pa.timestamp("us", "UTC")),
            pa.field("p", pa.decimal128(5, 2)),
            pa.field("b", pa.binary(3)),
            pa.field("h", pa.float16()),
            pa.field("l", pa.large_list(pa.large_string())),
        ],
        metadata={"m": "n"},
    )
    values = schema_to_json(schema)
    assert values["fields"][0] == {"name": "a", "type": {"type": "int64"}, "nullable": True, "metadata": {"k": "v"}}
    assert values["fields"][2]["type"]["length"] == 3
    assert json_to_schema(json.loads(json.dumps(values))).equals(schema, check_metadata=True)
    with pytest.raises(ValueError, match="unsupported type"):
        schema_to_json(pa.schema([("m", pa.map_(pa.string(), pa.int32()))]))


def test_lance_schema_numbers_fields_depth_first():
    arrow = pa.schema([("x", pa.int64()), ("s", pa.struct([("a", pa.int32()), ("b", pa.string())]))])
    schema = LanceSchema.from_pyarrow(arrow)
    assert [field.id() for field in schema.fields()] == [0, 1]
    assert [child.id() for child in schema.fields()[1].children()] == [2, 3]
    assert schema.field("s.b").name() == "b" and schema.field("nope") is None
    assert schema.field_case_insensitive("S.B").id() == 3
    assert schema.to_pyarrow() == arrow
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert repr(schema).startswith("Schema { fields: [Field { name: \"x\", id: 0")


def test_fragment_metadata_survives_json_and_pickle():
    metadata = FragmentMetadata(
        id=3,
        files=[DataFile("a.lance", [0, 2], [0, 1], 2, 2, 100)],
        physical_rows=10,
        deletion_file=DeletionFile(1, 77, "bitmap", 4, None),
        row_id_meta=RowIdMeta([1, 2]),
    )
    assert (metadata.num_rows, metadata.num_deletions) == (6, 4)
    assert FragmentMetadata.from_json(json.dumps(metadata.to_json())) == metadata
    assert pickle.loads(pickle.dumps(metadata)) == metadata
    assert metadata.to_json()["row_id_meta"] == {"Inline": [1, 2]}
    assert metadata.deletion_file.path(3) == "_deletions/3-1-77.bin"
    assert DeletionFile(1, 2, "array", 1, None).path(0, "s3://b/t") == "s3://b/t/_deletions/0-1-2.arrow"


def test_bfloat16_rounds_to_nearest_even_and_keeps_nan():
    assert str(BFloat16(1.124565)) == "1.125" and BFloat16(1.1) == BFloat16(1.1015625)
    assert BFloat16(1.00390625).as_float() == 1.0  # halfway: to the even neighbour
    assert str(BFloat16(float("nan"))) == "NaN" and BFloat16(2.0) > BFloat16(1.0)
    array = bfloat16_array([1.0, None, -2.5])
    assert array.type == BFloat16Type() and isinstance(array, BFloat16Array) and array.null_count == 1
    assert [None if v is None else v.as_float() for v in array.to_pylist()] == [1.0, None, -2.5]


def test_bfloat16_casts_through_lists():
    floats = pa.array([1.0, 2.0, 3.0, 4.0], pa.float32())
    lists = pa.FixedSizeListArray.from_arrays(floats, 2)
    halved = cast(lists, pa.list_(BFloat16Type(), 2))
    assert cast(halved, lists.type) == lists
    with pytest.raises(ValueError, match="Only support casting floating"):
        cast(pa.array(["a"]), "bfloat16")


def test_kmeans_finds_separate_clusters():
    generator = np.random.default_rng(7)
    centers = np.array([[0, 0], [100, 0], [0, 100]], dtype=np.float32)
    rows = np.repeat(centers, 50, axis=0) + generator.normal(size=(150, 2)).astype(np.float32)
    kmeans = lance.util.KMeans(3, centroids=pa.FixedSizeListArray.from_arrays(centers.reshape(-1), 2))
    assert kmeans.predict(rows).to_pylist() == [0] * 50 + [1] * 50 + [2] * 50
    kmeans.fit(rows)
    assert len(kmeans.centroids) == 3 and not np.isnan(kmeans.centroids.flatten()).any()


def test_vec_to_table():
    table = lance.vector.vec_to_table({1: [1.0, 2.0], 2: [3.0, 4.0]})
    assert table.schema == pa.schema([("id", pa.int64()), ("vector", pa.list_(pa.float32(), 2))])
    with pytest.raises(ValueError, match="Expected 2 dimensions but got 1"):
        lance.vector.vec_to_table([[1.0, 2.0], [3.0]])


def test_operations_check_their_arguments():
    with pytest.raises(TypeError):
        lance.LanceOperation.Append("no list")
    with pytest.raises(TypeError):
        lance.LanceOperation.Overwrite(pa.schema({"a": pa.int64()}), ["no fragment"])
    with pytest.raises(TypeError, match="schema"):
        lance.LanceDataset.commit("memory://none", lance.LanceOperation.Overwrite("no schema", []))
    assert lance.Transaction(1, lance.LanceOperation.Restore(1)).read_version == 1
