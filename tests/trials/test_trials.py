"""The trials in their short forms; run.py runs the long ones."""

import crash
import memory
import pytest
import writers


def test_a_killed_writer_leaves_whole_versions(tmp_path):
    counts = crash.run(tmp_path, kills=6)
    assert counts["kill"] == 6 and counts["cleaned by lance_cpp"] == 1


@pytest.mark.parametrize("stable", [False, True])
def test_writers_of_both_engines_lose_nothing(tmp_path, stable):
    rows, _, looks, stats = writers.run(str(tmp_path), seconds=4, stable=stable)
    assert rows > 0 and looks > 0
    assert sum(each["done"] for (module, _), each in stats.items() if module == "lance_cpp") > 0


def test_a_table_is_rewritten_in_less_memory_than_it_has(tmp_path):
    memory.run(str(tmp_path), table_bytes=400 << 20, limit_bytes=256 << 20)
