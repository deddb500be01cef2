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

#include "lance/error.h"
#include "lance/export.h"
#include "lance/write.h"

namespace lance {

class Dataset;

// ---- Compaction: fewer, larger fragments, without deleted rows --------------------------------------------

enum class CompactionMode {
  kReencode,         ///< decode and encode
  kTryBinaryCopy,    ///< copy pages where the files allow it, else re-encode
  kForceBinaryCopy,  ///< fails where pages cannot be copied
};

struct LANCE_EXPORT CompactionOptions {
  /// Fragments with fewer live rows are candidates; outputs have at most this many rows.
  uint64_t target_rows_per_fragment = 1 << 20;
  uint64_t max_rows_per_group = 1024;  ///< kept for files of version 0.1; without effect
  /// Bytes a data file may have before the next one starts; none: 90 GiB.
  std::optional<uint64_t> max_bytes_per_file;
  /// Rewrites fragments of which more than the threshold's share of rows is deleted.
  bool materialize_deletions = true;
  double materialize_deletions_threshold = 0.1;
  /// Leaves indices as they are and records the moves in a fragment reuse index.
  bool defer_index_remap = false;
  std::optional<int64_t> num_threads;  ///< tasks at once; none: one a core
  std::optional<int64_t> batch_rows;   ///< rows a batch while rewriting
  CompactionMode mode = CompactionMode::kReencode;
  std::optional<uint64_t> binary_copy_read_batch_bytes;  ///< default 16 MiB
  std::optional<uint64_t> io_buffer_bytes;
  /// A plan stops before the task that would exceed one of these.
  std::optional<uint64_t> max_source_fragments;
  std::optional<uint64_t> max_source_rows;  ///< live rows
  std::optional<uint64_t> max_source_bytes;
  /// Never rewritten, and nothing is joined across them.
  std::vector<uint64_t> excluded_fragment_ids;
  std::optional<std::string> data_storage_version;  ///< of the outputs; none: the table's
  CommitSettings commit;                            ///< not part of the JSON
  arrow::Status Validate() const;

  /// The defaults that the table's config ("lance.compaction.*") gives.
  static arrow::Result<CompactionOptions> FromConfig(const std::map<std::string, std::string>& config);
  std::string ToJson() const;
  static arrow::Result<CompactionOptions> FromJson(const std::string& json);
};

struct CompactionMetrics {
  uint64_t fragments_removed = 0;
  uint64_t fragments_added = 0;
  uint64_t files_removed = 0;  ///< deletion files count
  uint64_t files_added = 0;
};

/// One piece of a compaction: neighbouring fragments that become one or a few. A value that can travel to
/// another process as JSON.
struct LANCE_EXPORT CompactionTask {
  std::vector<FragmentMetadata> fragments;
  uint64_t read_version = 0;
  CompactionOptions options;
  std::string ToJson() const;
  static arrow::Result<CompactionTask> FromJson(const std::string& json);
};

struct LANCE_EXPORT CompactionPlan {
  std::vector<CompactionTask> tasks;
  uint64_t read_version = 0;
  CompactionOptions options;
  std::string ToJson() const;
  static arrow::Result<CompactionPlan> FromJson(const std::string& json);
};

/// What a task wrote: files that no version names yet. Travels like a task.
struct LANCE_EXPORT CompactionResult {
  CompactionMetrics metrics;
  uint64_t read_version = 0;
  std::vector<FragmentMetadata> original_fragments;
  std::vector<FragmentMetadata> new_fragments;
  std::string ToJson() const;
  static arrow::Result<CompactionResult> FromJson(const std::string& json);
};

/// Chooses what to rewrite. Reads deletion files only where the manifest lacks their counts.
/// Errors: InvalidArgument for options that make no sense.
LANCE_EXPORT arrow::Result<CompactionPlan> PlanCompaction(const Dataset& dataset,
                                                          const CompactionOptions& options = {});

/// Writes the new files of one task. `dataset` may be at any version: the task's is checked out. Thread-safe.
/// Errors: NotSupported names the index that would need new row addresses.
LANCE_EXPORT arrow::Result<CompactionResult> ExecuteCompactionTask(const Dataset& dataset,
                                                                   const CompactionTask& task);

struct CompactionOutcome {
  std::shared_ptr<Dataset> dataset;  ///< the new version; the version read when there was nothing to do
  CompactionMetrics metrics;
};

/// Makes the results of any number of tasks of one plan the newest version. Errors: CommitConflict when a
/// fragment was changed since: its task is to be planned anew.
LANCE_EXPORT arrow::Result<CompactionOutcome> CommitCompaction(const Dataset& dataset,
                                                               const std::vector<CompactionResult>& results,
                                                               const CompactionOptions& options = {});

/// Plan, execute and commit. Row ids and versions by row are kept where the table has stable row ids; else
/// rows get new ids. Indices: see ExecuteCompactionTask.
LANCE_EXPORT arrow::Result<CompactionOutcome> Compact(const Dataset& dataset,
                                                      const CompactionOptions& options = {});

// ---- Cleanup: removal of old versions and of files that no version names ----------------------------------

struct LANCE_EXPORT CleanupOptions {
  /// Removes versions that are older than this and fulfil the other conditions; the newest never goes.
  std::optional<std::chrono::nanoseconds> older_than;
  std::optional<uint64_t> retain_versions;        ///< keeps at least the newest so many (>= 1)
  std::optional<std::vector<uint64_t>> versions;  ///< only these
  /// Removes files that no version names even when they are younger than 7 days: a writer may be at work.
  bool delete_unverified = false;
  /// Fails when a version that would go carries a tag; else such versions stay.
  bool error_if_tagged_old_versions = true;
  bool clean_referenced_branches = false;      ///< cleans branches first that hold on to old versions
  std::optional<uint64_t> delete_rate_limit;   ///< files a second
  std::optional<uint64_t> delete_concurrency;  ///< files at once
  arrow::Status Validate() const;
};

struct CleanupStats {
  uint64_t bytes_removed = 0;
  uint64_t old_versions = 0;
  uint64_t data_files_removed = 0;
  uint64_t transaction_files_removed = 0;
  uint64_t index_files_removed = 0;
  uint64_t deletion_files_removed = 0;
  uint64_t failed_deletes = 0;
};

enum class CleanupFileKind { kManifest, kData, kTransaction, kIndex, kDeletion, kTemporaryManifest };

struct CleanupCandidateFile {
  std::string path;  ///< relative to the table's root
  CleanupFileKind kind = CleanupFileKind::kData;
  bool unverified = false;  ///< no version named it
  uint64_t size_bytes = 0;
};

struct CleanupReferencedBranch {
  std::string name;
  uint64_t referenced_version = 0;
  bool cleanup_candidate = false;
};

struct CleanupExplanation {
  uint64_t read_version = 0;
  CleanupStats stats;
  std::vector<CleanupCandidateFile> candidate_files;  ///< at most candidate_file_limit
  bool candidate_files_truncated = false;
  uint64_t candidate_file_limit = 0;
  std::vector<CleanupReferencedBranch> referenced_branches;
  std::vector<std::string> warnings;
};

/// Removes old versions of the line of versions that `dataset` is on, and the files that only they named.
/// Versions that a tag or a branch holds, the newest one and the one that `dataset` is at stay. Without any
/// of older_than, retain_versions and versions: older than 14 days.
/// Errors: InvalidArgument "... tagged ..." when error_if_tagged_old_versions; nothing was removed.
LANCE_EXPORT arrow::Result<CleanupStats> CleanUpOldVersions(const Dataset& dataset,
                                                            const CleanupOptions& options = {});

/// Says what CleanUpOldVersions would do, without doing it.
LANCE_EXPORT arrow::Result<CleanupExplanation> ExplainCleanUp(const Dataset& dataset,
                                                              const CleanupOptions& options = {},
                                                              uint64_t max_candidate_files = 1000);

/// Runs the cleanup that the table's config asks for ("lance.auto_cleanup.*"), if it is this version's turn.
/// Called after commits. \return none when it was not
LANCE_EXPORT arrow::Result<std::optional<CleanupStats>> AutoCleanUp(const Dataset& dataset);

// ---- Checks and figures -----------------------------------------------------------------------------------

/// Checks that the version makes sense as a table without reading data: field ids unique, each file's fields
/// known and once a fragment, fragment ids unique and ascending, row counts of deletion files and row ids
/// fit. Errors: Corruption describes the first problem. `Verify` (lance/inspect.h) reads everything.
LANCE_EXPORT arrow::Status Validate(const Dataset& dataset);

struct FieldStatistics {
  int32_t id = 0;
  std::string path;
  uint64_t bytes_on_disk = 0;  ///< of the pages of the field itself, without its children
};

/// Bytes per field over all data files, in the order of the schema's ids. Reads each file's metadata. Files
/// of version 0.1 count as 0.
LANCE_EXPORT arrow::Result<std::vector<FieldStatistics>> DataStatistics(const Dataset& dataset);

struct FsckOptions {
  bool read_data = false;    ///< also decodes every page of the newest version (Verify)
  bool all_versions = true;  ///< else only the version of the dataset
  std::function<void(uint64_t done, uint64_t total)> progress;  ///< in versions
};

struct FsckProblem {
  ErrorKind kind = ErrorKind::kCorruption;
  uint64_t version = 0;
  std::string where;
  std::string message;
  std::optional<uint64_t> fragment_id;  ///< of the fragment that it is in
};

struct FsckReport {
  uint64_t num_versions = 0;
  uint64_t num_fragments = 0;
  uint64_t num_files = 0;  ///< different ones that some version names
  std::vector<FsckProblem> problems;
  std::vector<std::string> unreferenced_files;  ///< below the root, named by no version
  uint64_t unreferenced_bytes = 0;
};

/// Checks versions, fragments, files (presence, size, footer, row counts), deletion files and row ids of a
/// whole table, and lists files that no version names. Goes on after problems.
LANCE_EXPORT arrow::Result<FsckReport> Fsck(const Dataset& dataset, const FsckOptions& options = {});

/// Makes a version without some fragments of this one: all their rows are gone from it. Opens none of their
/// files and removes none, so that older versions stay as they are. Errors: InvalidArgument (no such
/// fragment), CommitConflict when one of them was changed since.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> DropFragments(const Dataset& dataset,
                                                                   const std::vector<uint64_t>& fragment_ids,
                                                                   const CommitSettings& commit = {});

}  // namespace lance
