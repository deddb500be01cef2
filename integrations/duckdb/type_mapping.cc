#include "type_mapping.h"

#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/float16.h>

namespace lance::sql {

namespace {

using arrow::Array;
using arrow::ArrayData;
using arrow::DataType;
using arrow::Result;
using arrow::Type;

constexpr int kMaxDecimalDigits = 38;
constexpr const char* kBfloat16 = "lance.bfloat16";

bool IsBfloat16Type(const DataType& type) {
  return type.id() == Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == kBfloat16;
}

}  // namespace

// Without a registered extension type the name is in the field's metadata.
bool IsBfloat16(const arrow::Field& field) {
  if (IsBfloat16Type(*field.type())) return true;
  if (field.metadata() == nullptr) return false;
  const auto name = field.metadata()->Get("ARROW:extension:name");
  return name.ok() && *name == kBfloat16 && field.type()->id() == Type::FIXED_SIZE_BINARY &&
         static_cast<const arrow::FixedSizeBinaryType&>(*field.type()).byte_width() == 2;
}

namespace {

std::shared_ptr<arrow::Field> MapField(const std::shared_ptr<arrow::Field>& field) {
  if (IsBfloat16(*field)) return arrow::field(field->name(), arrow::float32(), field->nullable());
  const auto type = MapType(field->type());
  return type == field->type() ? field : field->WithType(type);
}

arrow::FieldVector MapFields(const DataType& type, bool* changed) {
  arrow::FieldVector fields;
  for (const auto& field : type.fields()) {
    fields.push_back(MapField(field));
    *changed |= fields.back() != field;
  }
  return fields;
}

/// Makes float32 values of 16-bit ones; `widen` turns the bits of one into a float.
template <typename Widen>
Result<std::shared_ptr<Array>> WidenFloats(const ArrayData& data, Widen widen) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(data.length * sizeof(float)));
  const auto* from = data.GetValues<uint16_t>(1);
  auto* to = reinterpret_cast<float*>(values->mutable_data());
  for (int64_t i = 0; i < data.length; i++) to[i] = widen(from[i]);
  std::shared_ptr<arrow::Buffer> validity = data.buffers[0];
  if (validity != nullptr && data.offset != 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(arrow::default_memory_pool(),
                                                                validity->data(), data.offset, data.length));
  }
  return arrow::MakeArray(ArrayData::Make(arrow::float32(), data.length, {validity, values}));
}

Result<std::shared_ptr<Array>> FromHalf(const ArrayData& data) {
  return WidenFloats(data, [](uint16_t bits) { return arrow::util::Float16::FromBits(bits).ToFloat(); });
}

Result<std::shared_ptr<Array>> FromBfloat16(const ArrayData& data) {
  return WidenFloats(data, [](uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  });
}

// Offsets and validity stay; only the children change.
Result<std::shared_ptr<Array>> MapChildren(const ArrayData& data, const std::shared_ptr<DataType>& type) {
  auto mapped = data.Copy();
  mapped->type = type;
  for (size_t i = 0; i < mapped->child_data.size(); i++) {
    const auto& from = *data.type->field(static_cast<int>(i));
    std::shared_ptr<Array> child;
    if (IsBfloat16(from)) {
      ARROW_ASSIGN_OR_RAISE(child, FromBfloat16(*mapped->child_data[i]));
    } else {
      ARROW_ASSIGN_OR_RAISE(child, MapArray(arrow::MakeArray(mapped->child_data[i])));
    }
    mapped->child_data[i] = child->data();
  }
  return arrow::MakeArray(mapped);
}

}  // namespace

std::shared_ptr<DataType> MapType(const std::shared_ptr<DataType>& type) {
  bool changed = false;
  switch (type->id()) {
    case Type::HALF_FLOAT:
      return arrow::float32();
    case Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      if (decimal.precision() > kMaxDecimalDigits) return arrow::utf8();
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    case Type::LIST: {
      const auto fields = MapFields(*type, &changed);
      return changed ? arrow::list(fields[0]) : type;
    }
    case Type::LARGE_LIST: {
      const auto fields = MapFields(*type, &changed);
      return changed ? arrow::large_list(fields[0]) : type;
    }
    case Type::FIXED_SIZE_LIST: {
      const auto fields = MapFields(*type, &changed);
      const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
      return changed ? arrow::fixed_size_list(fields[0], list.list_size()) : type;
    }
    case Type::STRUCT: {
      const auto fields = MapFields(*type, &changed);
      return changed ? arrow::struct_(fields) : type;
    }
    case Type::MAP: {
      const auto fields = MapFields(*type, &changed);
      if (!changed) return type;
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(fields[0], map.keys_sorted());
    }
    case Type::EXTENSION: {
      if (IsBfloat16Type(*type)) return arrow::float32();
      const auto& storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
      const auto mapped = MapType(storage);
      return mapped == storage ? type : mapped;
    }
    default:
      return type;
  }
}

Result<std::shared_ptr<Array>> MapArray(const std::shared_ptr<Array>& array) {
  const auto type = MapType(array->type());
  if (type == array->type()) return array;
  switch (array->type_id()) {
    case Type::HALF_FLOAT:
      return FromHalf(*array->data());
    case Type::DECIMAL256:
      return arrow::compute::Cast(*array, type);
    case Type::EXTENSION: {
      const auto& storage = static_cast<const arrow::ExtensionArray&>(*array).storage();
      return IsBfloat16Type(*array->type()) ? FromBfloat16(*storage->data()) : MapArray(storage);
    }
    default:
      return MapChildren(*array->data(), type);
  }
}

Result<TypeMapping> TypeMapping::Make(const std::shared_ptr<arrow::Schema>& schema) {
  TypeMapping mapping;
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) {
    fields.push_back(MapField(field));
    mapping.identity_ &= fields.back() == field;
  }
  mapping.target_ = mapping.identity_ ? schema : arrow::schema(fields, schema->metadata());
  if (!mapping.identity_) ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  return mapping;
}

Result<std::shared_ptr<arrow::RecordBatch>> TypeMapping::Apply(
    const std::shared_ptr<arrow::RecordBatch>& batch) const {
  if (identity_) return batch;
  arrow::ArrayVector columns;
  for (int i = 0; i < batch->num_columns(); i++) {
    if (IsBfloat16(*batch->schema()->field(i)) && batch->column(i)->type_id() == Type::FIXED_SIZE_BINARY) {
      ARROW_ASSIGN_OR_RAISE(auto column, FromBfloat16(*batch->column_data(i)));
      columns.push_back(std::move(column));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto column, MapArray(batch->column(i)));
      columns.push_back(std::move(column));
    }
  }
  return arrow::RecordBatch::Make(target_, batch->num_rows(), std::move(columns));
}

}  // namespace lance::sql
