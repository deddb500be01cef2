#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lance/index/vector/open_index.h"

namespace lance::scan {

struct ScanPlan;

/// The part of a search that an index answers. The rest, fragments that no segment covers, is searched
/// exactly, and both results are merged.
struct AnnPlan {
  std::shared_ptr<const index::VectorIndex> index;
  std::vector<index::SearchedSegment> segments;  ///< of it, for the fragments that are scanned
  index::SearchOptions options;
  bool refine = false;     ///< distances are computed again from the table's vectors
  int vector_column = -1;  ///< of the inner batches
  /// Gives the row ids that a pre-filter or mask lets through, in the fragments that the index covers;
  /// nullptr when all may be found.
  std::shared_ptr<const ScanPlan> allowed;
  /// With no more rows allowed than this, all of them are compared exactly.
  uint64_t exact_below = 0;
  std::optional<uint64_t> minimum_nprobes;  ///< as asked for
  std::optional<uint64_t> maximum_nprobes;
};

}  // namespace lance::scan
