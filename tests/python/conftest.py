import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTDATA = pathlib.Path(os.environ.get("LANCE_TESTDATA", ROOT / "testdata")) / "pylance-14.0.2"


@pytest.fixture(scope="session")
def basic_path():
    """The scan tests' data set: three fragments of 1000 rows, every row % 100 == 7 deleted."""
    return str(TESTDATA / "scan" / "basic.lance")


@pytest.fixture
def basic(basic_path):
    import lance_cpp

    return lance_cpp.dataset(basic_path)


@pytest.fixture(scope="session")
def reference():
    """pylance, where it is installed beside us."""
    return pytest.importorskip("lance")
