#pragma once

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
};

/// Writes one segment, under a new uuid, of the rows of segments that were built alike and the table still
/// has, and of the rows of further fragments. `moves` may be null. Errors: InvalidArgument where segments
/// were trained apart.
Result<table::IndexMetadata> MergeVectorSegments(const Dataset& dataset, const VectorSegmentsToMerge& what,
                                                 const index::RowMoves* moves, const CommitSettings& commit);

}  // namespace lance::dataset
