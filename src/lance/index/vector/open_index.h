#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/search/search.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::index {

/// A vector index as a snapshot may use it: its segments, open, and which fragments they speak for. Immutable
/// and thread-safe.
struct VectorIndex {
  struct Part {
    const table::IndexMetadata* entry;  ///< of `entries`
    table::FragmentSet indexed;         ///< fragments that it was built over, after moves
    table::FragmentSet covered;         ///< those of them that the snapshot has
  };
  std::string name;
  simd::Metric metric = simd::Metric::kL2;
  uint64_t dimension = 0;
  std::vector<SearchedSegment> segments;  ///< with filters for the live rows of what they cover
  std::vector<Part> parts;                ///< parallel to segments
  table::FragmentSet covered;             ///< by any segment
  std::shared_ptr<const std::vector<table::IndexMetadata>> entries;
};

/// Opens the index on a field, or finds it open in the session's cache; nullptr when there is none that can
/// be used: none with this `metric`, when one is given. Errors: those of VectorSegment::Open.
Result<std::shared_ptr<const VectorIndex>> OpenVectorIndex(const table::Snapshot& snapshot, int32_t field_id,
                                                           std::optional<simd::Metric> metric);

/// The segments for a search of some fragments only.
Result<std::vector<SearchedSegment>> RestrictTo(const table::Snapshot& snapshot, const VectorIndex& index,
                                                const table::FragmentSet& fragments);

}  // namespace lance::index
