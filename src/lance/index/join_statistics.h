#pragma once

#include <functional>
#include <string>

#include "lance/base/status.h"
#include "lance/table/snapshot.h"

namespace lance::index {

/// What an index of any kind consists of, as JSON with the reference's keys. `describe` gives the object of a
/// segment. Errors: NotFound when no index has that name.
Result<std::string> JoinStatistics(
    const table::Snapshot& snapshot, const std::string& name, const std::string& type,
    const std::function<Result<std::string>(const table::IndexMetadata&)>& describe);

}  // namespace lance::index
