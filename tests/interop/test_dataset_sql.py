"""The same SQL over one dataset: pylance runs it with DataFusion, lance_cpp with DuckDB."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import lance_cpp


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    uri = str(tmp_path_factory.mktemp("sql") / "it's.lance")
    table = pa.table({"id": np.arange(1000), "g": [f"g{i % 7}" for i in range(1000)], "x": np.arange(1000) / 8})
    lance.write_dataset(table, uri, max_rows_per_file=300)
    lance.dataset(uri).delete("id % 10 = 3")
    lance.dataset(uri).delete("id > 900")
    return uri


def both(uri, change=lambda builder: builder, text="SELECT * FROM dataset", version=None):
    return [pa.Table.from_batches(change(module.dataset(uri, version=version).sql(text)).build().to_batch_records()).to_pylist()
            for module in (lance, lance_cpp)]


@pytest.mark.parametrize("text", [
    "SELECT * FROM dataset WHERE id < 20 ORDER BY id", "SELECT g, count(*) AS n, sum(x) AS s FROM dataset GROUP BY g ORDER BY g",
    "SELECT a.id FROM dataset a JOIN dataset b ON a.id = b.id + 1 WHERE a.g = 'g2' ORDER BY a.id LIMIT 5",
    "SELECT count(*) AS n FROM dataset", "SELECT max(id) AS m FROM dataset WHERE g LIKE 'g%' AND x > 2.5"])
@pytest.mark.parametrize("version", [None, 1, 2])
def test_queries(pair, text, version):
    theirs, ours = both(pair, text=text, version=version)
    assert ours == theirs


def test_row_ids_addresses_and_the_name_of_the_table(pair):
    def change(builder):
        return builder.table_name("t").with_row_id().with_row_addr().batch_size(100)

    theirs, ours = both(pair, change, "SELECT id, _rowid, _rowaddr FROM t WHERE id > 290 ORDER BY id LIMIT 20")
    assert ours == theirs and len(ours) == 20
    reader = change(lance_cpp.dataset(pair).sql("SELECT id FROM t ORDER BY id")).build().to_stream_reader()
    assert reader.read_all().num_rows == 811


def test_errors(pair, monkeypatch):
    dataset = lance_cpp.dataset(pair)
    for text in ("SELECT nope FROM dataset", "SELECT", "SELECT 1; SELECT 2", "SET threads = 1"):
        with pytest.raises((ValueError, OSError)):
            dataset.sql(text).build().to_batch_records()
    with pytest.raises(ValueError, match="blob_handling"):
        dataset.sql("SELECT 1").blob_handling("nope").build()
    monkeypatch.setenv("LANCE_SQL_LIBRARY", "/nowhere/liblance_sql.so")
    with pytest.raises(NotImplementedError, match="/nowhere/liblance_sql.so"):
        dataset.sql("SELECT 1").build().to_batch_records()
