#include "write/fit_array.h"

#include <cmath>
#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "type_mapping.h"

namespace lance::sql {

namespace {

using arrow::Array;
using arrow::Result;
using arrow::Type;

// To the nearest, ties to even; NaN stays NaN.
uint16_t ToBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

Result<std::shared_ptr<Array>> Fit(const std::shared_ptr<Array>& array, const arrow::Field& column);

Result<std::shared_ptr<Array>> FitBfloat16(const std::shared_ptr<Array>& array, const arrow::Field& column) {
  ARROW_ASSIGN_OR_RAISE(auto floats, arrow::compute::Cast(*array, arrow::float32()));
  const auto& values = static_cast<const arrow::FloatArray&>(*floats);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(values.length() * int64_t{sizeof(uint16_t)}));
  auto* out = reinterpret_cast<uint16_t*>(buffer->mutable_data());
  for (int64_t i = 0; i < values.length(); ++i) out[i] = ToBfloat16(values.Value(i));
  auto data = arrow::ArrayData::Make(arrow::fixed_size_binary(2), values.length(),
                                     {values.null_bitmap(), buffer}, values.null_count(), 0);
  if (values.offset() != 0 && values.null_bitmap() != nullptr) {
    ARROW_ASSIGN_OR_RAISE(data->buffers[0],
                          arrow::internal::CopyBitmap(arrow::default_memory_pool(), values.null_bitmap_data(),
                                                      values.offset(), values.length()));
  }
  data->type = column.type();
  return arrow::MakeArray(data);
}

bool IsNested(Type::type id) {
  return id == Type::LIST || id == Type::LARGE_LIST || id == Type::FIXED_SIZE_LIST || id == Type::STRUCT ||
         id == Type::MAP;
}

// The same layout with other members. `array` comes from DuckDB: it has no offset.
Result<std::shared_ptr<Array>> FitMembers(const std::shared_ptr<Array>& array, const arrow::Field& column) {
  const auto& type = column.type();
  if (type->num_fields() != array->type()->num_fields()) {
    return arrow::Status::TypeError("they have ", array->type()->num_fields(), " members, not ",
                                    type->num_fields());
  }
  auto data = array->data()->Copy();
  for (int i = 0; i < type->num_fields(); ++i) {
    int from = i;
    if (type->id() == Type::STRUCT) {
      from = static_cast<const arrow::StructType&>(*array->type()).GetFieldIndex(type->field(i)->name());
      if (from < 0) return arrow::Status::TypeError("they have no member ", type->field(i)->name());
    }
    const auto& member = array->data()->child_data[static_cast<size_t>(from)];
    ARROW_ASSIGN_OR_RAISE(const auto fit, Fit(arrow::MakeArray(member), *type->field(i)));
    data->child_data[static_cast<size_t>(i)] = fit->data();
  }
  data->type = type;
  return arrow::MakeArray(data);
}

Result<std::shared_ptr<Array>> Fit(const std::shared_ptr<Array>& array, const arrow::Field& column) {
  const auto& type = column.type();
  if (IsBfloat16(column)) return FitBfloat16(array, column);
  if (array->type()->Equals(*type)) return array;
  if (array->type_id() == Type::EXTENSION) {
    return Fit(static_cast<const arrow::ExtensionArray&>(*array).storage(), column);
  }
  if (type->id() == Type::EXTENSION) {
    const auto& storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    ARROW_ASSIGN_OR_RAISE(const auto fit, Fit(array, *arrow::field(column.name(), storage)));
    return arrow::ExtensionType::WrapArray(type, fit);
  }
  if (IsNested(type->id()) && type->id() == array->type_id() && array->offset() == 0) {
    return FitMembers(array, column);
  }
  return arrow::compute::Cast(*array, type);
}

}  // namespace

Result<std::shared_ptr<Array>> FitArray(const std::shared_ptr<Array>& array, const arrow::Field& column) {
  Result<std::shared_ptr<Array>> fit = Fit(array, column);
  if (fit.ok()) return fit;
  return arrow::Status::Invalid("column \"", column.name(), "\": values of type ", array->type()->ToString(),
                                " cannot be ", column.type()->ToString(), ": ", fit.status().message());
}

}  // namespace lance::sql
