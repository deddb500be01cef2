#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class Array;
class Buffer;
class DataType;
}  // namespace arrow

namespace lance::index {

/// A fixed-size list array of `count` rows of `width` values over `bytes`, which it takes.
std::shared_ptr<arrow::Array> ListColumn(const std::shared_ptr<arrow::DataType>& value_type, int32_t width,
                                         std::vector<uint8_t> bytes, int64_t count,
                                         bool nullable_items = true);
std::shared_ptr<arrow::Array> FloatColumn(std::vector<float> values);
std::shared_ptr<arrow::Array> RowIdColumn(std::vector<uint64_t> values);

/// Bytes [offset, offset + width) of each record, one below the other.
std::vector<uint8_t> SliceRecords(std::span<const uint8_t> records, size_t count, size_t offset,
                                  size_t width);
/// A float32 at `offset` of each record.
std::vector<float> FloatsOfRecords(std::span<const uint8_t> records, size_t count, size_t offset);

}  // namespace lance::index
