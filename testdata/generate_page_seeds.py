"""Writes fuzz/seeds/page_fuzz: one small page of every kind that pylance 14.0.2 makes, in the input form of page_fuzz
(see src/lance/encoding/core/page_fuzz.cc). Run with a Python that has pylance 14.0.2."""

import pathlib
import struct
import sys
import tempfile

import pyarrow as pa
from lance.file import LanceFileWriter

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "testdata"))
import generate_encodings as columns  # noqa: E402

# The list in page_fuzz.cc.
TYPES = [pa.int32(), pa.int64(), pa.uint8(), pa.int16(), pa.bool_(), pa.string(), pa.large_binary(), pa.binary(3),
         pa.decimal128(20, 0), pa.list_(pa.float32(), 4), pa.list_(pa.list_(pa.int16(), 3), 2), pa.list_(pa.bool_(), 7),
         pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.int64()),
         pa.struct([("a", pa.uint64()), ("b", pa.uint64())]), pa.struct([("a", pa.int32()), ("b", pa.string())]),
         pa.null(), pa.list_(pa.float32(), 128)]


def parse(message):
    """The fields of a protobuf message: {number: [values]}."""
    out, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            length = varint()
            value = message[at:at + length]
            at += length
        out.setdefault(key >> 3, []).append(value)
    return out


def numbers(values):
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        number = shift = 0
        for byte in value:
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                out.append(number)
                number = shift = 0
    return out


def pages(data):
    """(column, page message) for each page of a 2.x file."""
    table, = struct.unpack_from("<Q", data, len(data) - 32)
    count, = struct.unpack_from("<I", data, len(data) - 12)
    for column in range(count):
        position, length = struct.unpack_from("<QQ", data, table + column * 16)
        for page in parse(data[position:position + length]).get(2, []):
            yield column, parse(page)


def seed(data, page, type, minor):
    encoding = parse(parse(parse(page[4][0])[2][0])[1][0])[2][0]
    buffers = [data[o:o + s] for o, s in zip(numbers(page.get(1, [])), numbers(page.get(2, [])))]
    head = struct.pack("<BHHB", TYPES.index(type) | (0x80 if minor == 2 else 0), page[3][0], len(encoding), len(buffers))
    return head + b"".join(struct.pack("<H", len(b)) for b in buffers) + encoding + b"".join(buffers)


def leaf(field):
    type = TYPES[14] if field.name == "blob" else field.type
    while pa.types.is_list(type):
        type = type.value_type
    return type


def main():
    folder = ROOT / "fuzz" / "seeds" / "page_fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp())
    for make, rows in ((columns.fixed, 120), (columns.strings, 120), (columns.lists, 40), (columns.vectors, 8),
                       (columns.packed, 20), (columns.blobs, 8), (columns.strings, 1100)):
        table = make(rows)
        for name in table.schema.names:
            field = table.schema.field(name)
            if leaf(field) not in TYPES or (rows == 1100 and name != "fsst"):
                continue
            for minor in (1, 2):
                path = scratch / "one.lance"
                path.unlink(missing_ok=True)
                try:
                    with LanceFileWriter(str(path), pa.schema([field]), version=f"2.{minor}") as writer:
                        writer.write_batch(table.select([name]))
                except Exception as error:  # some columns are 2.2 only, blobs 2.1 only
                    print(make.__name__, name, minor, str(error)[:80])
                    continue
                data = path.read_bytes()
                for _, page in pages(data):
                    if max(numbers(page.get(2, [])), default=0) < 65536:
                        (folder / f"{make.__name__}_{name}_{minor}").write_bytes(seed(data, page, leaf(field), minor))


if __name__ == "__main__":
    main()
