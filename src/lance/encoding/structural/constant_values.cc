#include "lance/encoding/structural/constant_values.h"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/core/value_sink.h"

namespace lance::encoding {
namespace {

Status CheckFixed(const LeafShape& shape, size_t size) {
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.dims.empty() && size == CeilDiv(shape.bits, 8),
                    "constant value of {} bytes does not fit the column type", size);
  return Status::OK();
}

// Fills by copying what is there already, twice as much each time.
void FillPattern(uint8_t* to, uint64_t bytes, const std::vector<uint8_t>& pattern) {
  if (bytes == 0 || pattern.empty()) return;
  uint64_t filled = std::min<uint64_t>(pattern.size(), bytes);
  std::memcpy(to, pattern.data(), filled);
  while (filled < bytes) {
    uint64_t more = std::min(filled, bytes - filled);
    std::memcpy(to + filled, to, more);
    filled += more;
  }
}

}  // namespace

Result<ConstantValue> InlineConstant(const LeafShape& shape, std::span<const uint8_t> stored) {
  ARROW_RETURN_NOT_OK(CheckFixed(shape, stored.size()));
  return ConstantValue{{stored.begin(), stored.end()}};
}

Result<ConstantValue> StoredConstant(const LeafShape& shape, std::span<const uint8_t> stored) {
  SpanReader reader(stored);
  ARROW_ASSIGN_OR_RAISE(uint32_t count, reader.ReadLE<uint32_t>("buffers of a constant value"));
  uint32_t expected = shape.kind == LeafKind::kVariable ? 2 : 1;
  LANCE_CHECK_BYTES(count == expected, "constant value has {} buffers, its type {}", count, expected);
  uint32_t lengths[2] = {};
  for (uint32_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(lengths[i], reader.ReadLE<uint32_t>("length of a constant value's buffer"));
  }
  ARROW_ASSIGN_OR_RAISE(auto first, reader.ReadBytes(lengths[0], "constant value"));
  if (count == 1) {
    ARROW_RETURN_NOT_OK(CheckFixed(shape, first.size()));
    return ConstantValue{{first.begin(), first.end()}};
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadBytes(lengths[1], "constant string"));
  LANCE_CHECK_BYTES(first.size() >= 2 * shape.offset_bytes, "constant string has {} bytes of offsets",
                    first.size());
  auto offset = [&](int i) -> uint64_t {
    return shape.offset_bytes == 4 ? LoadLE<uint32_t>(first.data() + i * 4)
                                   : LoadLE<uint64_t>(first.data() + i * 8);
  };
  uint64_t begin = offset(0);
  uint64_t end = offset(1);
  LANCE_CHECK_BYTES(begin <= end && end <= bytes.size(), "constant string [{}, {}) is outside its {} bytes",
                    begin, end, bytes.size());
  return ConstantValue{
      {bytes.begin() + static_cast<int64_t>(begin), bytes.begin() + static_cast<int64_t>(end)}};
}

Result<std::shared_ptr<arrow::ArrayData>> RepeatValue(const LeafShape& shape, const ConstantValue& value,
                                                      uint64_t count) {
  ARROW_ASSIGN_OR_RAISE(ValueSink sink, ValueSink::Make(shape, count));
  if (shape.kind == LeafKind::kFixed) {
    sink.fixed.size = count;
    if (shape.bits == 1) {
      std::memset(sink.fixed.data, (value.bytes[0] & 1) != 0 ? 0xff : 0, sink.fixed.buffer->size());
    } else {
      FillPattern(sink.fixed.data, sink.fixed.buffer->size(), value.bytes);
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(uint64_t total,
                          CheckedMul(count, value.bytes.size(), "bytes of a constant string"));
    ARROW_RETURN_NOT_OK(sink.variable.Reserve(count, total));
    FillPattern(sink.variable.bytes.data(), total, value.bytes);
    for (uint64_t i = 0; i < count; ++i) {
      sink.variable.bytes.Advance(value.bytes.size());
      sink.variable.Push();
    }
  }
  return sink.Finish(shape, count);
}

Result<std::shared_ptr<arrow::ArrayData>> NullValues(const LeafShape& shape, uint64_t count) {
  if (shape.kind == LeafKind::kDictionary) {
    ARROW_ASSIGN_OR_RAISE(auto indices, NullValues(shape.children[0], count));
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(shape.children[1].type));
    indices->type = shape.type;
    indices->dictionary = empty->data();
    return indices;
  }
  ARROW_ASSIGN_OR_RAISE(ValueSink sink, ValueSink::Make(shape, count));
  sink.SetNull(count);
  return sink.Finish(shape, count);
}

}  // namespace lance::encoding
