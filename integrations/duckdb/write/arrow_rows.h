#pragma once

#include <memory>
#include <string>
#include <vector>

#include "duckdb_api.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace lance::sql {

/// Turns DuckDB's rows into Arrow's, in the form that Lance stores: lists' members are called "item", enums
/// are texts, times with zones are in UTC. Throws for types that Lance has no place for, by name.
///
/// Immutable once made and thread-safe.
class ArrowRows {
 public:
  /// For a new table, whose columns have DuckDB's types.
  ArrowRows(duckdb::ClientContext& context, const duckdb::vector<duckdb::LogicalType>& types,
            const duckdb::vector<std::string>& names);

  /// Makes rows for a table that is there: those of its columns that `table` names have its types, to which
  /// values are cast without loss. Throws duckdb::BinderException for a column that the table does not have.
  void FitTo(const arrow::Schema& table);
  /// Forbids nulls in a column of a new table.
  void SetNotNull(size_t column);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Takes chunks one by one and gives batches of some size. One thread at a time.
  class Builder {
   public:
    explicit Builder(const ArrowRows& rows) : rows_(rows) {}
    void Append(duckdb::DataChunk& chunk);
    uint64_t num_rows() const { return appender_ ? appender_->RowCount() : 0; }
    /// What was appended since the last call; nullptr for no rows. Throws when a value does not fit.
    std::shared_ptr<arrow::RecordBatch> Finish();

   private:
    const ArrowRows& rows_;
    duckdb::unique_ptr<duckdb::ArrowAppender> appender_;
  };

  /// Rows of a batch of moderate size.
  uint64_t batch_rows() const { return batch_rows_; }

 private:
  duckdb::ClientProperties properties_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::shared_ptr<arrow::Schema> given_;   // as DuckDB gives them, but for names of members
  std::shared_ptr<arrow::Schema> schema_;  // as they are written
  uint64_t batch_rows_ = 0;
};

}  // namespace lance::sql
