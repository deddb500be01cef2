#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/error.h"
#include "lance/export.h"
#include "lance/write.h"

namespace arrow {
class DataType;
class RecordBatch;
class RecordBatchReader;
class Schema;
}  // namespace arrow

namespace lance {

class Dataset;

// Changes to the columns and the metadata of a table. Each function commits one new version and returns it;
// `dataset` itself stays as it is, and data files that exist are never touched: only files of new or
// rewritten columns are written. All are thread-safe.
//
// Errors of all: InvalidArgument when the change makes no sense (nothing was written), CommitConflict when
// another writer changed the same things first (a retry from a fresh read may succeed), NotSupported by name.

/// A new column computed by an SQL expression over the others, such as {"double_a", "a * 2"}.
struct ColumnExpression {
  std::string name;
  std::string expression;
};

/// Which batch a ColumnFunction gets.
struct ColumnBatchInfo {
  uint64_t fragment_id = 0;
  int64_t batch_index = 0;  ///< within the fragment
  int64_t first_row = 0;    ///< position among the fragment's live rows of the batch's first row
};

/// Computes new columns for the rows of a batch: as many rows, in the same order.
using ColumnFunction = std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>(
    const std::shared_ptr<arrow::RecordBatch>& batch, const ColumnBatchInfo& info)>;

struct AddColumnsOptions {
  CommitSettings commit;
  DataFileSettings files;  ///< of the new columns; max_* have no effect: one file a fragment
  /// Of functions: the columns they read (paths; also _rowid and _rowaddr); none: all.
  std::optional<std::vector<std::string>> read_columns;
  /// Rows a batch handed to a function; none: the scan's default.
  std::optional<int64_t> batch_rows;
};

/// Adds a column for each expression, in their order. An expression sees the columns of `dataset` only.
/// Cost: reads what the expressions use, writes one file a fragment.
/// Errors: InvalidArgument for a name that exists ("Column x already exists in the dataset"), an unknown
/// column, or text that does not parse.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddColumns(const Dataset& dataset,
                                                                const std::vector<ColumnExpression>& columns,
                                                                const AddColumnsOptions& options = {});

/// Adds the columns of `output_schema` that `function` computes, batch by batch and fragment by fragment, on
/// the calling thread. Deleted rows get nulls (or anything, where the field forbids them).
/// Errors: those of `function`; InvalidArgument when its result has another schema or another number of rows.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddColumns(
    const Dataset& dataset, const std::shared_ptr<arrow::Schema>& output_schema,
    const ColumnFunction& function, const AddColumnsOptions& options = {});

/// Adds the columns of `values`, which has as many rows as `dataset` in the order of a scan.
/// Errors: InvalidArgument when it has fewer or more rows; nothing was committed.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddColumns(
    const Dataset& dataset, const std::shared_ptr<arrow::RecordBatchReader>& values,
    const AddColumnsOptions& options = {});

/// Adds columns that are null in every row: metadata only.
/// Errors: InvalidArgument when a field forbids nulls.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddNullColumns(
    const Dataset& dataset, const std::shared_ptr<arrow::Schema>& fields, const CommitSettings& commit = {});

/// Adds the columns of `values` (all but `right_on`) where `left_on` equals `right_on`: a left join. Rows
/// without a match get nulls; of several matches the last one counts. `values` is held in memory.
/// Errors: InvalidArgument when a key column is missing, key types differ, or a column exists already.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> MergeColumns(
    const Dataset& dataset, const std::shared_ptr<arrow::RecordBatchReader>& values,
    const std::string& left_on, const std::string& right_on, const CommitSettings& commit = {});

/// A change of one column. `path` may name a member of a struct: "a.b".
struct ColumnAlteration {
  std::string path;
  std::optional<std::string> name;             ///< renames
  std::optional<bool> nullable;                ///< false: fails when there are nulls
  std::shared_ptr<arrow::DataType> data_type;  ///< casts; the column gets new files
};

/// Changes names, nullability (metadata only) and types (rewrites the columns concerned under new
/// field ids). Errors: InvalidArgument when a cast is impossible or loses a value, when an index is on a
/// column to cast, when a column that becomes non-nullable holds nulls, or names clash.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AlterColumns(
    const Dataset& dataset, const std::vector<ColumnAlteration>& alterations,
    const CommitSettings& commit = {});

/// Drops columns or members of structs by path: metadata only. The bytes go when a compaction rewrites the
/// fragments. Errors: InvalidArgument for an unknown column, or when none would be left.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> DropColumns(const Dataset& dataset,
                                                                 const std::vector<std::string>& columns,
                                                                 const CommitSettings& commit = {});

/// Keys to set, or without a value to remove. `replace`: all other keys go.
struct MetadataUpdate {
  std::vector<std::pair<std::string, std::optional<std::string>>> entries;
  bool replace = false;
};

/// Any number of these in one commit.
struct MetadataUpdates {
  std::optional<MetadataUpdate> config;           ///< of the manifest: "lance.auto_cleanup.interval", ...
  std::optional<MetadataUpdate> table_metadata;   ///< the table's own key-value pairs
  std::optional<MetadataUpdate> schema_metadata;  ///< of the Arrow schema
  /// By path of a field. "lance-schema:unenforced-primary-key" = "true" makes the field part of the key.
  std::vector<std::pair<std::string, MetadataUpdate>> field_metadata;
};

/// Updates metadata; data and indices stay. Errors: InvalidArgument for an unknown field, or a primary key
/// field that is nullable, nested below a list, or no leaf.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> UpdateMetadata(const Dataset& dataset,
                                                                    const MetadataUpdates& updates,
                                                                    const CommitSettings& commit = {});

/// New values for columns of one fragment: a row for each of its live rows, in order.
struct ColumnReplacement {
  uint64_t fragment_id = 0;
  std::shared_ptr<arrow::RecordBatchReader> values;
};

/// Gives fragments new files for columns that exist: a new version without a change of schema. The columns
/// must be exactly those of one file of the fragment, or lie in none. Only the fragments named change.
/// Errors: InvalidArgument when the rows do not fit or the columns are spread over files; CommitConflict.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> ReplaceColumns(
    const Dataset& dataset, const std::vector<ColumnReplacement>& replacements,
    const CommitSettings& commit = {});

}  // namespace lance
