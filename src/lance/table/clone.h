#pragma once

#include <memory>
#include <string>

#include "lance/base/status.h"
#include "lance/table/commit.h"

namespace lance::table {

/// Makes the first version of branch `name`: a shallow clone of `source` below the table's root. The ref is
/// the caller's.
Result<std::shared_ptr<const Snapshot>> CloneToBranch(const Snapshot& source, const std::string& name,
                                                      const CommitOptions& options);

}  // namespace lance::table
