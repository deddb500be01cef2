#include "write/arrow_rows.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/api.h>

#include "dataset_arguments.h"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "write/fit_array.h"

namespace lance::sql {

namespace {

using arrow::DataType;
using arrow::Field;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

constexpr uint64_t kMaxBatchRows = 122'880;  // DuckDB's row group
constexpr uint64_t kBatchBytes = 32 << 20;

// Throws for types without a place in Lance, at any depth.
void CheckType(const LogicalType& type, const std::string& column) {
  switch (type.id()) {
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::TIME_NS:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM:
    case LogicalTypeId::UNION:
    case LogicalTypeId::VARIANT:
      throw duckdb::NotImplementedException("column \"%s\": Lance has no type for %s; cast it", column,
                                            type.ToString());
    case LogicalTypeId::LIST:
      return CheckType(duckdb::ListType::GetChildType(type), column);
    case LogicalTypeId::ARRAY:
      return CheckType(duckdb::ArrayType::GetChildType(type), column);
    case LogicalTypeId::MAP:
      CheckType(duckdb::MapType::KeyType(type), column);
      return CheckType(duckdb::MapType::ValueType(type), column);
    case LogicalTypeId::STRUCT:
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) CheckType(child, column);
      return;
    default:
      return;
  }
}

// A guess, for the size of batches.
uint64_t RowBytes(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::ARRAY:
      return duckdb::ArrayType::GetSize(type) * RowBytes(duckdb::ArrayType::GetChildType(type));
    case LogicalTypeId::LIST:
      return 8 * RowBytes(duckdb::ListType::GetChildType(type));
    case LogicalTypeId::MAP:
      return 8 * (RowBytes(duckdb::MapType::KeyType(type)) + RowBytes(duckdb::MapType::ValueType(type)));
    case LogicalTypeId::STRUCT: {
      uint64_t sum = 1;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) sum += RowBytes(child);
      return sum;
    }
    case LogicalTypeId::BLOB:
      return 256;
    case LogicalTypeId::VARCHAR:
      return 32;
    default:
      return 8;
  }
}

using RenameOrDecode = std::shared_ptr<DataType> (*)(const std::shared_ptr<DataType>&);

std::shared_ptr<DataType> Rebuild(const std::shared_ptr<DataType>& type, RenameOrDecode change) {
  switch (type->id()) {
    case arrow::Type::LIST:
      return arrow::list(arrow::field("item", change(type->field(0)->type())));
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(arrow::field("item", change(type->field(0)->type())));
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(arrow::field("item", change(type->field(0)->type())),
                                    static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(field->WithType(change(field->type())));
      return arrow::struct_(fields);
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(arrow::field("key", change(map.key_type()), /*nullable=*/false),
                                              arrow::field("value", change(map.item_type())));
    }
    default:
      return type;
  }
}

// The same layout with the names that Arrow's own builders and the reference give.
std::shared_ptr<DataType> RenameMembers(const std::shared_ptr<DataType>& type) {
  return Rebuild(type, RenameMembers);
}

std::shared_ptr<DataType> DecodeEnums(const std::shared_ptr<DataType>& type) {
  if (type->id() == arrow::Type::DICTIONARY) {
    return static_cast<const arrow::DictionaryType&>(*type).value_type();
  }
  return Rebuild(type, DecodeEnums);
}

// HUGEINT has values past the 38 digits of a decimal.
void CheckHugeints(const duckdb::vector<LogicalType>& types, const arrow::RecordBatch& batch) {
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i].id() != LogicalTypeId::HUGEINT) continue;
    ThrowIfFailed(batch.column(static_cast<int>(i))->ValidateFull());
  }
}

}  // namespace

ArrowRows::ArrowRows(duckdb::ClientContext& context, const duckdb::vector<LogicalType>& types,
                     const duckdb::vector<std::string>& names)
    : types_(types) {
  uint64_t row_bytes = 1;
  for (size_t i = 0; i < types.size(); ++i) {
    CheckType(types[i], names[i]);
    row_bytes += RowBytes(types[i]);
  }
  batch_rows_ = std::clamp<uint64_t>(kBatchBytes / row_bytes, STANDARD_VECTOR_SIZE, kMaxBatchRows);
  // The session's settings of Arrow output say nothing about tables.
  properties_ = duckdb::ClientProperties();
  properties_.client_context = &context;
  duckdb::ArrowSchemaWrapper exported;
  duckdb::ArrowConverter::ToArrowSchema(&exported.arrow_schema, types, names, properties_);
  const auto schema = ValueOrThrow(arrow::ImportSchema(&exported.arrow_schema));
  ThrowIfFailed(arrow::compute::Initialize());
  arrow::FieldVector given, written;
  for (const auto& field : schema->fields()) {
    given.push_back(field->WithType(RenameMembers(field->type())));
    written.push_back(field->WithType(DecodeEnums(given.back()->type())));
  }
  given_ = arrow::schema(given);
  schema_ = arrow::schema(written);
}

void ArrowRows::FitTo(const arrow::Schema& table) {
  arrow::FieldVector fields;
  for (const auto& field : schema_->fields()) {
    const auto target = table.GetFieldByName(field->name());
    if (target == nullptr) {
      throw duckdb::BinderException("the table has no column \"%s\"", field->name());
    }
    fields.push_back(target);
  }
  schema_ = arrow::schema(fields);
}

void ArrowRows::SetNotNull(size_t column) {
  const int i = static_cast<int>(column);
  schema_ = ValueOrThrow(schema_->SetField(i, schema_->field(i)->WithNullable(false)));
}

void ArrowRows::Builder::Append(duckdb::DataChunk& chunk) {
  if (!appender_) {
    appender_ = duckdb::make_uniq<duckdb::ArrowAppender>(
        rows_.types_, rows_.batch_rows_, rows_.properties_,
        duckdb::unordered_map<duckdb::idx_t, const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>());
  }
  appender_->Append(chunk, 0, chunk.size(), chunk.size());
}

std::shared_ptr<arrow::RecordBatch> ArrowRows::Builder::Finish() {
  if (!appender_) return nullptr;
  ArrowArray array = appender_->Finalize();
  appender_.reset();
  const auto batch = ValueOrThrow(arrow::ImportRecordBatch(&array, rows_.given_));
  CheckHugeints(rows_.types_, *batch);
  arrow::ArrayVector columns;
  for (int i = 0; i < batch->num_columns(); ++i) {
    columns.push_back(ValueOrThrow(FitArray(batch->column(i), *rows_.schema_->field(i))));
  }
  return arrow::RecordBatch::Make(rows_.schema_, batch->num_rows(), std::move(columns));
}

}  // namespace lance::sql
