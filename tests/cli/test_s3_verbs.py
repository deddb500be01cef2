"""The verbs that write, on S3: a moto server of the test's own."""

import lance
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3_server import Server


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.client().create_bucket(Bucket="shell")
    server.make_dynamo_table("shell-commits")
    yield server
    server.stop()
    assert server.bad_signatures == []


@pytest.mark.parametrize("uri", ["s3://shell/t.lance", "s3+ddb://shell/d.lance?ddbTableName=shell-commits"])
def test_tables_are_made_and_changed(run, server, tmp_path, uri):
    options = [part for key, value in server.options.items() for part in ("--storage-option", f"{key}={value}")]
    pq.write_table(pa.table({"k": pa.array(range(10), pa.int64())}), tmp_path / "first.parquet")
    pq.write_table(pa.table({"k": pa.array(range(10, 15), pa.int64())}), tmp_path / "second.parquet")
    for args in (["import", uri, tmp_path / "first.parquet"], ["append", uri, tmp_path / "second.parquet"],
                 ["delete", uri, "--where", "k < 3"]):
        done = run(*args, *options)
        assert done.code == 0, done.err
    assert run("count", uri, *options).out.strip() == "12"
    theirs = lance.dataset(uri, storage_options=server.options)
    assert sorted(theirs.to_table()["k"].to_pylist()) == list(range(3, 15))


def test_credentials_may_come_from_the_environment(run, server, tmp_path):
    env = {"AWS_ACCESS_KEY_ID": server.options["aws_access_key_id"],
           "AWS_SECRET_ACCESS_KEY": server.options["aws_secret_access_key"],
           "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.endpoint, "AWS_ALLOW_HTTP": "true"}
    pq.write_table(pa.table({"k": pa.array(range(10), pa.int64())}), tmp_path / "rows.parquet")
    done = run("import", "s3://shell/environment.lance", tmp_path / "rows.parquet", env=env)
    assert done.code == 0, done.err
    assert run("count", "s3://shell/environment.lance", env=env).out.strip() == "10"
