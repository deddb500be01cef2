#include "lance/scan/read/field_parts.h"

#include <arrow/api.h>

namespace lance::scan {
namespace {

using Part = std::pair<const schema::Field*, std::shared_ptr<arrow::ArrayData>>;

// Only plain structs are spread over files; everything else lives in one.
bool CanSplit(const schema::Field& field) {
  return field.is_struct() && !field.children.empty() && !field.is_packed_struct() && !field.is_blob();
}

bool HoldsAny(const schema::Field& field, const FieldIds& ids) {
  if (ids.contains(field.id)) return true;
  for (const schema::Field& child : field.children) {
    if (HoldsAny(child, ids)) return true;
  }
  return false;
}

}  // namespace

std::optional<schema::Field> HeldPart(const schema::Field& field, const FieldIds& ids) {
  if (!CanSplit(field)) {
    if (!HoldsAny(field, ids)) return std::nullopt;
    return field;
  }
  // A 2.0 file lists the struct's own header column as well; without a member it says nothing by itself.
  schema::Field held = field;
  held.children.clear();
  for (const schema::Field& child : field.children) {
    if (std::optional<schema::Field> part = HeldPart(child, ids)) held.children.push_back(std::move(*part));
  }
  if (held.children.empty()) return std::nullopt;
  return held;
}

Result<std::shared_ptr<arrow::ArrayData>> MergeParts(const schema::Field& field,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     std::span<const Part> parts, int64_t length) {
  if (parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> nulls, arrow::MakeArrayOfNull(type, length));
    return nulls->data();
  }
  if (!CanSplit(field)) return parts.front().second;
  if (type->num_fields() != static_cast<int>(field.children.size())) {
    return Internal("struct '{}' has {} members and the Arrow type {}", field.name, field.children.size(),
                    type->num_fields());
  }
  std::shared_ptr<arrow::ArrayData> merged = parts.front().second->Copy();
  merged->type = type;
  merged->child_data.clear();
  for (size_t i = 0; i < field.children.size(); ++i) {
    const schema::Field& child = field.children[i];
    std::vector<Part> holders;
    for (const auto& [part_field, data] : parts) {
      for (size_t j = 0; j < part_field->children.size(); ++j) {
        if (part_field->children[j].id != child.id) continue;
        std::shared_ptr<arrow::ArrayData> member = data->child_data[j];
        // Members carry no offset of their parent; give all parts the same frame.
        if (data->offset != 0 || member->length != length) member = member->Slice(data->offset, length);
        holders.emplace_back(&part_field->children[j], std::move(member));
      }
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> member,
                          MergeParts(child, type->field(static_cast<int>(i))->type(), holders, length));
    merged->child_data.push_back(std::move(member));
  }
  if (merged->offset != 0) {
    // The validity bits start at the first part's offset while the members now start at 0.
    if (merged->buffers[0] != nullptr) {
      ARROW_ASSIGN_OR_RAISE(merged->buffers[0],
                            arrow::internal::CopyBitmap(arrow::default_memory_pool(),
                                                        merged->buffers[0]->data(), merged->offset, length));
    }
    merged->offset = 0;
  }
  return merged;
}

}  // namespace lance::scan
