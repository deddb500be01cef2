#include <algorithm>
#include <cstring>

#include <arrow/api.h>

#include "lance/index/vector/build/column_builders.h"
#include "lance/index/vector/build/encoder.h"
#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

std::shared_ptr<arrow::DataType> ArrowElement(simd::Element element) {
  switch (element) {
    case simd::Element::kFloat16:
      return arrow::float16();
    case simd::Element::kFloat64:
      return arrow::float64();
    case simd::Element::kUInt8:
      return arrow::uint8();
    default:
      return arrow::float32();
  }
}

class FlatEncoder : public Encoder {
 public:
  explicit FlatEncoder(const VectorType& type) : type_(type) {}

  size_t record_bytes() const override { return type_.dim * type_.element_bytes(); }

  Status Encode(const AssignedRows& rows, uint8_t* records) const override {
    // float32 vectors need not be kept twice.
    const void* from = rows.stored != nullptr ? static_cast<const void*>(rows.stored) : rows.values;
    if (rows.count > 0) std::memcpy(records, from, rows.count * record_bytes());
    return Status::OK();
  }

  std::vector<std::shared_ptr<arrow::Field>> fields() const override {
    const auto item = arrow::field("item", ArrowElement(type_.element));
    return {arrow::field(kFlatColumn, arrow::fixed_size_list(item, static_cast<int32_t>(type_.dim)), false)};
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> Columns(std::span<const uint8_t> records,
                                                             size_t count) const override {
    return std::vector{ListColumn(ArrowElement(type_.element), static_cast<int32_t>(type_.dim),
                                  {records.begin(), records.end()}, static_cast<int64_t>(count))};
  }

  QuantizerMetadata metadata() const override { return FlatMetadata{type_.dim}; }

 private:
  VectorType type_;
};

class SqEncoder : public Encoder {
 public:
  SqEncoder(size_t dim, double start, double end) : dim_(dim), start_(start), end_(end) {}

  size_t record_bytes() const override { return dim_; }

  Status Encode(const AssignedRows& rows, uint8_t* records) const override {
    const size_t count = rows.count * dim_;
    if (start_ == end_) {
      std::fill_n(records, count, uint8_t{0});
      return Status::OK();
    }
    const double range = end_ - start_;
    for (size_t i = 0; i < count; ++i) {
      const double scaled = (static_cast<double>(rows.values[i]) - start_) * 255.0 / range;
      records[i] = static_cast<uint8_t>(std::clamp(scaled, 0.0, 255.0));
    }
    return Status::OK();
  }

  std::vector<std::shared_ptr<arrow::Field>> fields() const override {
    return {arrow::field(
        kSqColumn, arrow::fixed_size_list(arrow::field("item", arrow::uint8()), static_cast<int32_t>(dim_)))};
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> Columns(std::span<const uint8_t> records,
                                                             size_t count) const override {
    return std::vector{ListColumn(arrow::uint8(), static_cast<int32_t>(dim_),
                                  {records.begin(), records.end()}, static_cast<int64_t>(count))};
  }

  QuantizerMetadata metadata() const override { return SqMetadata{dim_, 8, start_, end_}; }

 private:
  size_t dim_;
  double start_;
  double end_;
};

}  // namespace

std::unique_ptr<Encoder> MakeFlatEncoder(const VectorType& type) {
  return std::make_unique<FlatEncoder>(type);
}

std::unique_ptr<Encoder> MakeSqEncoder(size_t dim, double start, double end) {
  return std::make_unique<SqEncoder>(dim, start, end);
}

}  // namespace lance::index
