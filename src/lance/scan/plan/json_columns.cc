#include "lance/scan/plan/json_columns.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/schema/jsonb.h"

namespace lance::scan {
namespace {

constexpr char kExtensionName[] = "ARROW:extension:name";

bool IsStoredJson(const arrow::Field& field) {
  return field.type()->id() == arrow::Type::LARGE_BINARY && field.metadata() != nullptr &&
         field.metadata()->Get(kExtensionName).ValueOr("") == "lance.json";
}

// The same type around other members.
std::shared_ptr<arrow::DataType> Rebuild(const arrow::DataType& type, arrow::FieldVector members) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return arrow::struct_(std::move(members));
    case arrow::Type::LIST:
      return arrow::list(members[0]);
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(members[0]);
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(members[0],
                                    static_cast<const arrow::FixedSizeListType&>(type).list_size());
    case arrow::Type::MAP:
      return std::make_shared<arrow::MapType>(members[0],
                                              static_cast<const arrow::MapType&>(type).keys_sorted());
    default:
      return nullptr;
  }
}

Result<std::shared_ptr<arrow::ArrayData>> Convert(const std::shared_ptr<arrow::ArrayData>& data,
                                                  const arrow::Field& stored) {
  if (!HasJson(stored)) return data;
  if (!IsStoredJson(stored)) {
    std::shared_ptr<arrow::ArrayData> out = data->Copy();
    out->type = WithJsonText(arrow::field("", stored.type()))->type();
    for (int i = 0; i < stored.type()->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(out->child_data[i], Convert(data->child_data[i], *stored.type()->field(i)));
    }
    return out;
  }
  const arrow::LargeBinaryArray values(data);
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  std::string text;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const std::string_view bytes = values.GetView(i);
    text.clear();
    // What lies under a null struct may be empty.
    if (!bytes.empty()) {
      Status status =
          schema::AppendJsonText({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &text);
      if (!status.ok()) return WithContext(status, fmt::format("column '{}', row {}", stored.name(), i));
    }
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> out, builder.Finish());
  return out->data();
}

}  // namespace

bool HasJson(const arrow::Field& field) {
  if (IsStoredJson(field)) return true;
  if (field.type()->id() == arrow::Type::EXTENSION) return false;
  const arrow::FieldVector& members = field.type()->fields();
  return std::any_of(members.begin(), members.end(), [](const auto& member) { return HasJson(*member); });
}

std::shared_ptr<arrow::Field> WithJsonText(const std::shared_ptr<arrow::Field>& field) {
  if (!HasJson(*field)) return field;
  if (IsStoredJson(*field)) {
    auto metadata = field->metadata()->Copy();
    (void)metadata->Set(kExtensionName, "arrow.json");
    return field->WithType(arrow::utf8())->WithMetadata(std::move(metadata));
  }
  arrow::FieldVector members;
  for (const auto& member : field->type()->fields()) members.push_back(WithJsonText(member));
  std::shared_ptr<arrow::DataType> type = Rebuild(*field->type(), std::move(members));
  return type == nullptr ? field : field->WithType(std::move(type));
}

Result<std::shared_ptr<arrow::Array>> ToJsonText(const std::shared_ptr<arrow::Array>& array,
                                                 const arrow::Field& stored) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> data, Convert(array->data(), stored));
  return arrow::MakeArray(std::move(data));
}

}  // namespace lance::scan
