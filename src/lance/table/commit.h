#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/store/unsynced.h"
#include "lance/table/operation.h"
#include "lance/table/snapshot.h"

namespace lance::table {

/// What to commit.
struct CommitRequest {
  Operation operation;
  uint64_t read_version = 0;                      ///< the version that the operation was computed from
  std::string uuid;                               ///< 36 characters; empty: a fresh one
  std::map<std::string, std::string> properties;  ///< transaction properties
  /// The physical offsets per fragment that a Delete or Update removes: with them it can be rebased over
  /// another one that touched other rows of the same fragments. Ascending.
  std::map<uint64_t, std::vector<uint32_t>> affected_rows;
  /// Of a Rewrite that was rebased over deletions: what it was before. Set by the commit.
  std::shared_ptr<const operation::Rewrite> rewrite_as_read;
  /// Files that the operation names and that the commit makes durable; null: all are.
  std::shared_ptr<store::Unsynced> unsynced;
};

struct CommitOptions {
  int max_retries = 20;
  std::chrono::milliseconds timeout{30'000};
  store::Durability durability = store::Durability::kSync;
  bool detached = false;
  /// Writes _transactions/<read version>-<uuid>.txn beside the inline copy, as the reference does.
  bool write_transaction_file = true;
  /// Called with the version about to be written; what it returns is held until the commit is over (pylance's
  /// commit_lock).
  std::function<Result<std::shared_ptr<void>>(uint64_t version)> lock;
};

/// How a new table is made; later commits keep what the table has.
struct CreateTableOptions {
  bool stable_row_ids = false;
  bool v2_manifest_names = true;
  std::string data_storage_version = "2.2";
  std::map<std::string, std::string> storage_options;
  std::shared_ptr<runtime::Session> session;  ///< required
};

/// Commits on top of the newest version of the table (of the branch that `read` is on): rebases over what
/// others committed since `request.read_version`, retries lost races with backoff, writes transaction file,
/// manifest (put-if-absent) and version hint, and returns the new version.
///
/// Errors: CommitConflict when the rows or the schema changed under it (ErrorDetail says whether a retry from
/// a fresh read can succeed), CommitStateUnknown when the store did not say whether the manifest was written:
/// then nothing may be deleted. Thread-safe.
Result<std::shared_ptr<const Snapshot>> Commit(const Snapshot& read, CommitRequest request,
                                               const CommitOptions& options = {});

/// Makes the first version of a table at `uri`; `request.operation` is an Overwrite. Errors: AlreadyExists.
Result<std::shared_ptr<const Snapshot>> CreateTable(const std::string& uri, CommitRequest request,
                                                    const CreateTableOptions& create,
                                                    const CommitOptions& options = {});

/// The manifest that `operation` makes of `current`, without I/O: fragment ids, row ids, lineage, feature
/// flags and index list as the reference computes them. `indices` is the current index list, updated in
/// place.
Result<Manifest> Apply(const Manifest& current, std::vector<IndexMetadata>* indices,
                       const Operation& operation, uint64_t read_version);

}  // namespace lance::table
