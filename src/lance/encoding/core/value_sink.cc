#include "lance/encoding/core/value_sink.h"

#include <cstring>

#include <arrow/array/data.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/base/checked_math.h"

namespace lance::encoding {
namespace {

template <size_t kBytes>
uint8_t* CopyFixed(uint8_t* to, const uint8_t* from, std::span<const RowRange> ranges) {
  for (const RowRange& range : ranges) {
    const uint8_t* source = from + range.start * kBytes;
    if (range.length == 1) {
      std::memcpy(to, source, kBytes);
    } else {
      std::memcpy(to, source, range.length * kBytes);
    }
    to += range.length * kBytes;
  }
  return to;
}

}  // namespace

Result<FixedSink> FixedSink::Make(uint64_t bits, uint64_t capacity) {
  FixedSink sink;
  sink.bits = bits;
  sink.capacity = capacity;
  ARROW_ASSIGN_OR_RAISE(uint64_t total, CheckedMul(bits, capacity, "bits of decoded values"));
  ARROW_ASSIGN_OR_RAISE(sink.buffer, AllocateOutput(CeilDiv(total, 8)));
  sink.data = sink.buffer->mutable_data();
  // Bits are merged into bytes that must start out defined.
  if (bits % 8 != 0) std::memset(sink.data, 0, sink.buffer->size());
  return sink;
}

Result<uint8_t*> FixedSink::Append(uint64_t count) {
  if (count > capacity - size)
    return Internal("{} decoded values where {} were planned", size + count, capacity);
  uint8_t* to = data + size * (bits / 8);
  size += count;
  return to;
}

Status FixedSink::AppendRanges(const uint8_t* from, std::span<const RowRange> ranges) {
  if (bits % 8 == 0) {
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, Append(CountRows(ranges)));
    switch (bits / 8) {
      case 1:
        CopyFixed<1>(to, from, ranges);
        break;
      case 2:
        CopyFixed<2>(to, from, ranges);
        break;
      case 4:
        CopyFixed<4>(to, from, ranges);
        break;
      case 8:
        CopyFixed<8>(to, from, ranges);
        break;
      case 16:
        CopyFixed<16>(to, from, ranges);
        break;
      default: {
        uint64_t width = bits / 8;
        for (const RowRange& range : ranges) {
          std::memcpy(to, from + range.start * width, range.length * width);
          to += range.length * width;
        }
      }
    }
    return Status::OK();
  }
  for (const RowRange& range : ranges) {
    if (range.length > capacity - size)
      return Internal("more decoded bits than the {} planned values", capacity);
    arrow::internal::CopyBitmap(from, static_cast<int64_t>(range.start * bits),
                                static_cast<int64_t>(range.length * bits), data,
                                static_cast<int64_t>(size * bits));
    size += range.length;
  }
  return Status::OK();
}

Result<VariableSink> VariableSink::Make(uint32_t offset_bytes, uint64_t capacity) {
  VariableSink sink;
  sink.offset_bytes = offset_bytes;
  sink.capacity = capacity;
  ARROW_ASSIGN_OR_RAISE(uint64_t slots, CheckedAdd(capacity, 1, "offsets of decoded values"));
  ARROW_ASSIGN_OR_RAISE(uint64_t bytes, CheckedMul(slots, offset_bytes, "offsets of decoded values"));
  ARROW_ASSIGN_OR_RAISE(sink.offsets, AllocateOutput(bytes));
  std::memset(sink.offsets->mutable_data(), 0, offset_bytes);
  return sink;
}

Status VariableSink::Reserve(uint64_t values, uint64_t more) {
  if (values > capacity - size)
    return Internal("{} decoded values where {} were planned", size + values, capacity);
  ARROW_RETURN_NOT_OK(bytes.Reserve(more));
  if (offset_bytes == 4 && bytes.size() + more > INT32_MAX) {
    return ResourceExhausted(
        "the strings of this batch may need {} bytes, more than the 2147483647 that 32-bit offsets address: "
        "read "
        "fewer rows at a time or use the large type",
        bytes.size() + more);
  }
  return Status::OK();
}

Result<ValueSink> ValueSink::Make(const LeafShape& shape, uint64_t capacity,
                                  const std::vector<bool>& item_validity) {
  ValueSink sink;
  sink.scratch = std::make_shared<DecodeScratch>();
  switch (shape.kind) {
    case LeafKind::kNull:
      break;
    case LeafKind::kFixed: {
      ARROW_ASSIGN_OR_RAISE(sink.fixed, FixedSink::Make(shape.bits, capacity));
      uint64_t items = 1;
      for (size_t level = 0; level < item_validity.size(); ++level) {
        items *= shape.dims[level];
        FixedSink bitmap;
        if (item_validity[level]) {
          ARROW_ASSIGN_OR_RAISE(bitmap, FixedSink::Make(items, capacity));
        }
        sink.validity.push_back(std::move(bitmap));
      }
      break;
    }
    case LeafKind::kVariable: {
      ARROW_ASSIGN_OR_RAISE(sink.variable, VariableSink::Make(shape.offset_bytes, capacity));
      break;
    }
    case LeafKind::kPackedStruct:
      for (const LeafShape& child : shape.children) {
        ARROW_ASSIGN_OR_RAISE(ValueSink made, Make(child, capacity));
        sink.children.push_back(std::move(made));
      }
      break;
    case LeafKind::kDictionary:
      return Make(shape.children[0], capacity);
  }
  return sink;
}

void ValueSink::SetNull(uint64_t count) {
  if (fixed.buffer != nullptr) {
    std::memset(fixed.data, 0, fixed.buffer->size());
    fixed.size = count;
  }
  if (variable.offsets != nullptr) {
    std::memset(variable.offsets->mutable_data(), 0, variable.offsets->size());
    variable.size = count;
  }
  for (ValueSink& child : children) child.SetNull(count);
}

Result<std::shared_ptr<arrow::ArrayData>> ValueSink::Finish(const LeafShape& shape, uint64_t size) {
  int64_t length = static_cast<int64_t>(size);
  switch (shape.kind) {
    case LeafKind::kNull:
      return arrow::ArrayData::Make(shape.type, length, {nullptr}, length);
    case LeafKind::kVariable: {
      if (variable.size != size) return Internal("{} strings were decoded, {} planned", variable.size, size);
      ARROW_ASSIGN_OR_RAISE(auto bytes, variable.bytes.Finish());
      return arrow::ArrayData::Make(shape.type, length,
                                    {nullptr, std::move(variable.offsets), std::move(bytes)}, 0);
    }
    case LeafKind::kPackedStruct: {
      std::vector<std::shared_ptr<arrow::ArrayData>> fields;
      for (size_t i = 0; i < children.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto field, children[i].Finish(shape.children[i], size));
        fields.push_back(std::move(field));
      }
      return arrow::ArrayData::Make(shape.type, length, {nullptr}, std::move(fields), 0);
    }
    case LeafKind::kDictionary:
      return Finish(shape.children[0], size);
    case LeafKind::kFixed:
      break;
  }
  if (fixed.size != size) return Internal("{} values were decoded, {} planned", fixed.size, size);
  std::vector<std::shared_ptr<arrow::Buffer>> bitmaps;
  for (FixedSink& bitmap : validity) bitmaps.push_back(std::move(bitmap.buffer));
  return MakeFixedArray(shape, size, std::move(fixed.buffer), bitmaps);
}

Result<std::shared_ptr<arrow::ArrayData>> MakeFixedArray(
    const LeafShape& shape, uint64_t size, std::shared_ptr<arrow::Buffer> values,
    const std::vector<std::shared_ptr<arrow::Buffer>>& item_validity) {
  std::vector<std::shared_ptr<arrow::DataType>> types{shape.type};
  for (size_t level = 0; level < shape.dims.size(); ++level) {
    std::shared_ptr<arrow::DataType> type = types.back();
    if (type->id() == arrow::Type::EXTENSION) {
      type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    }
    types.push_back(static_cast<const arrow::FixedSizeListType&>(*type).value_type());
  }
  // From the innermost items outwards: each list wraps the array made so far.
  uint64_t items = size * (shape.bits / shape.element_bits);
  std::shared_ptr<arrow::ArrayData> array;
  for (size_t level = types.size(); level-- > 0;) {
    std::shared_ptr<arrow::Buffer> nulls;
    if (level > 0 && level - 1 < item_validity.size()) nulls = item_validity[level - 1];
    int64_t null_count = nulls == nullptr ? 0 : arrow::kUnknownNullCount;
    int64_t length = static_cast<int64_t>(items);
    if (array == nullptr) {
      array = arrow::ArrayData::Make(types[level], length, {std::move(nulls), std::move(values)}, null_count);
    } else {
      array = arrow::ArrayData::Make(types[level], length, {std::move(nulls)}, {array}, null_count);
    }
    if (level > 0) items /= shape.dims[level - 1];
  }
  return array;
}

}  // namespace lance::encoding
