#include "lance/index/scalar/value_text.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::index {

std::string ValueText(const arrow::Scalar& value) {
  if (arrow::is_decimal(value.type->id())) {
    const auto& type = static_cast<const arrow::DecimalType&>(*value.type);
    if (!value.is_valid) return fmt::format("None,{},{}", type.precision(), type.scale());
    const std::string digits =
        value.type->id() == arrow::Type::DECIMAL128
            ? static_cast<const arrow::Decimal128Scalar&>(value).value.ToIntegerString()
            : static_cast<const arrow::Decimal256Scalar&>(value).value.ToIntegerString();
    return fmt::format("Some({}),{},{}", digits, type.precision(), type.scale());
  }
  if (!value.is_valid) return "NULL";
  const arrow::Type::type id = value.type->id();
  if (!arrow::is_binary(id) && id != arrow::Type::FIXED_SIZE_BINARY) return expr::PrintValue(value);
  // The first ten bytes.
  const auto& buffer = static_cast<const arrow::BaseBinaryScalar&>(value).value;
  std::string out;
  for (int64_t i = 0; i < std::min<int64_t>(buffer->size(), 10); ++i)
    out += fmt::format("{:02X}", buffer->data()[i]);
  return buffer->size() > 10 ? out + "..." : out;
}

}  // namespace lance::index
