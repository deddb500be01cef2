#include "lance/index/vector/build/column_builders.h"

#include <cstring>

#include <arrow/api.h>

namespace lance::index {

std::shared_ptr<arrow::Array> ListColumn(const std::shared_ptr<arrow::DataType>& value_type, int32_t width,
                                         std::vector<uint8_t> bytes, int64_t count, bool nullable_items) {
  auto values = arrow::MakeArray(arrow::ArrayData::Make(
      value_type, count * width, {nullptr, arrow::Buffer::FromVector(std::move(bytes))}, 0));
  const auto type = arrow::fixed_size_list(arrow::field("item", value_type, nullable_items), width);
  return std::make_shared<arrow::FixedSizeListArray>(type, count, std::move(values));
}

std::shared_ptr<arrow::Array> FloatColumn(std::vector<float> values) {
  const auto count = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::FloatArray>(count, arrow::Buffer::FromVector(std::move(values)));
}

std::shared_ptr<arrow::Array> RowIdColumn(std::vector<uint64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::UInt64Array>(count, arrow::Buffer::FromVector(std::move(values)));
}

std::vector<uint8_t> SliceRecords(std::span<const uint8_t> records, size_t count, size_t offset,
                                  size_t width) {
  const size_t stride = count == 0 ? 0 : records.size() / count;
  if (stride == width) return {records.begin(), records.end()};
  std::vector<uint8_t> out(count * width);
  for (size_t row = 0; row < count; ++row) {
    std::memcpy(out.data() + row * width, records.data() + row * stride + offset, width);
  }
  return out;
}

std::vector<float> FloatsOfRecords(std::span<const uint8_t> records, size_t count, size_t offset) {
  const size_t stride = count == 0 ? 0 : records.size() / count;
  std::vector<float> out(count);
  for (size_t row = 0; row < count; ++row) {
    std::memcpy(&out[row], records.data() + row * stride + offset, sizeof(float));
  }
  return out;
}

}  // namespace lance::index
