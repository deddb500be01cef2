#include "lance/dataset/verify_siblings.h"

#include <arrow/api.h>

namespace lance {
namespace {

bool IsColumn(const schema::Field& field) {
  return field.children.empty() || field.is_packed_struct() || field.is_blob() || field.is_blob_v2();
}

void AppendColumns(const schema::Field& field, std::vector<schema::Field>* out) {
  if (IsColumn(field)) {
    out->push_back(field);
    return;
  }
  for (const schema::Field& child : field.children) {
    std::vector<schema::Field> below;
    AppendColumns(child, &below);
    for (schema::Field& column : below) {
      schema::Field pruned = field;
      // A map is stored as a list of its entries, and half a map is none.
      if (field.is_map()) pruned.logical_type = "list.struct";
      pruned.children = {std::move(column)};
      out->push_back(std::move(pruned));
    }
  }
}

std::string PathOf(const schema::Field& column) {
  return IsColumn(column) ? column.name : column.name + "." + PathOf(column.children[0]);
}

// Goes down as long as both are the same field. `what` is what a position is called.
Status Compare(const schema::Field& left_field, const arrow::Array& left, const schema::Field& right_field,
               const arrow::Array& right, const std::string& what) {
  if (left_field.id != right_field.id || IsColumn(left_field)) return Status::OK();
  const std::string both = PathOf(left_field) + " and " + PathOf(right_field);
  if (left.length() != right.length()) {
    return Corruption("columns {} disagree: {} and {} values", both, left.length(), right.length());
  }
  for (int64_t i = 0; i < left.length(); ++i) {
    if (left.IsNull(i) != right.IsNull(i)) {
      return Corruption("columns {} disagree: {} {} is null in one of them", both, what, i);
    }
  }
  if (left.type_id() == arrow::Type::STRUCT && right.type_id() == arrow::Type::STRUCT) {
    return Compare(left_field.children[0], *static_cast<const arrow::StructArray&>(left).field(0),
                   right_field.children[0], *static_cast<const arrow::StructArray&>(right).field(0), what);
  }
  auto compare_lists = [&](const auto& a, const auto& b) -> Status {
    for (int64_t i = 0; i < a.length(); ++i) {
      if (a.value_length(i) != b.value_length(i)) {
        return Corruption("columns {} disagree: the list at {} {} has {} and {} items", both, what, i,
                          a.value_length(i), b.value_length(i));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto items_a, a.Flatten());
    ARROW_ASSIGN_OR_RAISE(auto items_b, b.Flatten());
    return Compare(left_field.children[0], *items_a, right_field.children[0], *items_b, "item");
  };
  if (left.type_id() != right.type_id()) return Status::OK();
  switch (left.type_id()) {
    case arrow::Type::LIST:
      return compare_lists(static_cast<const arrow::ListArray&>(left),
                           static_cast<const arrow::ListArray&>(right));
    case arrow::Type::LARGE_LIST:
      return compare_lists(static_cast<const arrow::LargeListArray&>(left),
                           static_cast<const arrow::LargeListArray&>(right));
    default:
      return Status::OK();
  }
}

}  // namespace

std::vector<schema::Field> SiblingCheck::Columns(const schema::Field& field) {
  std::vector<schema::Field> out;
  AppendColumns(field, &out);
  return out;
}

Status SiblingCheck::Next(const schema::Field& column, std::shared_ptr<arrow::Array> array) {
  Status status =
      previous_ == nullptr ? Status::OK() : Compare(previous_field_, *previous_, column, *array, "row");
  previous_field_ = column;
  previous_ = std::move(array);
  return status;
}

}  // namespace lance
