#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Gives new fragments, which hold the live rows of old ones in order, the row ids of those rows and the
/// versions at which they were created and last updated. For tables with stable row ids.
Status CarryLineage(const table::Snapshot& snapshot, std::span<const table::Fragment* const> old_fragments,
                    std::span<table::Fragment> new_fragments);

}  // namespace lance::dataset
