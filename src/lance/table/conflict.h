#pragma once

#include <cstdint>

#include "lance/base/status.h"
#include "lance/table/commit.h"
#include "lance/table/transaction.h"

namespace lance::table {

/// Whether a commit can be applied on top of one that came between.
enum class Verdict {
  kCompatible,
  kRetryable,     ///< not as it is; done again from a fresh read it may
  kIncompatible,  ///< no retry helps
};

/// The verdict of operations alone; two that delete rows of the same fragments, and a rewrite of fragments in
/// which rows were deleted, are compatible here when `has_affected_rows`, and settled row by row later.
/// `from` is the manifest that `ours` was computed from. Index coverage of `ours` that the other commit
/// invalidated is taken back.
Verdict CheckConflict(const Manifest& from, bool has_affected_rows, const Operation& theirs, Operation* ours);

/// Checks `request`, which was computed from `from` or rebased onto it, against what the versions after it up
/// to that of `newest` did, and changes it so that it can be applied to `newest`. True when it was changed.
/// Errors: CommitConflict (IsRetryable tells the two kinds apart).
Result<bool> RebaseOver(const Snapshot& from, const Snapshot& newest, store::Durability durability,
                        CommitRequest* request);

}  // namespace lance::table
