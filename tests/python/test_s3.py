"""Reading from S3, against a local moto server: same rows as a local copy, and requests that are counted."""

import lance
import numpy as np
import pyarrow as pa
import pytest

import lance_cpp

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "aws_region": "us-east-1", "allow_http": "true"}


@pytest.fixture(scope="module")
def bucket():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="testing",
                          aws_secret_access_key="testing")
    client.create_bucket(Bucket="lance-test")
    yield {**KEYS, "aws_endpoint": endpoint}
    server.stop()


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    return pa.table({"id": np.arange(5000), "text": [f"row {i} " * 3 for i in range(5000)],
                     "v": pa.FixedSizeListArray.from_arrays(pa.array(rng.random(5000 * 16, dtype=np.float32)), 16)})


@pytest.fixture(scope="module")
def uri(bucket, table):
    path = "s3://lance-test/folder/table.lance"
    lance.write_dataset(table, path, storage_options=bucket, max_rows_per_file=2000)
    lance.dataset(path, storage_options=bucket).delete("id % 10 = 0")
    return path


def test_scans_and_takes(bucket, uri):
    theirs = lance.dataset(uri, storage_options=bucket)
    ours = lance_cpp.dataset(uri, storage_options=bucket)
    assert ours.version == theirs.version == 2
    assert ours.to_table().equals(theirs.to_table())
    assert ours.take([4000, 3, 3]).equals(theirs.take([4000, 3, 3]))
    assert ours.to_table(filter="id < 25", columns=["id"]).equals(theirs.to_table(filter="id < 25", columns=["id"]))
    assert [v["version"] for v in ours.versions()] == [1, 2]
    assert lance_cpp.dataset(uri, version=1, storage_options=bucket).count_rows() == 5000


def test_names_what_is_missing(bucket):
    with pytest.raises(ValueError, match="was not found"):
        lance_cpp.dataset("s3://lance-test/nothing.lance", storage_options=bucket)


def test_secrets_stay_out_of_errors(bucket):
    options = {**bucket, "aws_secret_access_key": "topsecret", "aws_endpoint": "http://127.0.0.1:9"}
    with pytest.raises((OSError, ValueError)) as failure:
        lance_cpp.dataset("s3://lance-test/folder/table.lance", storage_options=options)
    assert "topsecret" not in str(failure.value)
