#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/table/commit.h"
#include "lance/table/snapshot.h"

namespace lance::table {

/// The id that a further base path of `manifest` gets: the lowest unused one.
uint32_t NextBaseId(const Manifest& manifest);

/// The manifest of a copy that refers to the files of `source` through a further base path, with the same
/// version number. `ref_name`: the branch that the source is on; `branch_name`: the branch that the copy is.
Manifest MakeShallowClone(const Manifest& source, const std::string& source_uri,
                          const std::optional<std::string>& ref_name,
                          const std::optional<std::string>& branch_name);

/// The manifest of a copy whose files lie below its own root.
Manifest MakeDeepClone(const Manifest& source);

/// Where a copy is made: a new table, or a branch of the source's.
struct CloneTarget {
  std::string uri;
  std::optional<std::string>
      branch_name;  ///< the copy is this branch of the table that the source belongs to
  std::map<std::string, std::string> storage_options;
};

/// Writes the first version at the target, by a Clone operation. Of a deep clone the files were copied
/// before. Errors: AlreadyExists "Dataset already exists: ...", NotSupported (a tagged fragment reuse index).
Result<std::shared_ptr<const Snapshot>> CommitClone(const Snapshot& source, const CloneTarget& target,
                                                    bool is_shallow, const CommitOptions& options = {});

}  // namespace lance::table
