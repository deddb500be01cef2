#include "lance/expr/kernels/bitmaps.h"

#include <arrow/api.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

namespace lance::expr {
namespace {

const uint8_t* ValidityOf(const arrow::Datum& value) {
  if (!value.is_array()) return nullptr;
  const arrow::ArrayData& data = *value.array();
  return data.GetNullCount() == 0 || !data.buffers[0] ? nullptr : data.buffers[0]->data();
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> NewBitmap(int64_t bits) {
  int64_t bytes = arrow::bit_util::CeilDiv(bits, 64) * 8;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(bytes));
  std::memset(buffer->mutable_data(), 0, static_cast<size_t>(bytes));
  return buffer;
}

Result<std::shared_ptr<arrow::Buffer>> CopyValidity(const arrow::Datum& value, int64_t rows) {
  const uint8_t* validity = ValidityOf(value);
  if (!validity) return nullptr;
  const arrow::ArrayData& data = *value.array();
  if (data.offset == 0) return data.buffers[0];
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  arrow::internal::CopyBitmap(validity, data.offset, rows, out->mutable_data(), 0);
  return out;
}

Result<std::shared_ptr<arrow::Buffer>> CombineValidity(const arrow::Datum& left, const arrow::Datum& right,
                                                       int64_t rows) {
  const uint8_t* l = ValidityOf(left);
  const uint8_t* r = ValidityOf(right);
  if (!r) return CopyValidity(left, rows);
  if (!l) return CopyValidity(right, rows);
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  arrow::internal::BitmapAnd(l, left.array()->offset, r, right.array()->offset, rows, 0, out->mutable_data());
  return out;
}

std::shared_ptr<arrow::Array> MakeBoolArray(int64_t rows, std::shared_ptr<arrow::Buffer> values,
                                            std::shared_ptr<arrow::Buffer> validity) {
  int64_t nulls = validity ? arrow::kUnknownNullCount : 0;
  return std::make_shared<arrow::BooleanArray>(rows, std::move(values), std::move(validity), nulls);
}

Result<std::shared_ptr<arrow::Array>> ToArray(const arrow::Datum& value, int64_t rows) {
  if (value.is_array()) return value.make_array();
  if (value.type()->id() == arrow::Type::NA) return std::make_shared<arrow::NullArray>(rows);
  return arrow::MakeArrayFromScalar(*value.scalar(), rows);
}

}  // namespace lance::expr
