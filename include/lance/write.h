#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/dataset.h"
#include "lance/export.h"

namespace arrow {
class RecordBatchReader;
class Schema;
}  // namespace arrow

namespace lance {

namespace table {
struct CommitRequest;
struct Fragment;
}  // namespace table

/// How a commit is made. The same for every function that makes a new version.
struct CommitSettings {
  int max_retries = 20;  ///< lost races with other writers before giving up
  std::chrono::milliseconds retry_timeout{30'000};
  bool durable = true;                            ///< files and folders survive a power cut (fsync)
  std::map<std::string, std::string> properties;  ///< kept in the transaction
  std::optional<std::string> message;             ///< the property __lance_commit_message
  bool detached = false;                          ///< a version that is never the newest of the table
  bool skip_auto_cleanup = false;                 ///< leaves the clean-up that the config asks for to others
  /// Called with the version about to be written; what it returns is held until the commit is over.
  std::function<arrow::Result<std::shared_ptr<void>>(uint64_t version)> lock;
};

enum class WriteMode {
  kCreate,     ///< AlreadyExists when there is a table
  kAppend,     ///< makes the table when there is none
  kOverwrite,  ///< a new version with other rows, and if need be another schema; makes the table as well
};

/// How far a write is; the numbers only grow.
struct WriteProgress {
  uint64_t rows_written = 0;
  uint64_t bytes_written = 0;
  uint64_t files_completed = 0;
};

/// A further place for data files.
struct DatasetBase {
  std::string path;
  std::optional<std::string> name;
  bool is_dataset_root = false;
  uint32_t id = 0;  ///< 0: given by the write
};

/// Automatic clean-up of a new table, kept in its config as lance.auto_cleanup.*.
struct AutoCleanup {
  uint64_t interval = 20;                                       ///< in versions
  std::optional<std::chrono::seconds> older_than{14 * 86'400};  ///< older versions go
  std::optional<uint64_t> retain_versions;
};

/// A fragment outside of any version: files that are written but not committed, or what a version says of
/// one. A value; copies share.
class LANCE_EXPORT FragmentMetadata {
 public:
  explicit FragmentMetadata(table::Fragment fragment);
  /// Parses what ToJson made, here or in pylance. Errors: InvalidArgument.
  static arrow::Result<FragmentMetadata> FromJson(const std::string& json);
  /// The text of pylance's FragmentMetadata.to_json().
  std::string ToJson() const;
  const table::Fragment& impl() const { return *fragment_; }

 private:
  std::shared_ptr<const table::Fragment> fragment_;
};

/// How rows become data files.
struct DataFileSettings {
  uint64_t max_rows_per_file = 1'048'576;
  uint64_t max_bytes_per_file = 90ull << 30;  ///< checked as pages are written: exceeded by a few megabytes
  std::optional<uint64_t>
      data_cache_bytes;                    ///< values held back before pages are made; default 8 MiB a column
  std::optional<uint64_t> max_page_bytes;  ///< default 32 MiB
  /// "2.0", "2.1", "2.2", "stable". Default: the table's; of a new table 2.2. Others are NotSupported.
  std::optional<std::string> data_storage_version;
  // Called on the writing thread; a failure ends the write.
  std::function<arrow::Status(const WriteProgress&)> progress;        ///< after each batch
  std::function<arrow::Status(const FragmentMetadata&)> on_begin;     ///< a fragment whose file is made
  std::function<arrow::Status(const FragmentMetadata&)> on_complete;  ///< one whose file is written
};

struct WriteOptions {
  WriteMode mode = WriteMode::kCreate;
  DataFileSettings files;
  bool stable_row_ids = false;    ///< of a new table; appends keep what the table has
  bool v2_manifest_names = true;  ///< of a new table
  std::map<std::string, std::string> storage_options;
  std::shared_ptr<Session> session;  ///< default: Session::Default()
  CommitSettings commit;
  std::optional<AutoCleanup> auto_cleanup;  ///< of a new table
  std::vector<DatasetBase> initial_bases;   ///< to register with a new table or an overwrite
  /// Names, paths or ids (in decimal) of bases to spread data files over, in turn; empty: the table's own
  /// folder.
  std::vector<std::string> target_bases;
};

/// Writes a stream as a table and returns the new version. Memory is bounded by the options, not by the
/// stream.
///
/// kCreate and kOverwrite number the fields of the stream's schema. kAppend needs columns of the table's
/// names and types, in any order; columns whose field is nullable may be missing. Nothing is visible before
/// the commit; when it fails the data files are removed, unless the store did not say whether it happened.
///
/// Errors: AlreadyExists "Dataset already exists: ...", InvalidArgument (schemas differ, nulls where the
/// schema forbids them, wrong options), NotSupported (a type or version that cannot be written),
/// CommitConflict.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> WriteDataset(arrow::RecordBatchReader& rows,
                                                                  const std::string& uri,
                                                                  const WriteOptions& options = {});
/// Appends to or overwrites a table that is open: the newest version of the branch that it is on, with its
/// session and storage options. kCreate is AlreadyExists.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> WriteDataset(arrow::RecordBatchReader& rows,
                                                                  const Dataset& dataset,
                                                                  const WriteOptions& options = {});

/// An operation that is computed but not committed. A value; copies share.
class LANCE_EXPORT Transaction {
 public:
  explicit Transaction(table::CommitRequest request);
  const table::CommitRequest& impl() const { return *request_; }

 private:
  std::shared_ptr<const table::CommitRequest> request_;
};

/// Data files that no version refers to yet.
struct UncommittedFragments {
  std::vector<FragmentMetadata> fragments;  ///< id 0: the commit numbers them
  std::shared_ptr<arrow::Schema> schema;    ///< what they hold
  Transaction transaction;                  ///< an Append, or with kCreate and kOverwrite an Overwrite
};

/// Writes the data files of WriteDataset without a commit: for distributed writers, which send the fragments
/// to one that commits all of them.
LANCE_EXPORT arrow::Result<UncommittedFragments> WriteFragments(arrow::RecordBatchReader& rows,
                                                                const std::string& uri,
                                                                const WriteOptions& options = {});
LANCE_EXPORT arrow::Result<UncommittedFragments> WriteFragments(arrow::RecordBatchReader& rows,
                                                                const Dataset& dataset,
                                                                const WriteOptions& options = {});

/// Commits a transaction on top of the newest version of the table, rebased over what others committed since
/// it was computed. Errors: CommitConflict, CommitStateUnknown.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CommitTransaction(const Dataset& dataset,
                                                                       const Transaction& transaction,
                                                                       const CommitSettings& settings = {});
/// The same for a table that may not exist yet: then the transaction must be an Overwrite, and of `options`
/// count what says how a new table is made.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CommitTransaction(const std::string& uri,
                                                                       const Transaction& transaction,
                                                                       const WriteOptions& options = {});

}  // namespace lance
