#pragma once

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/table/commit.h"
#include "lance/table/snapshot.h"

namespace lance::table {

/// Whether a rewrite can follow deletions in the fragments that it replaces: when it keeps no record of where
/// rows went that they would make wrong, and its new fragments have ids.
bool CanFollowDeletions(const operation::Rewrite& rewrite);

/// Carries what was deleted since a rewrite read its fragments over to the new ones, whose rows are the live
/// rows of the old ones in their order: compaction is not done in vain because of a delete or an update.
/// `newest` changed nothing else of the old fragments.
/// Errors: CommitConflict (retryable) when nothing would be left to rewrite, or the rows cannot be told
/// apart.
Status RebaseRewrite(const Snapshot& newest, store::Durability durability, CommitRequest* request);

}  // namespace lance::table
