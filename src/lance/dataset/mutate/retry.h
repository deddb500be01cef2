#pragma once

#include <functional>
#include <memory>

#include "lance/mutate.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Calls `attempt` on `snapshot`, and while it fails with a conflict that a fresh read can settle, on the
/// newest version, after a pause that grows: up to options.conflict_retries times and retry_timeout in all.
/// Errors: CommitConflict "Too many concurrent writers" when that is not enough.
Status RetryConflicts(std::shared_ptr<const table::Snapshot> snapshot, const MutateOptions& options,
                      const std::function<Status(const std::shared_ptr<const table::Snapshot>&)>& attempt);

}  // namespace lance::dataset
