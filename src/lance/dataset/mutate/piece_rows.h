#pragma once

#include <cstdint>

#include "lance/table/snapshot.h"

namespace lance::dataset {

/// How many rows to copy at once so that they take about `bytes`, by the mean stored size of a row: from 64
/// to `most`.
int64_t PieceRows(const table::Snapshot& snapshot, uint64_t bytes, int64_t most);

}  // namespace lance::dataset
