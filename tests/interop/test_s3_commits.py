"""Tables on S3 that pylance and we write in turn and at once, with s3:// (conditional puts) and s3+ddb:// (DynamoDB), and
what becomes of commits when the server fails."""

import collections
import datetime
import json
import random
import subprocess
import sys
import textwrap

import lance
import numpy as np
import pyarrow as pa
import pytest
from s3_server import Server

import lance_cpp

BUCKET = "commits"


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.client().create_bucket(Bucket=BUCKET)
    server.make_dynamo_table("lance-commits")
    yield server
    server.stop()
    assert server.bad_signatures == []


@pytest.fixture(autouse=True)
def no_faults(request):
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        server.fault = None
        yield
        server.fault = None
    else:
        yield


@pytest.fixture(params=["s3", "s3+ddb"])
def uri(request):
    name = "".join(random.choices("abcdefgh", k=12))
    if request.param == "s3":
        return f"s3://{BUCKET}/tables/{name}.lance"
    return f"s3+ddb://{BUCKET}/tables/{name}.lance?ddbTableName=lance-commits"


def rows(start, count):
    keys = list(range(start, start + count))
    return pa.table({"k": pa.array(keys, pa.int64()), "s": [f"row {key}" for key in keys]})


def keys_of(engine, uri, options, **which):
    return sorted(engine.dataset(uri, storage_options=options, **which).to_table(columns=["k"])["k"].to_pylist())


def test_operations_by_turns(server, uri):
    options = server.options
    engines = [lance_cpp, lance]
    alive = set(range(100))
    engines[0].write_dataset(rows(0, 100), uri, storage_options=options, enable_stable_row_ids=True)
    version = 1
    for step in range(12):
        ours = engines[step % 2].dataset(uri, storage_options=options)
        assert ours.version == version
        kind = step // 2 % 6
        if kind == 0:
            start = 1000 * (step + 1)
            engines[step % 2].write_dataset(rows(start, 20), uri, mode="append", storage_options=options)
            alive |= set(range(start, start + 20))
        elif kind == 1:
            low = 10 * step
            ours.delete(f"k >= {low} and k < {low + 5}")
            alive -= set(range(low, low + 5))
        elif kind == 2:
            news = pa.concat_tables([rows(50, 3), rows(5000 + 10 * step, 2)])
            ours.merge_insert("k").when_matched_update_all().when_not_matched_insert_all().execute(news)
            alive |= set(news["k"].to_pylist())
        elif kind == 3:
            ours.optimize.compact_files()
        elif kind == 4:
            ours.update({"s": "'updated'"}, where="k = 60")
        else:
            ours.tags.create(f"tag{step}", ours.version)
            for engine in engines:
                tagged = engine.dataset(uri, version=f"tag{step}", storage_options=options)
                assert tagged.version == ours.version
        seen = [engine.dataset(uri, storage_options=options) for engine in engines]
        assert seen[0].version == seen[1].version
        version = seen[0].version
        for engine in engines:
            assert keys_of(engine, uri, options) == sorted(alive), (step, engine)
    assert seen[0].to_table().sort_by("k").equals(seen[1].to_table().sort_by("k"))
    assert [v["version"] for v in seen[0].versions()] == list(range(1, version + 1))


def test_branches_by_turns(server, uri):
    options = server.options
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    ours = lance_cpp.dataset(uri, storage_options=options).create_branch("dev")
    lance_cpp.write_dataset(rows(10, 5), ours, mode="append", storage_options=options)
    theirs = lance.dataset(uri, storage_options=options).checkout_version(("dev", None))
    assert theirs.count_rows() == 15
    theirs.delete("k < 3")
    assert lance_cpp.dataset(uri, storage_options=options).checkout_version(("dev", None)).count_rows() == 12
    assert lance_cpp.dataset(uri, storage_options=options).count_rows() == 10


def test_cleanup_by_turns(server, uri):
    options = server.options
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    for step in range(4):
        (lance, lance_cpp)[step % 2].write_dataset(rows(100 * (step + 1), 10), uri, mode="overwrite", storage_options=options)
    removed = lance_cpp.dataset(uri, storage_options=options).cleanup_old_versions(
        older_than=datetime.timedelta(0), delete_unverified=True)
    assert removed.old_versions == 4
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == list(range(400, 410))
    folder = uri.split(f"{BUCKET}/")[1].split("?")[0]
    assert len([key for key in server.keys(BUCKET, folder + "/data/")]) == 1
    lance.write_dataset(rows(600, 10), uri, mode="append", storage_options=options)
    lance_cpp.write_dataset(rows(700, 10), uri, mode="append", storage_options=options)
    assert keys_of(lance, uri, options) == list(range(400, 410)) + list(range(600, 610)) + list(range(700, 710))


def test_v1_names_are_kept(server):
    options, uri = server.options, f"s3://{BUCKET}/tables/v1.lance"
    lance.write_dataset(rows(0, 10), uri, storage_options=options, enable_v2_manifest_paths=False)
    for step in range(11):
        (lance, lance_cpp)[step % 2].write_dataset(rows(10 + step, 1), uri, mode="append", storage_options=options)
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == list(range(21))
    assert f"tables/v1.lance/_versions/12.manifest" in server.keys(BUCKET)


WORKER = textwrap.dedent("""
    import json, sys
    import pyarrow as pa
    engine, uri, first, commits = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    options = json.loads(sys.argv[5])
    module = __import__(engine)
    done = []
    for i in range(commits):
        key = first + i
        table = pa.table({"k": pa.array([key], pa.int64()), "s": [f"row {key}"]})
        for attempt in range(30):
            try:
                if i % 3 == 2:
                    merge = module.dataset(uri, storage_options=options).merge_insert("k")
                    merge.when_not_matched_insert_all().execute(table)
                else:
                    module.write_dataset(table, uri, mode="append", storage_options=options)
                done.append(key)
                break
            except Exception as error:  # a definite conflict is tried again; anything else is reported
                if "conflict" not in str(error).lower() and "retr" not in str(error).lower():
                    raise
    print(json.dumps(done))
""")


@pytest.mark.parametrize("commits", [13])
def test_writers_at_once_lose_nothing(server, uri, commits):
    """Four processes, two of each kind, 52 commits: every acknowledged row is there once."""
    options = server.options
    lance.write_dataset(rows(0, 1), uri, storage_options=options)
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, engine, uri, str(1000 * (n + 1)), str(commits), json.dumps(options)],
                                stdout=subprocess.PIPE, text=True)
               for n, engine in enumerate(["lance_cpp", "lance", "lance_cpp", "lance"])]
    acknowledged = [0]
    for worker in workers:
        out, _ = worker.communicate(timeout=280)
        assert worker.returncode == 0
        acknowledged += json.loads(out)
    assert len(acknowledged) == 1 + 4 * commits
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == sorted(acknowledged)


def is_manifest(path):
    return "/_versions/" in path and ".manifest" in path


@pytest.mark.parametrize("fault", ["drop after", "stall after", "500 after"])
def test_a_stored_manifest_without_an_answer_is_found(server, uri, fault):
    options = {**server.options, "timeout": "1s"}
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    hit = []

    def once(method, path, query):
        decides = path == "DynamoDB_20120810.PutItem" if uri.startswith("s3+ddb") else is_manifest(path)
        if method in ("PUT", "POST") and decides and not hit:
            hit.append(path)
            return fault

    server.fault = once
    lance_cpp.write_dataset(rows(10, 5), uri, mode="append", storage_options=options)
    assert hit
    server.fault = None
    assert keys_of(lance_cpp, uri, options) == keys_of(lance, uri, options) == list(range(15))
    assert lance.dataset(uri, storage_options=options).version == 2


def test_a_commit_that_stays_unknown_deletes_nothing(server, uri):
    options = {**server.options, "timeout": "1s", "client_max_retries": "1"}
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    ddb = uri.startswith("s3+ddb")
    stored = []

    def dead(method, path, query):
        """The answer to the deciding write never comes, nor does any answer after it."""
        if stored:
            return "drop"
        if method in ("PUT", "POST") and (path == "DynamoDB_20120810.PutItem" if ddb else is_manifest(path)):
            stored.append(path)
            return "drop after"

    server.fault = dead
    with pytest.raises(Exception) as failure:
        lance_cpp.write_dataset(rows(10, 5), uri, mode="append", storage_options=options)
    assert "may or may not have been" in str(failure.value) or "CommitStateUnknown" in type(failure.value).__name__
    deletes = [path for method, path, query in server.requests[-200:] if method == "DELETE" and uri.split("/")[-1] in path]
    server.fault = None
    assert deletes == []
    # It had happened.
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == list(range(15))


def test_a_commit_that_never_got_through_fails(server):
    """No connection: a definite failure, and the table goes on."""
    options, uri = {**server.options, "client_max_retries": "1"}, f"s3://{BUCKET}/tables/refused.lance"
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    server.fault = lambda method, path, query: "409" if method == "PUT" and is_manifest(path) else None
    with pytest.raises(OSError):
        lance_cpp.write_dataset(rows(10, 5), uri, mode="append", storage_options=options)
    server.fault = None
    lance_cpp.write_dataset(rows(20, 5), uri, mode="append", storage_options=options)
    assert keys_of(lance, uri, options) == list(range(10)) + list(range(20, 25))


def test_busy_servers_are_asked_again(server, uri):
    options = server.options
    rng = random.Random(5)
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    kinds = ["503", "drop", "500 after", "drop after", "409", None, None, None, None, None, None, None]
    failed = collections.Counter()

    def busy(method, path, query):
        fault = rng.choice([kind for kind in kinds if method in ("PUT", "POST") or kind in (None, "503", "drop")])
        if failed[method, path] >= 3:  # in a row
            fault = None
        failed[method, path] = failed[method, path] + 1 if fault else 0
        return fault

    server.fault = busy
    for step in range(6):
        lance_cpp.write_dataset(rows(10 * (step + 1), 10), uri, mode="append", storage_options=options)
    lance_cpp.dataset(uri, storage_options=options).delete("k % 10 = 3")
    server.fault = None
    expected = [k for k in range(70) if k % 10 != 3]
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == expected
    assert lance.dataset(uri, storage_options=options).version == 8


def test_requests_of_an_append(server, uri):
    """The counts that docs/decisions/008 gives."""
    options = server.options
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    for _ in range(5):
        lance.write_dataset(rows(0, 10), uri, mode="append", storage_options=options)
    counts = {}
    for engine in (lance_cpp, lance):
        dataset, opening = server.counted(lambda: engine.dataset(uri, storage_options=options))
        _, reading = server.counted(lambda: engine.dataset(uri, storage_options=options).count_rows())
        _, append = server.counted(lambda: engine.write_dataset(rows(0, 10), dataset, mode="append", storage_options=options))
        dataset = engine.dataset(uri, storage_options=options)
        _, by_uri = server.counted(lambda: engine.write_dataset(rows(0, 10), uri, mode="append", storage_options=options))
        counts[engine.__name__] = {"open": opening, "append": append, "open+append": by_uri}
    for name, lists in counts.items():
        for operation, requests in lists.items():
            print(f"{uri[:6]} {name:10} {operation:12} {len(requests):3}", requests)
    for operation in ("open", "append", "open+append"):
        assert len(counts["lance_cpp"][operation]) <= len(counts["lance"][operation]), operation
    assert len(counts["lance_cpp"]["append"]) <= (4 if uri.startswith("s3://") else 8)


def test_half_done_commits_of_the_reference_are_finished(server):
    """The row is put, the writer dies before the manifest has its name: as pylance would leave it."""
    options, folder = server.options, "tables/half.lance"
    uri = f"s3+ddb://{BUCKET}/{folder}?ddbTableName=lance-commits"
    lance.write_dataset(rows(0, 10), uri, storage_options=options)
    lance.write_dataset(rows(10, 10), uri, mode="append", storage_options=options)
    s3, dynamo = server.client(), server.client("dynamodb")
    final = f"{folder}/_versions/{2**64 - 1 - 2:020}.manifest"
    staging = final + "-2e3a7c3e-9b60-4a5f-8a05-6f0a6f7c0b11"
    s3.copy_object(Bucket=BUCKET, Key=staging, CopySource={"Bucket": BUCKET, "Key": final})
    s3.delete_object(Bucket=BUCKET, Key=final)
    key = {"base_uri": {"S": folder}, "version": {"N": "2"}}
    dynamo.update_item(TableName="lance-commits", Key=key, UpdateExpression="SET #p = :p",
                       ExpressionAttributeNames={"#p": "path"}, ExpressionAttributeValues={":p": {"S": staging}})
    assert keys_of(lance_cpp, uri, options) == list(range(20))
    item = dynamo.get_item(TableName="lance-commits", Key=key)["Item"]
    assert item["path"]["S"] == final and item["size"]["N"] == str(s3.head_object(Bucket=BUCKET, Key=final)["ContentLength"])
    assert staging not in server.keys(BUCKET, folder)
    lance_cpp.write_dataset(rows(20, 5), uri, mode="append", storage_options=options)
    assert keys_of(lance, uri, options) == list(range(25))


def test_fragments_are_written_apart_and_committed_together(server, uri):
    options = server.options
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=options)
    made = [lance_cpp.fragment.write_fragments(rows(10 * step, 10), uri, storage_options=options) for step in (1, 2)]
    append = lance_cpp.LanceOperation.Append([fragment for fragments in made for fragment in fragments])
    lance_cpp.LanceDataset.commit(uri, append, read_version=1, storage_options=options)
    assert keys_of(lance, uri, options) == keys_of(lance_cpp, uri, options) == list(range(30))


def test_uris_without_a_table_name_are_refused(server):
    for uri in (f"s3+ddb://{BUCKET}/t", f"s3+ddb://{BUCKET}/t?ddbTableName=", f"s3+ddb://{BUCKET}/t?x=y", f"s3+ddb://{BUCKET}/t?ddbTableName=a&b=c"):
        with pytest.raises(ValueError, match="ddbTableName|non empty"):
            lance_cpp.dataset(uri, storage_options=server.options)
    with pytest.raises(OSError, match="nothing-there"):
        lance_cpp.dataset(f"s3+ddb://{BUCKET}/t?ddbTableName=nothing-there", storage_options=server.options)


def test_large_files_go_in_parts(server):
    options, uri = server.options, f"s3://{BUCKET}/tables/large.lance"
    table = pa.table({"x": np.random.default_rng(1).random(6_000_000)})
    _, requests = server.counted(lambda: lance_cpp.write_dataset(table, uri, max_rows_per_file=10_000_000, storage_options=options))
    assert any("POST" in request for request in requests)
    assert lance.dataset(uri, storage_options=options).to_table().equals(table)
    assert lance_cpp.dataset(uri, storage_options=options).to_table().equals(table)


def test_credentials_come_from_where_aws_keeps_them(server, tmp_path, monkeypatch):
    uri = f"s3://{BUCKET}/tables/credentials.lance"
    lance_cpp.write_dataset(rows(0, 10), uri, storage_options=server.options)
    bare = {"aws_endpoint": server.endpoint, "allow_http": "true"}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="no AWS credentials"):
        lance_cpp.dataset(uri, storage_options=bare)
    (tmp_path / ".aws").mkdir()
    keys = f"aws_access_key_id = {server.options['aws_access_key_id']}\naws_secret_access_key={server.options['aws_secret_access_key']}\n"
    (tmp_path / ".aws" / "credentials").write_text(f"[default]\nx = y\n[work]\n{keys}")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert lance_cpp.dataset(uri, storage_options=bare).count_rows() == 10
    monkeypatch.setenv("AWS_PROFILE", "other")
    (tmp_path / ".aws" / "config").write_text("[profile other]\nsso_start_url = https://sso\n")
    with pytest.raises(NotImplementedError, match="sso_start_url"):
        lance_cpp.dataset(uri, storage_options=bare)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.options["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.options["aws_secret_access_key"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    assert lance_cpp.dataset(uri, storage_options=bare).count_rows() == 10
