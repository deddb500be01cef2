#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/dataset.h"
#include "lance/export.h"
#include "lance/write.h"

// Changing rows: each function computes its result on the version given, commits it on top of the newest one
// of its branch, and returns the new version; the dataset given stays what it was. Where others changed the
// same rows since, it is computed anew on the newest version.
namespace lance {

/// How often a mutation is computed anew when other writers changed the same rows under it.
struct MutateOptions {
  int conflict_retries = 10;
  std::chrono::milliseconds retry_timeout{30'000};  ///< for all tries together
  /// The version of files with rewritten rows; default: the table's.
  std::optional<std::string> data_storage_version;
  CommitSettings commit;
};

struct DeleteResult {
  std::shared_ptr<Dataset> dataset;
  uint64_t num_deleted_rows = 0;
};

/// Deletes the rows for which an SQL predicate is true. Fragments that lose all rows are dropped, others get
/// a deletion file; no data file is rewritten. A new version is made even when no row matches, as by the
/// reference. Errors: InvalidArgument (the predicate), CommitConflict.
LANCE_EXPORT arrow::Result<DeleteResult> Delete(const Dataset& dataset, const std::string& predicate,
                                                const MutateOptions& options = {});

/// Deletes every row.
LANCE_EXPORT arrow::Result<DeleteResult> Truncate(const Dataset& dataset, const MutateOptions& options = {});

struct UpdateResult {
  std::shared_ptr<Dataset> dataset;
  uint64_t num_updated_rows = 0;
};

/// Sets columns to SQL expressions over the old row, where `where` is true (empty: everywhere). The rows move
/// to new fragments; with stable row ids they keep their ids and the versions they were created at. Errors:
/// InvalidArgument (a column that does not exist, an expression that does not bind or does not fit the
/// column's type), CommitConflict.
LANCE_EXPORT arrow::Result<UpdateResult> Update(const Dataset& dataset,
                                                const std::map<std::string, std::string>& updates,
                                                const std::string& where = "",
                                                const MutateOptions& options = {});

enum class WhenMatched { kDoNothing, kUpdateAll, kUpdateIf, kDelete, kFail };
enum class WhenNotMatched { kInsertAll, kDoNothing };
enum class WhenNotMatchedBySource { kKeep, kDelete, kDeleteIf };

/// What a merge does with rows of the source and of the target (the table).
struct MergeInsertOptions {
  /// Key columns; empty: the schema's unenforced primary key.
  std::vector<std::string> on;
  WhenMatched when_matched = WhenMatched::kDoNothing;
  std::string update_if;  ///< with kUpdateIf: SQL over source.x and target.x
  WhenNotMatched when_not_matched = WhenNotMatched::kDoNothing;
  WhenNotMatchedBySource when_not_matched_by_source = WhenNotMatchedBySource::kKeep;
  std::string delete_if;  ///< with kDeleteIf: SQL over the columns of the target
  /// A source row that has the key of an earlier one: default an error when both match one target row.
  enum class SourceDuplicates { kFail, kFirstSeen };
  SourceDuplicates source_duplicates = SourceDuplicates::kFail;
  bool use_index = true;
  /// Leaves matched rows where they are and gives their fragments new files for the columns of the source,
  /// which must have some of the table's: pays where most rows of a fragment match and the other columns are
  /// wide. Only for merges that update matched rows and do nothing else (InvalidArgument).
  bool rewrite_columns = false;
  MutateOptions mutate;
};

struct MergeInsertStats {
  uint64_t num_inserted_rows = 0;
  uint64_t num_updated_rows = 0;
  uint64_t num_deleted_rows = 0;
  uint64_t num_skipped_duplicates = 0;
  uint64_t num_attempts = 0;
  uint64_t bytes_written = 0;
  uint64_t num_files_written = 0;
};

struct MergeInsertResult {
  std::shared_ptr<Dataset> dataset;
  MergeInsertStats stats;
};

/// Merges a stream into a table by key. The source is held in memory; of the target only keys and addresses
/// of the rows that count. A source with some of the columns updates only those (and inserts nulls for the
/// others). Null keys match nothing. Errors: InvalidArgument (keys or schema do not fit, "Ambiguous merge
/// insert" when two source rows match one row of the target, a matched row with kFail), CommitConflict.
LANCE_EXPORT arrow::Result<MergeInsertResult> MergeInsert(const Dataset& dataset,
                                                          arrow::RecordBatchReader& source,
                                                          const MergeInsertOptions& options);

struct UncommittedMerge {
  Transaction transaction;
  MergeInsertStats stats;
};

/// The same without the commit.
LANCE_EXPORT arrow::Result<UncommittedMerge> MergeInsertUncommitted(const Dataset& dataset,
                                                                    arrow::RecordBatchReader& source,
                                                                    const MergeInsertOptions& options);

}  // namespace lance
