#pragma once

#include <cstdint>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/scalar/btree/key_sorter.h"
#include "lance/index/segment_target.h"
#include "lance/table/manifest.h"

namespace lance::index {

/// Writes page_data.lance and page_lookup.lance from all rows of `rows`, in pages of `page_rows`. Memory:
/// that of the sorter, and a file writer's. After an error nothing is left.
Result<std::vector<table::IndexFile>> WriteBTree(const KeyType& type, KeySorter* rows, uint64_t page_rows,
                                                 const SegmentTarget& target);

}  // namespace lance::index
