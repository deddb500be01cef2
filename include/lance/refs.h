#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/dataset.h"
#include "lance/export.h"
#include "lance/write.h"

namespace arrow {
class RecordBatchReader;
}

namespace lance {

// Names of versions, lines of versions, copies, and what changed between versions. Tags and branches belong
// to the whole table, whichever branch `dataset` is on. All are thread-safe.

// ---- Tags -------------------------------------------------------------------------------------------------

/// Names a version. Without number, tag and branch: the version of `dataset`.
/// Errors: InvalidArgument (name), AlreadyExists "tag x already exists", NotFound (version).
LANCE_EXPORT arrow::Status CreateTag(const Dataset& dataset, const std::string& name,
                                     const VersionRef& version = {});
/// Moves a tag. Errors: NotFound.
LANCE_EXPORT arrow::Status UpdateTag(const Dataset& dataset, const std::string& name,
                                     const VersionRef& version = {});
LANCE_EXPORT arrow::Status DeleteTag(const Dataset& dataset, const std::string& name);
LANCE_EXPORT arrow::Result<TagInfo> GetTag(const Dataset& dataset, const std::string& name);
/// Sets the tag's metadata to exactly `metadata`.
LANCE_EXPORT arrow::Status ReplaceTagMetadata(const Dataset& dataset, const std::string& name,
                                              const std::map<std::string, std::string>& metadata);

// ---- Branches ---------------------------------------------------------------------------------------------

/// Starts a line of versions at a version and returns the dataset on it. Data files are shared.
/// Errors: InvalidArgument (name), AlreadyExists, NotFound (version).
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CreateBranch(const Dataset& dataset,
                                                                  const std::string& name,
                                                                  const VersionRef& version = {});
/// Removes a branch and its files. Errors: NotFound; InvalidArgument when other branches grew from it.
/// `force`: a branch whose entry is missing but whose files exist goes too.
LANCE_EXPORT arrow::Status DeleteBranch(const Dataset& dataset, const std::string& name, bool force = false);
LANCE_EXPORT arrow::Status ReplaceBranchMetadata(const Dataset& dataset, const std::string& name,
                                                 const std::map<std::string, std::string>& metadata);

// ---- Versions and copies ----------------------------------------------------------------------------------

/// Makes the content of the version that `dataset` is at the newest version again.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> Restore(const Dataset& dataset,
                                                             const CommitSettings& commit = {});

struct CloneOptions {
  VersionRef version;                                  ///< none: the version of the dataset
  std::map<std::string, std::string> storage_options;  ///< of the target; empty: the dataset's
};
/// Makes a new table at `target_uri` that refers to the files of this one (which must then stay).
/// Errors: AlreadyExists.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> ShallowClone(const Dataset& dataset,
                                                                  const std::string& target_uri,
                                                                  const CloneOptions& options = {});
/// Copies a version with its files and indices to `target_uri`.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> DeepClone(const Dataset& dataset,
                                                               const std::string& target_uri,
                                                               const CloneOptions& options = {});

LANCE_EXPORT std::vector<DatasetBase> ListBases(const Dataset& dataset);
/// Adds places; ids of 0 are given by the commit. Errors: InvalidArgument for a name, path or id that exists.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> AddBases(const Dataset& dataset,
                                                              const std::vector<DatasetBase>& bases,
                                                              const CommitSettings& commit = {});

// ---- Changes between versions -----------------------------------------------------------------------------

/// The rows that changed in versions (begin, end]. All three need a table with stable row ids.
struct VersionRange {
  uint64_t begin_version = 0;  ///< exclusive
  uint64_t end_version = 0;    ///< inclusive
};
/// Rows that came in the range and are still there at its end, with _rowid, _row_created_at_version and
/// _row_last_updated_at_version after the columns. Errors: InvalidArgument unless begin < end.
LANCE_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> InsertedRows(const Dataset& dataset,
                                                                                   const VersionRange& range);
/// Rows that are older than the range and were last changed in it, in the same shape.
LANCE_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> UpdatedRows(const Dataset& dataset,
                                                                                  const VersionRange& range);
/// Row ids of rows that were there at begin_version and are not at end_version: one uint64 column _rowid.
LANCE_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> DeletedRowIds(
    const Dataset& dataset, const VersionRange& range);
/// The serialized transactions (protobuf bytes) of versions begin + 1 to end, where they are still there.
LANCE_EXPORT arrow::Result<std::vector<std::pair<uint64_t, std::string>>> TransactionsBetween(
    const Dataset& dataset, const VersionRange& range);

}  // namespace lance
