#include <numeric>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/dataset/schema_change/column_change.h"
#include "lance/expr/logical.h"
#include "lance/schema_change.h"

namespace lance {
namespace {

// Looks rows of a table up by key. Of rows with equal keys the last one counts; null equals null.
class RowLookup {
 public:
  static Result<RowLookup> Make(const arrow::Table& rows, const std::string& key) {
    ARROW_ASSIGN_OR_RAISE(auto combined, rows.CombineChunks());
    // The kernel finds the first of equal keys: turned round, that is the last.
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.Reserve(combined->num_rows()));
    for (int64_t row = combined->num_rows(); row-- > 0;) builder.UnsafeAppend(row);
    ARROW_ASSIGN_OR_RAISE(auto order, builder.Finish());
    RowLookup out;
    for (int i = 0; i < combined->num_columns(); ++i) {
      const auto& field = combined->schema()->field(i);
      std::shared_ptr<arrow::Array> column;
      if (combined->num_rows() == 0) {
        ARROW_ASSIGN_OR_RAISE(column, arrow::MakeEmptyArray(field->type()));
      } else {
        ARROW_ASSIGN_OR_RAISE(arrow::Datum taken, arrow::compute::Take(combined->column(i)->chunk(0), order));
        column = taken.make_array();
      }
      if (field->name() == key) {
        out.keys_ = std::move(column);
      } else {
        out.fields_.push_back(field);
        out.columns_.push_back(std::move(column));
      }
    }
    return out;
  }

  std::shared_ptr<arrow::Schema> schema() const { return arrow::schema(fields_); }
  const arrow::DataType& key_type() const { return *keys_->type(); }

  Result<std::shared_ptr<arrow::RecordBatch>> Find(const std::shared_ptr<arrow::Array>& keys) const {
    LANCE_CHECK_ARG(keys->type()->Equals(*keys_->type()), "Index column type mismatch: expected {}, got {}",
                    expr::PrintType(*keys_->type()), expr::PrintType(*keys->type()));
    arrow::compute::SetLookupOptions options(keys_, arrow::compute::SetLookupOptions::MATCH);
    ARROW_ASSIGN_OR_RAISE(arrow::Datum found, arrow::compute::IndexIn(keys, options));
    arrow::ArrayVector columns;
    for (const auto& column : columns_) {
      ARROW_ASSIGN_OR_RAISE(arrow::Datum taken, arrow::compute::Take(column, found));
      columns.push_back(taken.make_array());
    }
    return arrow::RecordBatch::Make(schema(), keys->length(), std::move(columns));
  }

 private:
  std::shared_ptr<arrow::Array> keys_;
  arrow::FieldVector fields_;
  arrow::ArrayVector columns_;
};

class JoinReader : public arrow::RecordBatchReader {
 public:
  JoinReader(std::shared_ptr<arrow::RecordBatchReader> keys, RowLookup lookup)
      : keys_(std::move(keys)), lookup_(std::move(lookup)), schema_(lookup_.schema()) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(keys_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(*batch, lookup_.Find((*batch)->column(0)));
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> keys_;
  RowLookup lookup_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> MergeColumns(const Dataset& dataset,
                                                     const std::shared_ptr<arrow::RecordBatchReader>& values,
                                                     const std::string& left_on, const std::string& right_on,
                                                     const CommitSettings& commit) {
  const schema::Schema& table = dataset.snapshot()->manifest().schema;
  LANCE_CHECK_ARG(values != nullptr, "no rows to merge");
  LANCE_CHECK_ARG(left_on == "_rowid" || left_on == "_rowaddr" || table.Resolve(left_on).ok(),
                  "Column {} does not exist in the left side dataset", left_on);
  LANCE_CHECK_ARG(values->schema()->GetFieldIndex(right_on) >= 0,
                  "Column {} does not exist in the right side dataset", right_on);
  for (const auto& field : values->schema()->fields()) {
    if (field->name() == right_on) continue;
    LANCE_CHECK_ARG(!table.Resolve(field->name()).ok(), "Column {} exists in both sides of the dataset",
                    field->name());
  }
  LANCE_CHECK_ARG(values->schema()->num_fields() > 1, "no columns to add beside {}", right_on);
  ARROW_ASSIGN_OR_RAISE(auto rows, values->ToTable());
  ARROW_ASSIGN_OR_RAISE(RowLookup lookup, RowLookup::Make(*rows, right_on));
  ScanOptions scan;
  scan.columns = {{left_on, ""}};
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(scan));
  ARROW_ASSIGN_OR_RAISE(auto keys, scanner->ToReader());
  JoinReader joined(std::move(keys), std::move(lookup));
  return dataset::AddColumnValues(dataset, joined, {}, commit);
}

}  // namespace lance
