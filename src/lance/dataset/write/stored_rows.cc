#include "lance/dataset/write/stored_rows.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/encoding/core/blob.h"
#include "lance/schema/jsonb.h"

namespace lance::dataset {
namespace {

using DataPtr = std::shared_ptr<arrow::ArrayData>;

template <typename TextArray>
Result<DataPtr> EncodeJson(const TextArray& texts, const std::string& name) {
  arrow::LargeBinaryBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(texts.length()));
  std::string bytes;
  for (int64_t row = 0; row < texts.length(); ++row) {
    if (texts.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    bytes.clear();
    const std::string_view text = texts.GetView(row);
    // The reference takes no text for null.
    Status status = schema::AppendJsonb(text.empty() ? "null" : text, &bytes);
    if (!status.ok()) return WithContext(status, fmt::format("column '{}', row {}", name, row));
    ARROW_RETURN_NOT_OK(builder.Append(bytes));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> out, builder.Finish());
  return out->data();
}

// Bytes as values of a blob v2 column.
Result<DataPtr> WrapBlobs(const DataPtr& bytes) {
  std::vector<DataPtr> members = {bytes};
  const auto& type = encoding::WritableBlobType();
  for (int i = 1; i < type->num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type->field(i)->type(), bytes->length));
    members.push_back(nulls->data());
  }
  std::shared_ptr<arrow::Buffer> validity = bytes->buffers[0];
  if (validity != nullptr && bytes->offset != 0) {
    ARROW_ASSIGN_OR_RAISE(
        validity, arrow::internal::CopyBitmap(arrow::default_memory_pool(), validity->data(), bytes->offset,
                                              bytes->length));
  }
  return arrow::ArrayData::Make(type, bytes->length, {std::move(validity)}, std::move(members),
                                bytes->null_count.load());
}

bool NeedsChange(const arrow::DataType& type, const schema::Field& field);

// Children of a field that has its own in the schema, by Arrow's rules.
const schema::Field* ChildOf(const schema::Field& field, const arrow::Field& member, int index) {
  if (field.is_struct()) return field.FindChild(member.name());
  return static_cast<size_t>(index) < field.children.size() ? &field.children[static_cast<size_t>(index)]
                                                            : nullptr;
}

bool AnyChildNeedsChange(const arrow::DataType& type, const schema::Field& field) {
  for (int i = 0; i < type.num_fields(); ++i) {
    const schema::Field* child = ChildOf(field, *type.field(i), i);
    if (child != nullptr && NeedsChange(*type.field(i)->type(), *child)) return true;
  }
  return false;
}

bool NeedsChange(const arrow::DataType& type, const schema::Field& field) {
  if (type.id() == arrow::Type::EXTENSION) return true;
  if (field.logical_type == "json") return type.id() != arrow::Type::LARGE_BINARY;
  if (field.is_blob_v2()) return type.id() == arrow::Type::LARGE_BINARY;
  return AnyChildNeedsChange(type, field);
}

std::shared_ptr<arrow::DataType> WithMembers(const arrow::DataType& type, arrow::FieldVector members) {
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

Result<DataPtr> Convert(DataPtr data, const schema::Field& field, const std::string& name) {
  if (data->type->id() == arrow::Type::EXTENSION) {
    DataPtr storage = data->Copy();
    storage->type = static_cast<const arrow::ExtensionType&>(*data->type).storage_type();
    return Convert(std::move(storage), field, name);
  }
  if (!NeedsChange(*data->type, field)) return data;
  if (field.logical_type == "json") {
    if (data->type->id() == arrow::Type::STRING) return EncodeJson(arrow::StringArray(data), name);
    if (data->type->id() == arrow::Type::LARGE_STRING) return EncodeJson(arrow::LargeStringArray(data), name);
    return InvalidArgument("column '{}' of JSON needs text, not {}", name, data->type->ToString());
  }
  if (field.is_blob_v2()) return WrapBlobs(data);
  DataPtr out = data->Copy();
  arrow::FieldVector members = data->type->fields();
  for (size_t i = 0; i < members.size(); ++i) {
    const schema::Field* child = ChildOf(field, *members[i], static_cast<int>(i));
    if (child == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(out->child_data[i],
                          Convert(data->child_data[i], *child, name + "." + members[i]->name()));
    members[i] = members[i]->WithType(out->child_data[i]->type);
  }
  out->type = WithMembers(*data->type, std::move(members));
  if (out->type == nullptr)
    return NotSupported("writing column '{}' of type {}", name, data->type->ToString());
  return out;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ToStoredRows(std::shared_ptr<arrow::RecordBatch> batch,
                                                         const schema::Schema& schema) {
  for (int i = 0; i < batch->num_columns(); ++i) {
    const std::shared_ptr<arrow::Field>& column = batch->schema()->field(i);
    const schema::Field* field = schema.FindTopLevel(column->name());
    if (field == nullptr || !NeedsChange(*column->type(), *field)) continue;
    ARROW_ASSIGN_OR_RAISE(DataPtr stored, Convert(batch->column_data(i), *field, column->name()));
    ARROW_ASSIGN_OR_RAISE(
        batch, batch->SetColumn(i, column->WithType(stored->type), arrow::MakeArray(std::move(stored))));
  }
  return batch;
}

}  // namespace lance::dataset
