#include "lance/encoding/codec/packed_struct/packed_struct.h"

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/codec/encoding_names.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// Widths of the fields of one row, in bytes.
struct RowLayout {
  std::vector<uint64_t> widths;
  uint64_t row_bytes = 0;
};

Result<RowLayout> ParseRow(const pb21::PackedStruct& encoding, const LeafShape& shape) {
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kPackedStruct &&
                        shape.children.size() == static_cast<size_t>(encoding.bits_per_value_size()),
                    "PackedStruct of {} fields does not fit the column type", encoding.bits_per_value_size());
  RowLayout row;
  for (size_t i = 0; i < shape.children.size(); ++i) {
    uint64_t bits = encoding.bits_per_value(static_cast<int>(i));
    const LeafShape& child = shape.children[i];
    LANCE_CHECK_BYTES(child.kind == LeafKind::kFixed && child.bits == bits && bits % 8 == 0,
                      "PackedStruct field {} of {} bits does not fit its type", i, bits);
    row.widths.push_back(bits / 8);
    ARROW_ASSIGN_OR_RAISE(row.row_bytes, CheckedAdd(row.row_bytes, bits / 8, "bytes of a packed row"));
  }
  LANCE_CHECK_BYTES(row.row_bytes > 0, "PackedStruct without fields");
  return row;
}

// Spreads `count` rows, `stride` bytes apart, over the children.
Status AppendRows(const RowLayout& row, const uint8_t* rows, uint64_t count, ValueSink* sink) {
  for (size_t field = 0; field < row.widths.size(); ++field) {
    const uint64_t width = row.widths[field];
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->children[field].fixed.Append(count));
    const uint8_t* from = rows;
    auto spread = [&](auto constant) {
      for (uint64_t i = 0; i < count; ++i, from += row.row_bytes, to += constant)
        std::memcpy(to, from, constant);
    };
    if (width == 4) {
      spread(std::integral_constant<uint64_t, 4>());
    } else if (width == 8) {
      spread(std::integral_constant<uint64_t, 8>());
    } else {
      spread(width);
    }
    rows += width;
  }
  return Status::OK();
}

class PackedStructCodec : public ChunkCodec {
 public:
  PackedStructCodec(RowLayout row, std::unique_ptr<ChunkCodec> rows)
      : row_(std::move(row)), rows_(std::move(rows)) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    const uint64_t count = CountRows(ranges);
    ARROW_ASSIGN_OR_RAISE(uint64_t bytes, CheckedMul(count, row_.row_bytes, "bytes of packed rows"));
    // A chunk cannot hold more than it has bytes for; asked before memory is made.
    LANCE_CHECK_BYTES(bytes <= chunk.buffers[0].size() * 65536, "{} packed rows of {} bytes in a chunk of {}",
                      count, row_.row_bytes, chunk.buffers[0].size());
    ValueSink joined;
    joined.scratch = sink->scratch;
    ARROW_ASSIGN_OR_RAISE(joined.fixed.data, sink->scratch->rows.Get(bytes));
    joined.fixed.bits = row_.row_bytes * 8;
    joined.fixed.capacity = count;
    ARROW_RETURN_NOT_OK(rows_->Decode(chunk, ranges, &joined));
    return AppendRows(row_, joined.fixed.data, count, sink);
  }
  size_t num_buffers() const override { return rows_->num_buffers(); }

 private:
  RowLayout row_;
  std::unique_ptr<ChunkCodec> rows_;
};

class PackedStructPerValue : public PerValueCodec {
 public:
  explicit PackedStructPerValue(RowLayout row) : row_(std::move(row)) {}

  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    const std::vector<uint8_t> zeros(row_.row_bytes);
    for (Bytes value : values) {
      ARROW_RETURN_NOT_OK(AppendRows(row_, value.data() == nullptr ? zeros.data() : value.data(), 1, sink));
    }
    return Status::OK();
  }
  uint64_t stored_bytes() const override { return row_.row_bytes; }

 private:
  RowLayout row_;
};

class VariablePackedStruct : public PerValueCodec {
 public:
  struct Field {
    uint64_t fixed_bytes = 0;   // of a field of one width
    uint64_t length_bytes = 0;  // 4 or 8 before a field of varying length
    std::unique_ptr<PerValueCodec> codec;
  };
  explicit VariablePackedStruct(std::vector<Field> fields) : fields_(std::move(fields)) {}

  // Field after field over all rows, so that each codec sees many values at once.
  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    std::vector<Bytes> rest(values.begin(), values.end());
    std::vector<Bytes> parts(values.size());
    for (size_t field = 0; field < fields_.size(); ++field) {
      for (size_t row = 0; row < rest.size(); ++row) {
        parts[row] = Bytes();
        if (rest[row].empty()) continue;  // a null row
        ARROW_ASSIGN_OR_RAISE(parts[row], Cut(fields_[field], &rest[row]));
      }
      ARROW_RETURN_NOT_OK(fields_[field].codec->Decode(parts, &sink->children[field]));
    }
    for (Bytes row : rest)
      LANCE_CHECK_BYTES(row.empty(), "{} bytes are left over behind a packed row", row.size());
    return Status::OK();
  }

 private:
  static Result<Bytes> Cut(const Field& field, Bytes* rest) {
    SpanReader reader(*rest);
    uint64_t length = field.fixed_bytes;
    if (field.length_bytes > 0) {
      ARROW_ASSIGN_OR_RAISE(Bytes stored, reader.ReadBytes(field.length_bytes, "length of a packed field"));
      std::memcpy(&length, stored.data(), field.length_bytes);
    }
    ARROW_ASSIGN_OR_RAISE(Bytes part, reader.ReadBytes(length, "packed field"));
    *rest = rest->subspan(reader.position());
    return part;
  }

  std::vector<Field> fields_;
};

}  // namespace

Result<std::unique_ptr<ChunkCodec>> MakePackedStructCodec(const pb21::PackedStruct& encoding,
                                                          const LeafShape& shape, const PageFormat& format,
                                                          int depth) {
  ARROW_ASSIGN_OR_RAISE(RowLayout row, ParseRow(encoding, shape));
  LANCE_CHECK_BYTES(encoding.has_values(), "PackedStruct without an encoding of its rows");
  if (!encoding.values().has_flat())
    return NotSupported("PackedStruct with {} rows", EncodingName(encoding.values()));
  LeafShape row_shape;
  row_shape.kind = LeafKind::kFixed;
  row_shape.bits = row_shape.element_bits = row.row_bytes * 8;
  ARROW_ASSIGN_OR_RAISE(auto rows, MakeChunkCodec(encoding.values(), row_shape, format, depth + 1));
  return std::make_unique<PackedStructCodec>(std::move(row), std::move(rows));
}

Result<std::unique_ptr<PerValueCodec>> MakePackedStructPerValue(const pb21::PackedStruct& encoding,
                                                                const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(RowLayout row, ParseRow(encoding, shape));
  return std::make_unique<PackedStructPerValue>(std::move(row));
}

Result<std::unique_ptr<PerValueCodec>> MakeVariablePackedStruct(const pb21::VariablePackedStruct& encoding,
                                                                const LeafShape& shape,
                                                                const PageFormat& format, int depth) {
  if (format.minor < 2) return NotSupported("VariablePackedStruct in a file of version 2.1");
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kPackedStruct &&
                        shape.children.size() == static_cast<size_t>(encoding.fields_size()),
                    "VariablePackedStruct of {} fields does not fit the column type", encoding.fields_size());
  std::vector<VariablePackedStruct::Field> fields;
  for (size_t i = 0; i < shape.children.size(); ++i) {
    const auto& described = encoding.fields(static_cast<int>(i));
    VariablePackedStruct::Field field;
    LANCE_CHECK_BYTES(described.has_value(), "VariablePackedStruct field {} without an encoding", i);
    if (described.layout_case() == pb21::VariablePackedStruct::FieldEncoding::kBitsPerValue) {
      ARROW_ASSIGN_OR_RAISE(field.codec,
                            MakeFixedPerValueCodec(described.value(), shape.children[i], format));
      field.fixed_bytes = field.codec->stored_bytes();
      LANCE_CHECK_BYTES(described.bits_per_value() == field.fixed_bytes * 8,
                        "VariablePackedStruct field {} has {} bits, its encoding {}", i,
                        described.bits_per_value(), field.fixed_bytes * 8);
    } else {
      uint64_t bits = described.bits_per_length();
      LANCE_CHECK_BYTES(bits == 32 || bits == 64, "VariablePackedStruct field {} with lengths of {} bits", i,
                        bits);
      field.length_bytes = bits / 8;
      ARROW_ASSIGN_OR_RAISE(
          field.codec, MakeVariablePerValueCodec(described.value(), shape.children[i], format, depth + 1));
    }
    fields.push_back(std::move(field));
  }
  return std::make_unique<VariablePackedStruct>(std::move(fields));
}

}  // namespace lance::encoding
