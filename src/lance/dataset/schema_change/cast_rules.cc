#include "lance/dataset/schema_change/cast_rules.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/logical.h"

namespace lance::dataset {
namespace {

bool IsString(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING;
}

bool IsBinary(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY;
}

const arrow::DataType* ListValue(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return type.field(0)->type().get();
    default:
      return nullptr;
  }
}

Result<std::shared_ptr<arrow::Array>> CastStruct(const std::shared_ptr<arrow::Array>& values,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  const auto& from = static_cast<const arrow::StructArray&>(*values);
  if (from.num_fields() != type->num_fields()) {
    return Internal("a struct of {} members cannot become one of {}", from.num_fields(), type->num_fields());
  }
  arrow::ArrayVector children;
  for (int i = 0; i < from.num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto child, CastColumn(from.field(i), type->field(i)->type()));
    children.push_back(std::move(child));
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (from.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(arrow::Datum valid, arrow::compute::IsValid(values));
    validity = valid.array()->buffers[1];
  }
  return std::make_shared<arrow::StructArray>(type, values->length(), std::move(children),
                                              std::move(validity));
}

// Names the value and the type as the reference does, where Arrow names the value and the range.
std::string CastProblem(const std::string& message, const arrow::DataType& type) {
  constexpr std::string_view kValue = "Integer value ";
  const size_t end = message.find(" not in range");
  if (!message.starts_with(kValue) || end == std::string::npos) return message;
  return fmt::format("Can't cast value {} to type {}", message.substr(kValue.size(), end - kValue.size()),
                     expr::PrintType(type));
}

}  // namespace

bool IsAllowedCast(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::DICTIONARY) {
    return IsAllowedCast(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  }
  if (to.id() == arrow::Type::DICTIONARY) {
    return IsAllowedCast(from, *static_cast<const arrow::DictionaryType&>(to).value_type());
  }
  if (arrow::is_integer(from.id())) return arrow::is_integer(to.id());
  if (arrow::is_floating(from.id())) return arrow::is_floating(to.id());
  if (arrow::is_temporal(from.id())) return arrow::is_temporal(to.id());
  if (from.id() == arrow::Type::BOOL) return to.id() == arrow::Type::BOOL;
  if (IsString(from)) return IsString(to);
  if (IsBinary(from)) return IsBinary(to);
  if (arrow::is_decimal(from.id())) return arrow::is_decimal(to.id());
  if (from.id() == arrow::Type::FIXED_SIZE_LIST && to.id() == arrow::Type::FIXED_SIZE_LIST &&
      static_cast<const arrow::FixedSizeListType&>(from).list_size() !=
          static_cast<const arrow::FixedSizeListType&>(to).list_size()) {
    return false;
  }
  const arrow::DataType* from_value = ListValue(from);
  const arrow::DataType* to_value = ListValue(to);
  return from_value != nullptr && to_value != nullptr && IsAllowedCast(*from_value, *to_value);
}

Result<std::shared_ptr<arrow::Array>> CastColumn(const std::shared_ptr<arrow::Array>& values,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  if (values->type()->Equals(*type)) return values;
  if (values->type_id() == arrow::Type::STRUCT && type->id() == arrow::Type::STRUCT) {
    return CastStruct(values, type);
  }
  const bool same_list = values->type_id() == type->id() && type->id() == arrow::Type::LIST;
  if (same_list && type->field(0)->type()->id() == arrow::Type::STRUCT) {
    const auto& list = static_cast<const arrow::ListArray&>(*values);
    ARROW_ASSIGN_OR_RAISE(auto items, CastColumn(list.values(), type->field(0)->type()));
    auto data = values->data()->Copy();
    data->type = type;
    data->child_data = {items->data()};
    return arrow::MakeArray(std::move(data));
  }
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(type);
  options.allow_time_truncate = true;
  options.allow_decimal_truncate = true;
  options.allow_float_truncate = true;
  auto cast = arrow::compute::Cast(values, options);
  if (!cast.ok()) return InvalidArgument("Cast error: {}", CastProblem(cast.status().message(), *type));
  return cast->make_array();
}

}  // namespace lance::dataset
