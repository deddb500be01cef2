#include "lance/scan/take.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/expr/expr.h"
#include "lance/scan/plan/json_columns.h"
#include "lance/scan/plan/output.h"

namespace lance::scan {
namespace {

std::shared_ptr<arrow::KeyValueMetadata> ToMetadata(const schema::Metadata& metadata) {
  if (metadata.empty()) return nullptr;
  auto out = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : metadata) out->Append(key, value);
  return out;
}

bool IsSchemaProjection(const ScanOptions& options) {
  return !options.columns.has_value() ||
         std::all_of(options.columns->begin(), options.columns->end(), [](const ScanOptions::Column& column) {
           return column.expression.empty() || column.expression == column.name;
         });
}

OutputColumn Pick(const Column& column, bool stored_json) {
  const bool as_text = !stored_json && HasJson(*column.arrow);
  return {as_text ? WithJsonText(column.arrow) : column.arrow,
          column.name(),
          {},
          nullptr,
          column.name(),
          as_text ? column.arrow : nullptr};
}

}  // namespace

Taker::Taker(std::shared_ptr<const ReadContext> context, Projection projection)
    : context_(std::move(context)),
      projection_(std::move(projection)),
      columns_(context_->columns.columns.size()),
      read_schema_(context_->columns.ArrowSchema()),
      plain_(projection_.schema->Equals(*read_schema_, /*check_metadata=*/false)),
      reader_(context_) {
  std::iota(columns_.begin(), columns_.end(), 0);
}

Result<std::shared_ptr<Taker>> Taker::Make(std::shared_ptr<const table::Snapshot> snapshot,
                                           const ScanOptions& options) {
  const schema::Schema& table = snapshot->manifest().schema;
  auto context = std::make_shared<ReadContext>();
  context->blobs = HandlingOf(options.blobs);
  ColumnSetBuilder builder(table, context->blobs);
  Projection projection;
  if (IsSchemaProjection(options)) {
    if (options.columns.has_value()) {
      for (const ScanOptions::Column& column : *options.columns)
        ARROW_RETURN_NOT_OK(builder.Add(column.name));
    } else {
      // Back-quotes keep a name with a dot in one piece.
      for (const schema::Field& field : table.fields) ARROW_RETURN_NOT_OK(builder.Add(field.name));
    }
    if (options.with_row_id) builder.Add(ColumnSource::kRowId);
    if (options.with_row_address) builder.Add(ColumnSource::kRowAddress);
    ARROW_ASSIGN_OR_RAISE(context->columns, builder.Finish());
    for (const Column& column : context->columns.columns) {
      if (column.source == ColumnSource::kDistance || column.source == ColumnSource::kQueryIndex) {
        return InvalidArgument("No field named {}.", column.name());
      }
      projection.columns.push_back(Pick(column, options.stored_json));
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(Output output, MakeOutput(table, options, context->blobs, /*batch_search=*/false));
    for (const std::string& path : output.paths) ARROW_RETURN_NOT_OK(builder.Add(path));
    ARROW_ASSIGN_OR_RAISE(context->columns, builder.Finish());
    projection.columns = std::move(output.columns);
  }
  arrow::FieldVector fields;
  for (const OutputColumn& column : projection.columns) fields.push_back(column.field);
  projection.schema = arrow::schema(std::move(fields), ToMetadata(table.metadata));
  context->snapshot = std::move(snapshot);
  return std::shared_ptr<Taker>(new Taker(std::move(context), std::move(projection)));
}

Result<std::shared_ptr<arrow::Table>> Taker::Take(std::span<const uint64_t> addresses) {
  ARROW_ASSIGN_OR_RAISE(auto columns, reader_.ReadChunked(addresses, columns_));
  const auto rows = static_cast<int64_t>(addresses.size());
  auto table = arrow::Table::Make(read_schema_, std::move(columns), rows);
  if (plain_) return table->ReplaceSchemaMetadata(projection_.schema->metadata());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, table->CombineChunksToBatch());
  ARROW_ASSIGN_OR_RAISE(batch, projection_.Apply(*batch));
  return arrow::Table::Make(projection_.schema, batch->columns(), batch->num_rows());
}

}  // namespace lance::scan
