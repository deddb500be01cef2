"""Blob columns: descriptors, bytes, lazy files. The reference writes them here, of both kinds."""

import io

import lance_cpp as lance
import pyarrow as pa
import pytest

VALUES = [b"x" * 10, None, b"", b"y" * 100_000, bytes(range(256)) * 20_000]


@pytest.fixture(params=["2.0", "2.1", "2.2"])
def blobs(request, reference, tmp_path):
    field = pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    table = pa.table([pa.array(range(5)), pa.array(VALUES, pa.large_binary())], schema=pa.schema([("i", pa.int64()), field]))
    reference.write_dataset(table, tmp_path / "t", data_storage_version=request.param)
    return lance.dataset(tmp_path / "t")


def test_take_blobs_gives_files(blobs):
    files = blobs.take_blobs("b", indices=range(5))
    assert [None if file is None else file.read() for file in files] == VALUES
    assert files[1] is None and repr(files[0]) == "<BlobFile size=10>"
    ids = blobs.to_table(columns=["i"], with_row_id=True)["_rowid"].to_pylist()
    assert blobs.take_blobs("b", ids=ids[3:4])[0].size() == 100_000
    assert blobs.take_blobs("b", addresses=ids[3:4])[0].size() == 100_000
    assert [data for _, data in blobs.read_blobs("b", indices=[4, 0])] == [VALUES[4], VALUES[0]]


def test_a_blob_file_seeks_and_reads_ranges(blobs):
    for buffer_size in (0, 16, 512 * 1024):
        file = blobs.take_blobs("b", indices=[4], buffer_size=buffer_size)[0]
        assert isinstance(file, io.BufferedIOBase) and file.readable() and file.seekable()
        assert file.read(3) == VALUES[4][:3] and file.tell() == 3
        assert file.seek(-5, io.SEEK_END) == len(VALUES[4]) - 5 and file.read() == VALUES[4][-5:] and file.read() == b""
        assert file.read_range(300, 7) == VALUES[4][300:307]
        assert file.read_ranges([(5, 2), (0, 1)]) == [VALUES[4][5:7], VALUES[4][:1]]
        file.seek(100)
        buffer = bytearray(50)
        assert file.readinto(buffer) == 50 and bytes(buffer) == VALUES[4][100:150]
        with pytest.raises(ValueError):
            file.read_range(len(VALUES[4]), 1)
        file.close()
        assert file.closed
        with pytest.raises(ValueError):
            file.read(1)


def test_scans_give_descriptors_and_pandas_gives_files(blobs):
    assert pa.types.is_struct(blobs.to_table(columns=["b"]).schema.field("b").type)
    frame = blobs.to_pandas()
    assert list(frame.columns) == ["i", "b"] and frame["b"][3].size() == 100_000 and frame["b"][1] is None
    assert blobs.to_pandas(blob_mode="descriptions")["b"][0]["size"] == 10
    with pytest.raises(ValueError, match="blob_mode"):
        blobs.to_pandas(blob_mode="nope")


def test_blob_schemas_equal_the_reference(blobs, reference):
    theirs = reference.dataset(blobs.uri)
    found, expected = blobs.to_table(columns=["b"]).schema.field("b"), theirs.to_table(columns=["b"]).schema.field("b")
    assert found.type == expected.type and found.metadata == expected.metadata


def test_selectors_are_checked(blobs):
    with pytest.raises(ValueError, match="Exactly one"):
        blobs.take_blobs("b")
    with pytest.raises(ValueError, match="Exactly one"):
        blobs.take_blobs("b", indices=[0], ids=[0])
    with pytest.raises(ValueError, match="not a blob column"):
        blobs.take_blobs("i", indices=[0])
    with pytest.raises(ValueError, match="buffer_size"):
        blobs.take_blobs("b", indices=[0], buffer_size=-1)
