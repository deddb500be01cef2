#pragma once

#include <string>

#include "lance/base/status.h"
#include "lance/table/snapshot.h"

namespace lance::index {

/// What a vector index consists of, as JSON with the reference's keys; `centroids`: with all of them. Errors:
/// NotFound when no vector index has that name, and those of VectorSegment::Open.
Result<std::string> VectorIndexStatistics(const table::Snapshot& snapshot, const std::string& name,
                                          bool centroids);

}  // namespace lance::index
