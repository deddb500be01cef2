"""What a first search asks of a remote store: a few requests, whoever built the index, and the same rows as from a local copy."""

import lance
import numpy as np
import pytest
import s3_server
from test_vector_build import KINDS, table_of, type_of, vectors

import lance_cpp

ENGINES = {"ours": lance_cpp, "pylance": lance}
ROWS, DIM = 40_000, 32
MOST = 10


@pytest.fixture(scope="module")
def server():
    server = s3_server.Server()
    server.client().create_bucket(Bucket="bucket")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def data():
    return vectors(ROWS, DIM)


@pytest.mark.parametrize("builder", ENGINES)
@pytest.mark.parametrize("kind", ["IVF_FLAT", "IVF_PQ", "IVF_PQ4", "IVF_SQ", "IVF_RQ", "IVF_HNSW_SQ"])
def test_requests_of_a_first_search(tmp_path, server, data, kind, builder):
    local = str(tmp_path / "t")
    lance.write_dataset(table_of(data), local)
    partitions = 2 if "HNSW" in kind else 128
    ENGINES[builder].dataset(local).create_index("v", type_of(kind), num_partitions=partitions, **KINDS[kind])
    remote = f"{kind}-{builder}.lance"
    for file in (tmp_path / "t").rglob("*"):
        if file.is_file():
            server.client().upload_file(str(file), "bucket", f"{remote}/{file.relative_to(tmp_path / 't')}")
    dataset = lance_cpp.dataset(f"s3://bucket/{remote}", storage_options=server.options, session=lance_cpp.Session())
    nearest = {"column": "v", "q": data[7], "k": 10, "nprobes": 16}

    def search(of):
        return of.to_table(columns=["_distance"], with_row_id=True, nearest=nearest)

    found, requests = server.counted(lambda: search(dataset))
    assert found.equals(search(lance_cpp.dataset(local)))
    assert len(requests) <= MOST, requests
    again, requests = server.counted(lambda: search(dataset))
    assert again.equals(found) and requests == []
    np.testing.assert_equal(found["_distance"].to_numpy(), np.sort(found["_distance"].to_numpy()))
