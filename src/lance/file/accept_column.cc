#include "lance/file/accept_column.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/extension_type.h>

namespace lance::file {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

const TypePtr& Storage(const TypePtr& type) {
  if (type->id() != arrow::Type::EXTENSION) return type;
  return Storage(static_cast<const arrow::ExtensionType&>(*type).storage_type());
}

bool IsView(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING_VIEW || type.id() == arrow::Type::BINARY_VIEW;
}

bool HasView(const TypePtr& type) {
  const TypePtr& storage = Storage(type);
  if (IsView(*storage)) return true;
  if (storage->id() == arrow::Type::DICTIONARY) {
    return HasView(static_cast<const arrow::DictionaryType&>(*storage).value_type());
  }
  return std::any_of(storage->fields().begin(), storage->fields().end(),
                     [](const auto& field) { return HasView(field->type()); });
}

// Whether arrays of `actual` can be stored as `wanted`: names of list items, nullability and metadata do not
// matter, members of structs are found by name.
bool Fits(const TypePtr& wanted_type, const TypePtr& actual_type) {
  const TypePtr& wanted = Storage(wanted_type);
  const TypePtr& actual = Storage(actual_type);
  if (wanted->id() == arrow::Type::STRUCT && actual->id() == arrow::Type::STRUCT) {
    return std::all_of(wanted->fields().begin(), wanted->fields().end(), [&](const auto& member) {
      for (const auto& candidate : actual->fields()) {
        if (candidate->name() == member->name()) return Fits(member->type(), candidate->type());
      }
      return false;
    });
  }
  if (IsView(*actual)) {
    return wanted->id() ==
           (actual->id() == arrow::Type::STRING_VIEW ? arrow::Type::STRING : arrow::Type::BINARY);
  }
  if (wanted->id() != actual->id()) return false;
  switch (wanted->id()) {
    case arrow::Type::FIXED_SIZE_LIST:
      if (static_cast<const arrow::FixedSizeListType&>(*wanted).list_size() !=
          static_cast<const arrow::FixedSizeListType&>(*actual).list_size()) {
        return false;
      }
      [[fallthrough]];
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
      return Fits(wanted->field(0)->type(), actual->field(0)->type());
    case arrow::Type::MAP: {
      // Keys and items go by their place: their names vary.
      const auto& left = static_cast<const arrow::MapType&>(*wanted);
      const auto& right = static_cast<const arrow::MapType&>(*actual);
      return Fits(left.key_type(), right.key_type()) && Fits(left.item_type(), right.item_type());
    }
    case arrow::Type::DICTIONARY: {
      const auto& left = static_cast<const arrow::DictionaryType&>(*wanted);
      const auto& right = static_cast<const arrow::DictionaryType&>(*actual);
      return Fits(left.index_type(), right.index_type()) && Fits(left.value_type(), right.value_type());
    }
    default:
      return wanted->Equals(*actual);
  }
}

// The array with the names that the schema gives to the keys and values of maps.
std::shared_ptr<arrow::ArrayData> RenameMaps(const TypePtr& wanted_type,
                                             std::shared_ptr<arrow::ArrayData> data) {
  const TypePtr& wanted = Storage(wanted_type);
  if (wanted->num_fields() == 0 || data->child_data.empty()) return data;
  auto out = data->Copy();
  if (wanted->id() == arrow::Type::STRUCT) {
    const auto& fields = Storage(data->type)->fields();
    for (const auto& member : wanted->fields()) {
      for (size_t i = 0; i < fields.size(); ++i) {
        if (fields[i]->name() != member->name()) continue;
        out->child_data[i] = RenameMaps(member->type(), out->child_data[i]);
        break;
      }
    }
    return out;
  }
  if (wanted->id() == arrow::Type::MAP) {
    auto entries = out->child_data[0]->Copy();
    const auto& names = static_cast<const arrow::MapType&>(*wanted).value_type()->fields();
    for (size_t i = 0; i < 2; ++i)
      entries->child_data[i] = RenameMaps(names[i]->type(), entries->child_data[i]);
    entries->type = arrow::struct_({arrow::field(names[0]->name(), entries->child_data[0]->type),
                                    arrow::field(names[1]->name(), entries->child_data[1]->type)});
    out->child_data[0] = std::move(entries);
    return out;
  }
  out->child_data[0] = RenameMaps(wanted->field(0)->type(), out->child_data[0]);
  return out;
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> AcceptColumn(const schema::Field& field,
                                                       const std::shared_ptr<arrow::Array>& array) {
  ARROW_ASSIGN_OR_RAISE(TypePtr wanted, field.ArrowType());
  if (!Fits(wanted, array->type())) {
    return InvalidArgument("column {} has the type {}, the schema says {}", field.name,
                           array->type()->ToString(), wanted->ToString());
  }
  std::shared_ptr<arrow::ArrayData> data = array->data();
  if (HasView(array->type())) {
    ARROW_ASSIGN_OR_RAISE(auto plain, arrow::compute::Cast(*array, wanted));
    data = plain->data();
  }
  return RenameMaps(wanted, std::move(data));
}

}  // namespace lance::file
