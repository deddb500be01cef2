#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/table/commit.h"
#include "lance/write.h"

namespace lance::dataset {

/// Commits an operation computed from `read` and returns the new version. Every function that makes a version
/// of an existing table ends here.
Result<std::shared_ptr<Dataset>> CommitOperation(const table::Snapshot& read, table::CommitRequest request,
                                                 const CommitSettings& settings);

/// The newest version of the branch that `snapshot` is on (itself when it is).
Result<std::shared_ptr<const table::Snapshot>> NewestSnapshot(
    const std::shared_ptr<const table::Snapshot>& snapshot);

/// Puts the properties and the message of the settings into the request.
void AddProperties(const CommitSettings& settings, table::CommitRequest* request);

/// The Dataset of a version that was committed on top of `read`. Runs the clean-up that the table's config
/// asks for; when that fails the commit has still succeeded.
Result<std::shared_ptr<Dataset>> FinishCommit(const table::Snapshot& read,
                                              std::shared_ptr<const table::Snapshot> committed,
                                              const CommitSettings& settings);

table::CommitOptions ToCommitOptions(const CommitSettings& settings);

}  // namespace lance::dataset
