"""Reads through the Python API; expected values follow from the row number (testdata/generate_scan.py)."""

import pickle

import lance_cpp as lance
import pyarrow as pa
import pyarrow.dataset
import pytest

LIVE = [row for row in range(3000) if row % 100 != 7]


def test_scan_returns_the_live_rows_in_order(basic):
    table = basic.to_table(columns=["i", "added"])
    assert table["i"].to_pylist() == LIVE
    assert table["added"].to_pylist() == [row * 10 for row in LIVE]
    assert table.column_names == ["i", "added"]


def test_columns_come_in_the_order_asked_for_with_nested_paths(basic):
    table = basic.to_table(columns=["n.b.c", "i"], limit=3, offset=4)
    assert table.column_names[1] == "i"
    assert table["i"].to_pylist() == LIVE[4:7]


def test_batches_have_the_size_asked_for(basic):
    sizes = [batch.num_rows for batch in basic.to_batches(columns=["i"], batch_size=700, strict_batch_size=True)]
    assert sum(sizes) == len(LIVE)
    assert set(sizes[:-1]) == {700}


def test_take_keeps_order_and_duplicates(basic):
    wanted = [2900, 0, 5, 5, 1200]
    assert basic.take(wanted, columns=["i"])["i"].to_pylist() == [LIVE[at] for at in wanted]
    assert basic.take(pa.array([1, 0]), columns=["i"])["i"].to_pylist() == LIVE[1::-1]
    assert basic.take([], columns=["i"]).num_rows == 0


def test_take_refuses_what_does_not_exist(basic):
    with pytest.raises(OSError, match="non-existent fragment"):
        basic.take([len(LIVE)])
    with pytest.raises(OverflowError):
        basic.take([-1])
    with pytest.raises(TypeError):
        basic.take([1.5])


def test_row_ids_lead_back_to_their_rows(basic):
    table = basic.to_table(columns=["i"], with_row_id=True, with_row_address=True, limit=50, offset=1000)
    ids = table["_rowid"].to_pylist()
    assert table["_rowaddr"].to_pylist() == ids
    assert basic._take_rows(ids, columns=["i"])["i"].to_pylist() == table["i"].to_pylist()


def test_counts(basic):
    assert basic.count_rows() == len(basic) == len(LIVE)
    assert [fragment.count_rows() for fragment in basic.get_fragments()] == [990, 990, 990]
    with pytest.raises(ValueError, match="limit"):
        basic.scanner(columns=["i"], limit=7).count_rows()


def test_head_slice_and_sample(basic):
    assert basic.head(3, columns=["i"])["i"].to_pylist() == LIVE[:3]
    assert basic.slice(10, 13, columns=["i"])["i"].to_pylist() == LIVE[10:13]
    sampled = basic.sample(20, columns=["i"], randomize_order=False)["i"].to_pylist()
    assert len(set(sampled)) == 20 and sampled == sorted(sampled) and set(sampled) <= set(LIVE)
    with pytest.raises(ValueError):
        basic.sample(len(LIVE) + 1)
    with pytest.raises(ValueError, match="must be >="):
        basic.slice(3, 2)


def test_versions_and_checkout(basic):
    assert [entry["version"] for entry in basic.versions()] == [1, 2, 3]
    assert basic.versions()[0]["metadata"]["total_rows"] == "3000"
    assert basic.version == basic.latest_version == 3
    first = basic.checkout_version(1)
    assert (first.version, first.count_rows()) == (1, 3000)
    assert "added" not in first.schema.names
    assert lance.dataset(basic.uri, version=2).count_rows() == 3000
    first.checkout_latest()
    assert first.version == 3
    with pytest.raises(OSError, match="was not found|no version"):
        basic.checkout_version(99)
    with pytest.raises(ValueError):
        lance.dataset(basic.uri, version=99)


def test_asof_picks_the_newest_version_before_a_time(basic):
    assert lance.dataset(basic.uri, asof="2199-01-01 00:00:00").version == 3
    second = basic.versions()[1]["timestamp"]
    assert lance.dataset(basic.uri, asof=second).version == 1
    with pytest.raises(ValueError, match="earlier than the first version"):
        lance.dataset(basic.uri, asof="1999-01-01 00:00:00")


def test_missing_dataset_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="was not found"):
        lance.dataset(tmp_path / "none.lance")


def test_unknown_column_is_named(basic):
    with pytest.raises(ValueError, match="No field named nope"):
        basic.to_table(columns=["nope"])


def test_nearest_neighbours_are_exact(basic):
    query = [3.0, 2.0, 1.0, 0.0]
    found = basic.to_table(columns=["i", "v"], nearest={"column": "v", "q": query, "k": 5})
    distances = sorted(sum((a - b) ** 2 for a, b in zip(query, (r % 17, r % 5, 1, r % 3))) for r in LIVE)
    assert found["_distance"].to_pylist() == distances[:5]


@pytest.mark.parametrize(
    "nearest, error",
    [
        ({"column": "nope", "q": [1.0] * 4}, ValueError),
        ({"column": "i", "q": [1.0] * 4}, TypeError),
        ({"column": "v", "q": [1.0] * 3}, ValueError),
        ({"column": "v", "q": [1.0] * 4, "k": 0}, ValueError),
        ({"column": "v", "q": [1.0] * 4, "metric": "l7"}, ValueError),
        ({"column": "v", "q": [1.0] * 4, "colour": 1}, TypeError),
        ({"column": "v", "q": [1.0] * 4, "distance_range": (1,)}, ValueError),
        ({"column": "v"}, TypeError),
    ],
)
def test_wrong_searches_are_refused(basic, nearest, error):
    with pytest.raises(error):
        basic.scanner(nearest=nearest)


def test_dataset_fragment_and_scanner_are_pyarrow_classes(basic):
    assert isinstance(basic, pa.dataset.Dataset)
    assert isinstance(basic.get_fragments()[0], pa.dataset.Fragment)
    assert isinstance(basic.scanner(), pa.dataset.Scanner)


def test_datasets_pickle_with_their_version(basic):
    old = pickle.loads(pickle.dumps(basic.checkout_version(1)))
    assert (old.version, old.uri) == (1, basic.uri)


def test_a_scanner_is_an_arrow_stream(basic):
    reader = pa.RecordBatchReader.from_stream(basic.scanner(columns=["i"], limit=10))
    assert reader.read_all()["i"].to_pylist() == LIVE[:10]


def test_operations_that_are_missing_say_their_name(basic):
    with pytest.raises(NotImplementedError, match="an index of type BITMAP is not supported yet by lance_cpp"):
        basic.create_scalar_index("i", "BITMAP")
    with pytest.raises(NotImplementedError, match="tokenize"):
        lance.tokenize("some words")


def test_the_function_dataset_stays_a_function():
    import lance_cpp.dataset  # noqa: F401
    from lance_cpp.dataset import LanceDataset

    assert callable(lance_cpp.dataset) and not hasattr(lance_cpp.dataset, "LanceDataset")
    assert LanceDataset is lance_cpp.LanceDataset


def test_reads_are_counted(basic_path):
    requests, read = lance.iops_counter(), lance.bytes_read_counter()
    basic = lance.dataset(basic_path, session=lance.Session())
    basic.to_table(columns=["i"])
    assert lance.iops_counter() > requests and lance.bytes_read_counter() > read
    assert basic.io_stats_incremental().read_bytes > 0
    assert basic.io_stats_snapshot().write_iops == 0


def test_default_scan_options_apply_to_every_scan(basic_path):
    dataset = lance.dataset(basic_path, default_scan_options={"with_row_id": True, "columns": ["i"]})
    assert dataset.schema.names == ["i", "_rowid"]
    assert dataset.to_table(limit=1).column_names == ["i", "_rowid"]
    assert dataset.to_table(limit=1, with_row_id=False).column_names == ["i"]
