"""Copies the seeds of the table layer's fuzz targets out of the fixtures that generate_tables.py wrote."""

import pathlib
import shutil
import struct

ROOT = pathlib.Path(__file__).parent.parent
TABLES = ROOT / "testdata/pylance-14.0.2/tables"
SEEDS = ROOT / "fuzz/seeds"


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, bytes) of a message's length-delimited fields."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            length, at = varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        elif tag & 7 == 0:
            _, at = varint(data, at)
        else:
            at += 8 if tag & 7 == 1 else 4


def lineage(manifest_file):
    data = manifest_file.read_bytes()
    (position,) = struct.unpack("<q", data[-16:-8])
    for number, fragment in fields(data[position + 4 : -16]):
        if number == 2:
            yield from (value for n, value in fields(fragment) if n in (5, 7, 9))


def fill(name, contents):
    folder = SEEDS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for i, content in enumerate(sorted(set(contents), key=lambda c: (len(c), c))[:12]):
        (folder / f"{i:02}").write_bytes(content)


def main():
    read = lambda pattern: [path.read_bytes() for path in sorted(TABLES.glob(pattern))]  # noqa: E731
    fill("manifest_fuzz", read("*.lance/_versions/*.manifest")[::2])
    fill("transaction_fuzz", read("*.lance/_transactions/*.txn")[::3] + read("refs.lance/_refs/*/*.json"))
    fill("deletion_fuzz", read("*.lance/_deletions/*"))
    manifests = sorted(TABLES.glob("stable_ids.lance/_versions/*.manifest"))
    fill("row_ids_fuzz", [sequence for manifest in manifests for sequence in lineage(manifest)])


main()
