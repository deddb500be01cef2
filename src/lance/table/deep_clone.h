#pragma once

#include <map>
#include <memory>
#include <string>

#include "lance/base/status.h"
#include "lance/table/commit.h"
#include "lance/table/snapshot.h"

namespace lance::table {

/// Makes a table at `uri` that holds the version `source`, whose files were copied there before: below their
/// names in the folders data, _deletions and _indices. Errors: AlreadyExists "Dataset already exists: ...",
/// NotSupported (a tagged fragment reuse index).
Result<std::shared_ptr<const Snapshot>> CommitDeepClone(
    const Snapshot& source, const std::string& uri, const std::map<std::string, std::string>& storage_options,
    const CommitOptions& options = {});

}  // namespace lance::table
