#pragma once

#include <arrow/status.h>

#include "lance/export.h"

namespace lance {

/// Whether a CommitConflict can be settled by doing the operation again from a fresh read of the table. False
/// for conflicts that no retry helps, and for other kinds.
LANCE_EXPORT bool IsRetryable(const arrow::Status& status);

}  // namespace lance
