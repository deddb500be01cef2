#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Gives the rows of `fragments`, which were written from the rows at `addresses` in that order, the ids that
/// those have, when the table's ids are stable. Rows past the last address get fresh ids by the commit.
Status KeepRowIds(const table::Snapshot& snapshot, std::span<const uint64_t> addresses,
                  std::span<table::Fragment> fragments);

}  // namespace lance::dataset
