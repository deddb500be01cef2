"""Single files through lance_cpp.file."""

import pathlib

import lance_cpp as lance
import pytest
from lance_cpp.file import LanceFileReader, LanceFileSession


@pytest.fixture
def data_file(basic):
    file = basic.get_fragment(0).data_files()[0]
    return pathlib.Path(basic.uri) / "data" / file.path


def test_reads_all_ranges_and_rows(data_file):
    reader = LanceFileReader(str(data_file), columns=["i"])
    assert reader.num_rows() == 1000
    assert reader.read_all().to_table()["i"].to_pylist() == list(range(1000))
    assert [batch.num_rows for batch in reader.read_all(batch_size=300).to_batches()] == [300, 300, 300, 100]
    assert reader.read_range(10, 3).to_table()["i"].to_pylist() == [10, 11, 12]
    assert reader.take_rows([3, 5, 900]).to_table()["i"].to_pylist() == [3, 5, 900]


def test_refuses_rows_that_do_not_exist(data_file):
    reader = LanceFileReader(str(data_file))
    with pytest.raises(ValueError):
        reader.read_range(990, 11)
    with pytest.raises(ValueError):
        reader.take_rows([1000])
    with pytest.raises(ValueError, match="sorted in ascending order"):
        reader.take_rows([2, 0])
    with pytest.raises(ValueError):
        reader.read_global_buffer(99)


def test_describes_pages_and_sizes(data_file):
    reader = LanceFileReader(str(data_file))
    metadata = reader.metadata()
    assert metadata.num_rows == 1000 and metadata.schema.names[0] == "i"
    assert sum(len(column.pages) for column in metadata.columns) >= len(metadata.columns)
    assert all(page.encoding for column in metadata.columns for page in column.pages)
    size = data_file.stat().st_size
    assert metadata.num_data_bytes + metadata.num_column_metadata_bytes + metadata.num_global_buffer_bytes < size
    statistics = reader.file_statistics().columns
    assert [column.num_pages for column in statistics] == [len(column.pages) for column in metadata.columns]


def test_broken_and_missing_files_are_refused(tmp_path, data_file):
    with pytest.raises(ValueError):
        LanceFileReader(str(tmp_path / "none.lance"))
    broken = tmp_path / "broken.lance"
    broken.write_bytes(data_file.read_bytes()[:-9])
    with pytest.raises(OSError, match="corrupt"):
        LanceFileReader(str(broken))


def test_session_lists_and_reads(basic, data_file):
    session = LanceFileSession(basic.uri)
    assert f"data/{data_file.name}" in session.list()
    assert session.list_with_delimiter().common_prefixes == ["_deletions", "_transactions", "_versions", "data"]
    assert session.contains(f"data/{data_file.name}") and not session.contains("data/none")
    assert session.read_range(f"data/{data_file.name}", data_file.stat().st_size - 4, 4) == b"LANC"
    assert session.open_reader(f"data/{data_file.name}", columns=["i"]).num_rows() == 1000


def test_a_copy_of_a_file_is_whole(basic, data_file, tmp_path):
    lance.dataset(basic.uri).new_file_session().download_file(f"data/{data_file.name}", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data_file.read_bytes()
