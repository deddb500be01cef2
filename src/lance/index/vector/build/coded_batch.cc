#include "lance/index/vector/build/coded_batch.h"

#include <arrow/api.h>

#include "lance/index/vector/build/column_builders.h"
#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

arrow::FieldVector CodedFields(size_t code_bytes) {
  const auto code =
      arrow::fixed_size_list(arrow::field("item", arrow::uint8()), static_cast<int32_t>(code_bytes));
  return {arrow::field(kRowIdColumn, arrow::uint64()), arrow::field(kPartitionColumn, arrow::uint32()),
          arrow::field(kPqColumn, code, /*nullable=*/false)};
}

// The fields of rows of either schema.
const arrow::FieldVector& RowFields(const arrow::Schema& schema) {
  if (schema.num_fields() == 1 && schema.field(0)->type()->id() == arrow::Type::LIST) {
    return schema.field(0)->type()->field(0)->type()->fields();
  }
  return schema.fields();
}

// `columns`: row ids, partitions and codes, of the types that CodeBytesOf asks for.
Status AppendColumns(const arrow::ArrayVector& columns, PartitionedRows* rows) {
  for (const auto& column : columns) {
    LANCE_CHECK_ARG(column->null_count() == 0, "coded vectors must not have nulls, {} of type {} found",
                    column->null_count(), column->type()->ToString());
  }
  const auto& row_ids = static_cast<const arrow::UInt64Array&>(*columns[0]);
  const auto& partitions = static_cast<const arrow::UInt32Array&>(*columns[1]);
  const auto& codes = static_cast<const arrow::FixedSizeListArray&>(*columns[2]);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, codes.Flatten());
  LANCE_CHECK_ARG(bytes->null_count() == 0, "codes must not have nulls");
  for (int64_t row = 0; row < partitions.length(); ++row) {
    LANCE_CHECK_ARG(partitions.Value(row) < rows->num_partitions(),
                    "a coded vector is in partition {}, but there are {} centroids", partitions.Value(row),
                    rows->num_partitions());
  }
  return rows->Append({partitions.raw_values(), static_cast<size_t>(partitions.length())},
                      row_ids.raw_values(), static_cast<const arrow::UInt8Array&>(*bytes).raw_values());
}

}  // namespace

std::shared_ptr<arrow::Schema> CodedSchema(size_t code_bytes) {
  return arrow::schema(CodedFields(code_bytes));
}

std::shared_ptr<arrow::RecordBatch> ToCodedBatch(CodedRows rows, size_t code_bytes) {
  const auto count = static_cast<int64_t>(rows.row_ids.size());
  auto partitions =
      std::make_shared<arrow::UInt32Array>(count, arrow::Buffer::FromVector(std::move(rows.partitions)));
  return arrow::RecordBatch::Make(
      CodedSchema(code_bytes), count,
      {RowIdColumn(std::move(rows.row_ids)), std::move(partitions),
       ListColumn(arrow::uint8(), static_cast<int32_t>(code_bytes), std::move(rows.codes), count)});
}

std::shared_ptr<arrow::Schema> PartitionListSchema(size_t code_bytes) {
  return arrow::schema({arrow::field(
      "partitions", arrow::list(arrow::field("item", arrow::struct_(CodedFields(code_bytes)))))});
}

std::shared_ptr<arrow::RecordBatch> ToPartitionList(uint32_t partition, PartitionRecords rows,
                                                    size_t code_bytes) {
  const auto count = static_cast<int32_t>(rows.row_ids.size());
  CodedRows coded;
  coded.partitions.assign(rows.row_ids.size(), partition);
  coded.row_ids = std::move(rows.row_ids);
  coded.codes = std::move(rows.records);
  const auto batch = ToCodedBatch(std::move(coded), code_bytes);
  auto inner =
      std::make_shared<arrow::StructArray>(arrow::struct_(CodedFields(code_bytes)), count, batch->columns());
  auto schema = PartitionListSchema(code_bytes);
  auto lists = std::make_shared<arrow::ListArray>(
      schema->field(0)->type(), 1, arrow::Buffer::FromVector(std::vector<int32_t>{0, count}), inner);
  return arrow::RecordBatch::Make(std::move(schema), 1, {std::move(lists)});
}

Result<size_t> CodeBytesOf(const arrow::Schema& schema) {
  const arrow::FieldVector& fields = RowFields(schema);
  const bool well = fields.size() == 3 && fields[0]->type()->id() == arrow::Type::UINT64 &&
                    fields[1]->type()->id() == arrow::Type::UINT32 &&
                    fields[2]->type()->id() == arrow::Type::FIXED_SIZE_LIST &&
                    fields[2]->type()->field(0)->type()->id() == arrow::Type::UINT8;
  LANCE_CHECK_ARG(
      well,
      "coded vectors have the columns {} (uint64), {} (uint32) and {} (fixed size lists of uint8), "
      "or one list of these; got: {}",
      kRowIdColumn, kPartitionColumn, kPqColumn, schema.ToString());
  return static_cast<size_t>(static_cast<const arrow::FixedSizeListType&>(*fields[2]->type()).list_size());
}

Status AppendCoded(arrow::RecordBatchReader& reader, PartitionedRows* rows) {
  const bool lists = reader.schema()->num_fields() == 1;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader.Next());
    if (batch == nullptr) return Status::OK();
    if (!lists) {
      ARROW_RETURN_NOT_OK(AppendColumns(batch->columns(), rows));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const auto items,
                          static_cast<const arrow::ListArray&>(*batch->column(0)).Flatten());
    LANCE_CHECK_ARG(items->null_count() == 0, "coded vectors must not have nulls");
    ARROW_ASSIGN_OR_RAISE(const auto columns, static_cast<const arrow::StructArray&>(*items).Flatten());
    ARROW_RETURN_NOT_OK(AppendColumns(columns, rows));
  }
}

}  // namespace lance::index
