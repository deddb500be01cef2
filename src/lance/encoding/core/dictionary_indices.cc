#include "lance/encoding/core/dictionary_indices.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {
namespace {

bool IsSet(const BufferPtr& bits, uint64_t i) {
  return bits == nullptr || arrow::bit_util::GetBit(bits->data(), static_cast<int64_t>(i));
}

/// Indices of null rows may be anything on disk; in memory every index is inside its dictionary.
Result<BufferPtr> ZeroNullIndices(const arrow::ArrayData& codes, uint64_t width, uint64_t rows,
                                  uint64_t num_items) {
  ARROW_ASSIGN_OR_RAISE(auto copy, runtime::AllocatePooled(rows * width));
  uint8_t* to = copy->mutable_data();
  std::memcpy(to, codes.buffers[1]->data(), rows * width);
  uint64_t row = 0;
  bool outside = false;
  ForEachCode(codes.buffers[1]->data(), width, rows, [&](uint64_t code) {
    if (!IsSet(codes.buffers[0], row)) {
      std::memset(to + row * width, 0, width);
    } else {
      outside |= code >= num_items;
    }
    ++row;
  });
  LANCE_CHECK_BYTES(!outside, "a dictionary index lies outside {} items", num_items);
  return BufferPtr(std::move(copy));
}

Status AppendValidity(const BufferPtr& code_bits, const BufferPtr& indices, uint64_t width, uint64_t rows,
                      const BufferPtr& item_bits, ArrayOutput* out) {
  ARROW_ASSIGN_OR_RAISE(auto bits, runtime::AllocatePooled(CeilDiv(rows, 8)));
  uint8_t* bitmap = bits->mutable_data();
  std::memset(bitmap, 0, static_cast<size_t>(bits->size()));
  uint64_t row = 0;
  ForEachCode(indices->data(), width, rows, [&](uint64_t code) {
    const bool valid = IsSet(code_bits, row) && IsSet(item_bits, code);
    bitmap[row / 8] |= static_cast<uint8_t>(valid) << (row % 8);
    ++row;
  });
  out->validity().Append(std::move(bits), 0, rows);
  return Status::OK();
}

}  // namespace

DictionaryItems DictionaryItems::Make(const std::shared_ptr<arrow::ArrayData>& values) {
  if (values->GetNullCount() == 0 || values->buffers[0] == nullptr) return {values, nullptr};
  auto plain = values->Copy();
  plain->buffers[0] = nullptr;
  plain->null_count = 0;
  return {std::move(plain), values->buffers[0]};
}

Status AppendDictionaryIndices(const arrow::ArrayData& codes, const DictionaryItems& items,
                               ArrayOutput* out) {
  const auto width = static_cast<uint64_t>(codes.type->byte_width());
  const auto rows = static_cast<uint64_t>(codes.length);
  const auto num_items = static_cast<uint64_t>(items.values->length);
  uint64_t largest = 0;
  // Signed indices read as unsigned: a negative one is larger than any dictionary.
  ForEachCode(codes.buffers[1]->data(), width, rows,
              [&](uint64_t code) { largest = std::max(largest, code); });
  BufferPtr indices = codes.buffers[1];
  if (rows != 0 && largest >= num_items) {
    LANCE_CHECK_BYTES(codes.buffers[0] != nullptr, "dictionary index {} of {}", largest, num_items);
    ARROW_ASSIGN_OR_RAISE(indices, ZeroNullIndices(codes, width, rows, num_items));
  }
  if (items.validity != nullptr && num_items != 0) {
    ARROW_RETURN_NOT_OK(AppendValidity(codes.buffers[0], indices, width, rows, items.validity, out));
  } else if (codes.buffers[0] != nullptr) {
    out->validity().Append(codes.buffers[0], 0, rows);
  }
  const uint8_t* data = indices->data();
  return out->AppendIndices(std::move(indices), data, rows, items.values);
}

}  // namespace lance::encoding
