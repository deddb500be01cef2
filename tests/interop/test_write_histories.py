"""Random histories of writes, each step by pylance or by us: after every step both read what a model in memory says.

LANCE_HISTORIES sets how many are run of each kind; tests/trials/run.py runs more, and counts what they did.
"""

import os

import histories
import pytest

HISTORIES = int(os.environ.get("LANCE_HISTORIES", "5"))
STEPS = 20


@pytest.mark.parametrize("seed", range(HISTORIES))
@pytest.mark.parametrize("kind", histories.KINDS)
def test_both_read_what_either_wrote(tmp_path, seed, kind):
    histories.run(seed, tmp_path / "table", kind, STEPS)
