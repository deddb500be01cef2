#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lance/dataset.h"
#include "lance/table/manifest.h"
#include "lance/write.h"

namespace lance::index {
class RowMoves;
}

namespace lance::dataset {

struct VectorSegmentsToMerge {
  std::string column;
  std::vector<table::IndexMetadata> segments;  ///< may be none
  table::IndexMetadata like;                   ///< whose model and manifest entry the new segment takes
  std::vector<uint64_t> fragments;             ///< whose rows are coded and added
  /// Splits partitions that would have more than kLargeFactor times their target of rows. Then
  /// `merged_if_split` are merged as well: all segments of an index have the same partitions.
  bool may_split = false;
  uint64_t target_partition_size = 0;  ///< 0: that of the kind
  std::vector<table::IndexMetadata> merged_if_split;
};

struct MergedVectorSegments {
  table::IndexMetadata segment;
  bool all = false;  ///< it has the rows of all segments
};

/// Writes one segment, under a new uuid, of the rows of segments that were built alike and the table still
/// has, and of the rows of further fragments. `moves` may be null. Errors: InvalidArgument where segments
/// were trained apart.
Result<MergedVectorSegments> MergeVectorSegments(const Dataset& dataset, const VectorSegmentsToMerge& what,
                                                 const index::RowMoves* moves, const CommitSettings& commit);

}  // namespace lance::dataset
