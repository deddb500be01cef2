"""Writes the data sets of the scan tests with the reference implementation: testdata/pylance-14.0.2/scan/.

Every value follows from its row number, so tests compute what they expect:
  i = row, s = "s<row % 100>" (null where row % 11 == 3), f = ((row * 7919) % 3000) / 3, n.a = row, n.b.c = str(row),
  n.b.d = 2 * row (n null where row % 13 == 5), v = [row % 17, row % 5, 1, row % 3], added = row * 10.
Rows with row % 100 == 7 are deleted.
"""
import pathlib
import shutil

import lance
import numpy as np
import pyarrow as pa

ROWS = 3000


def table(rows):
    vectors = np.array([[r % 17, r % 5, 1, r % 3] for r in rows], dtype=np.float32)
    nested = pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string()), ("d", pa.int64())]))])
    return pa.table({
        "i": pa.array(rows, pa.int64()),
        "s": pa.array([None if r % 11 == 3 else f"s{r % 100}" for r in rows]),
        "f": pa.array([((r * 7919) % 3000) / 3 for r in rows], pa.float64()),
        "n": pa.array([None if r % 13 == 5 else {"a": r, "b": {"c": str(r), "d": 2 * r}} for r in rows], nested),
        "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 4),
    })


def main():
    root = pathlib.Path(__file__).parent / "pylance-14.0.2" / "scan"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, stable in (("basic", False), ("stable", True)):
        dataset = lance.write_dataset(table(range(ROWS)), str(root / f"{name}.lance"), max_rows_per_file=1000,
                                      enable_stable_row_ids=stable)
        dataset.add_columns({"added": "i * 10"})
        dataset.delete("i % 100 = 7")
        if stable:
            dataset.update({"s": "'updated'"}, where="i % 100 = 8")


if __name__ == "__main__":
    main()
