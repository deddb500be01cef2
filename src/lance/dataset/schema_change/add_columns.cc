#include <algorithm>
#include <set>

#include <arrow/api.h>

#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/expr/expr.h"
#include "lance/expr/logical.h"
#include "lance/scan/plan/planner.h"
#include "lance/scan/scanner_impl.h"
#include "lance/schema_change.h"
#include "lance/table/commit.h"

namespace lance {
namespace {

using dataset::AddColumnValues;

constexpr const char* kComputedOnMemWal =
    "cannot add a computed column to a table with a MemWAL attached: rows still in the WAL would read null "
    "for "
    "it. Add it as all-nulls, or drop the MemWAL first.";

// Rows a batch for functions when nothing else is asked for, as the reference has it.
constexpr int64_t kFunctionBatchRows = 1024;

// Whether an expression can be null, by the rules of the reference's planner.
bool IsNullable(const expr::Logical& node, const arrow::Schema& schema) {
  const auto any_child = [&] {
    return std::any_of(node.children.begin(), node.children.end(),
                       [&](const expr::LogicalPtr& child) { return IsNullable(*child, schema); });
  };
  switch (node.kind) {
    case expr::LogicalKind::kColumn:
      return schema.field(node.index)->nullable();
    case expr::LogicalKind::kLiteral:
      return !node.literal->is_valid;
    case expr::LogicalKind::kIs:
      return false;
    case expr::LogicalKind::kBinary:
      if (node.op == expr::Op::kDistinct || node.op == expr::Op::kNotDistinct) return false;
      return any_child();
    case expr::LogicalKind::kNot:
    case expr::LogicalKind::kNegative:
    case expr::LogicalKind::kCast:
    case expr::LogicalKind::kInList:
    case expr::LogicalKind::kBetween:
    case expr::LogicalKind::kLike:
      return any_child();
    default:
      return true;
  }
}

// A reader whose batches carry another schema of the same types.
class RelabelReader : public arrow::RecordBatchReader {
 public:
  RelabelReader(std::shared_ptr<arrow::RecordBatchReader> input, std::shared_ptr<arrow::Schema> schema)
      : input_(std::move(input)), schema_(std::move(schema)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
    if (*batch != nullptr) {
      *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), (*batch)->columns());
    }
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> input_;
  std::shared_ptr<arrow::Schema> schema_;
};

// Hands batches that end where fragments do to a function.
class FunctionReader : public arrow::RecordBatchReader {
 public:
  FunctionReader(std::shared_ptr<arrow::RecordBatchReader> input, std::shared_ptr<arrow::Schema> schema,
                 const ColumnFunction& function, const table::Manifest& manifest,
                 std::shared_ptr<const std::vector<uint64_t>> live_starts, int64_t batch_rows)
      : input_(std::move(input)),
        schema_(std::move(schema)),
        function_(function),
        manifest_(manifest),
        live_starts_(std::move(live_starts)),
        batch_rows_(batch_rows) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    while (batch_ == nullptr || batch_->num_rows() == 0) {
      ARROW_RETURN_NOT_OK(input_->ReadNext(&batch_));
      if (batch_ == nullptr) {
        *out = nullptr;
        return Status::OK();
      }
    }
    while (row_ >= (*live_starts_)[fragment_ + 1]) {
      ++fragment_;
      batch_index_ = 0;
    }
    const uint64_t start = (*live_starts_)[fragment_];
    const auto left = static_cast<int64_t>((*live_starts_)[fragment_ + 1] - row_);
    const int64_t rows = std::min({batch_->num_rows(), left, batch_rows_});
    ColumnBatchInfo info;
    info.fragment_id = manifest_.fragments[fragment_].id;
    info.batch_index = batch_index_++;
    info.first_row = static_cast<int64_t>(row_ - start);
    ARROW_ASSIGN_OR_RAISE(auto computed, function_(batch_->Slice(0, rows), info));
    batch_ = batch_->Slice(rows);
    row_ += static_cast<uint64_t>(rows);
    LANCE_CHECK_ARG(computed != nullptr && computed->num_rows() == rows,
                    "the function gave {} rows for a batch of {}",
                    computed == nullptr ? 0 : computed->num_rows(), rows);
    ARROW_ASSIGN_OR_RAISE(*out, Select(*computed));
    return Status::OK();
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Select(const arrow::RecordBatch& computed) const {
    LANCE_CHECK_ARG(computed.num_columns() == schema_->num_fields(),
                    "the function gave {} columns, its schema has {}", computed.num_columns(),
                    schema_->num_fields());
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      auto column = computed.GetColumnByName(field->name());
      LANCE_CHECK_ARG(column != nullptr, "the function gave no column '{}'", field->name());
      LANCE_CHECK_ARG(column->type()->Equals(*field->type()), "the function gave column '{}' as {}, not {}",
                      field->name(), column->type()->ToString(), field->type()->ToString());
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, computed.num_rows(), std::move(columns));
  }

  std::shared_ptr<arrow::RecordBatchReader> input_;
  std::shared_ptr<arrow::Schema> schema_;
  const ColumnFunction& function_;
  const table::Manifest& manifest_;
  std::shared_ptr<const std::vector<uint64_t>> live_starts_;
  int64_t batch_rows_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  size_t fragment_ = 0;
  int64_t batch_index_ = 0;
  uint64_t row_ = 0;
};

// Reads columns by name, also _rowid and _rowaddr, which a scan gives by options.
Result<std::shared_ptr<arrow::RecordBatchReader>> ReadInputs(const Dataset& dataset,
                                                             const AddColumnsOptions& options) {
  ScanOptions scan;
  scan.blobs = BlobMode::kBlobsDescriptions;
  if (options.read_columns.has_value()) {
    scan.columns.emplace();
    for (const std::string& name : *options.read_columns) scan.columns->push_back({name, ""});
  }
  scan.batch_rows = options.batch_rows.value_or(kFunctionBatchRows);
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(scan));
  return scanner->ToReader();
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> AddColumns(const Dataset& dataset,
                                                   const std::vector<ColumnExpression>& columns,
                                                   const AddColumnsOptions& options) {
  LANCE_CHECK_ARG(!columns.empty(), "no columns to add");
  const schema::Schema& table = dataset.snapshot()->manifest().schema;
  ARROW_ASSIGN_OR_RAISE(auto binding, scan::BindingSchema(table, file::BlobHandling::kDescriptions, false));
  ScanOptions scan;
  scan.columns.emplace();
  if (options.batch_rows.has_value()) scan.batch_rows = options.batch_rows;
  std::vector<bool> nullable;
  bool only_nulls = true;
  for (const ColumnExpression& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto bound, expr::ParseExpression(column.expression, binding));
    const auto constant = bound->AsConstant();
    only_nulls &= constant != nullptr && !constant->is_valid && bound->type()->id() != arrow::Type::NA;
    nullable.push_back(IsNullable(*bound->logical(), *binding));
    scan.columns->push_back({column.name, column.expression});
  }
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(scan));
  arrow::FieldVector fields = scanner->schema()->fields();
  for (size_t i = 0; i < fields.size(); ++i) fields[i] = fields[i]->WithNullable(nullable[i]);
  auto schema = arrow::schema(std::move(fields));
  if (only_nulls) return AddNullColumns(dataset, schema, options.commit);
  ARROW_RETURN_NOT_OK(dataset::RefuseMemWal(*dataset.snapshot(), kComputedOnMemWal));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  RelabelReader values(std::move(reader), std::move(schema));
  return AddColumnValues(dataset, values, options.files, options.commit);
}

arrow::Result<std::shared_ptr<Dataset>> AddColumns(const Dataset& dataset,
                                                   const std::shared_ptr<arrow::Schema>& output_schema,
                                                   const ColumnFunction& function,
                                                   const AddColumnsOptions& options) {
  LANCE_CHECK_ARG(output_schema != nullptr && output_schema->num_fields() > 0, "no columns to add");
  const int64_t batch_rows = options.batch_rows.value_or(kFunctionBatchRows);
  LANCE_CHECK_ARG(batch_rows > 0, "batch_size must be greater than zero, got {}", batch_rows);
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_RETURN_NOT_OK(dataset::RefuseMemWal(snapshot, kComputedOnMemWal));
  // Names are checked before the function is called for the first time.
  ARROW_ASSIGN_OR_RAISE(schema::Schema added, schema::FromArrow(*output_schema));
  ARROW_ASSIGN_OR_RAISE(const file::Version version, dataset::WriteVersionOf(snapshot));
  ARROW_RETURN_NOT_OK(dataset::CheckNewFields(snapshot.manifest().schema, added, version));
  ARROW_ASSIGN_OR_RAISE(auto inputs, ReadInputs(dataset, options));
  ARROW_ASSIGN_OR_RAISE(auto starts, snapshot.LiveRowStarts());
  FunctionReader values(std::move(inputs), output_schema, function, snapshot.manifest(), std::move(starts),
                        batch_rows);
  return AddColumnValues(dataset, values, options.files, options.commit);
}

arrow::Result<std::shared_ptr<Dataset>> AddColumns(const Dataset& dataset,
                                                   const std::shared_ptr<arrow::RecordBatchReader>& values,
                                                   const AddColumnsOptions& options) {
  LANCE_CHECK_ARG(values != nullptr && values->schema()->num_fields() > 0, "no columns to add");
  ARROW_RETURN_NOT_OK(dataset::RefuseMemWal(*dataset.snapshot(), kComputedOnMemWal));
  return AddColumnValues(dataset, *values, options.files, options.commit);
}

arrow::Result<std::shared_ptr<Dataset>> AddNullColumns(const Dataset& dataset,
                                                       const std::shared_ptr<arrow::Schema>& fields,
                                                       const CommitSettings& commit) {
  LANCE_CHECK_ARG(fields != nullptr && fields->num_fields() > 0, "no columns to add");
  const table::Manifest& manifest = dataset.snapshot()->manifest();
  ARROW_ASSIGN_OR_RAISE(const file::Version version, dataset::WriteVersionOf(*dataset.snapshot()));
  ARROW_ASSIGN_OR_RAISE(schema::Schema added, schema::FromArrow(*fields));
  ARROW_RETURN_NOT_OK(dataset::CheckNewFields(manifest.schema, added, version));
  for (const schema::Field& field : added.fields) {
    LANCE_CHECK_ARG(field.nullable, "All-null columns must be nullable, but field '{}' is not.", field.name);
  }
  schema::Schema merged = dataset::AddFields(manifest.schema, added, dataset::MaxFieldId(manifest));
  table::operation::Merge merge;
  merge.preserves_nullability = !dataset::RequiresMore(manifest.schema, merged);
  merge.schema = std::move(merged);
  merge.fragments = manifest.fragments;
  table::CommitRequest request;
  request.operation = std::move(merge);
  request.read_version = manifest.version;
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

}  // namespace lance
