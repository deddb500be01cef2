#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/row_moves.h"
#include "lance/index/vector/search/neighbors.h"
#include "lance/index/vector/search/probes.h"
#include "lance/index/vector/segment.h"

namespace lance::runtime {
class CancellationToken;
}

namespace lance::index {

struct SearchOptions {
  uint64_t k = 10;     ///< rows asked for
  uint64_t keep = 10;  ///< rows to find: more than k when they are refined
  ProbeBounds probes;
  std::optional<uint64_t> ef;  ///< candidates of a walk over a graph; default: half as many again as are kept
  std::optional<float> lower_bound;  ///< inclusive
  std::optional<float> upper_bound;  ///< exclusive
  bool fill = false;                 ///< look at further partitions, past the maximum, until k rows are found
};

/// A segment and which of its rows count.
struct SearchedSegment {
  std::shared_ptr<const VectorSegment> segment;
  std::shared_ptr<const RowMoves> moves;    ///< may be null
  std::shared_ptr<const RowFilter> filter;  ///< may be null: all
};

struct SearchCounts {
  uint64_t partitions = 0;
  uint64_t rows = 0;
  uint64_t walked = 0;    ///< partitions whose graph was walked
  uint64_t selected = 0;  ///< partitions of which only the rows that a filter allows were compared
  uint64_t widened = 0;   ///< partitions that were looked at because the first probes gave too few rows

  void Add(const SearchCounts& other) {
    partitions += other.partitions;
    rows += other.rows;
    walked += other.walked;
    selected += other.selected;
    widened += other.widened;
  }
};

/// The nearest rows of all segments, nearest first. `query` is one vector of `element`. Runs on the calling
/// thread; partitions that are not cached are read.
Result<std::vector<Neighbor>> Search(std::span<const SearchedSegment> segments, simd::Element element,
                                     const void* query, const SearchOptions& options, runtime::Cache* cache,
                                     SearchCounts* counts);

/// Queries that are searched together: `count` vectors of `element`, one after the other.
struct QueryBlock {
  simd::Element element = simd::Element::kFloat32;
  const uint8_t* data = nullptr;
  size_t count = 0;
  size_t vector_bytes = 0;
  const void* at(size_t query) const { return data + query * vector_bytes; }
};

/// What Search finds for each of many queries. Goes from partition to partition, so that each is loaded once
/// and stays in the processor's caches for all of its queries. Holds some KiB a query.
Result<std::vector<std::vector<Neighbor>>> SearchMany(std::span<const SearchedSegment> segments,
                                                      const QueryBlock& queries, const SearchOptions& options,
                                                      runtime::Cache* cache,
                                                      const runtime::CancellationToken& cancel,
                                                      SearchCounts* counts);

}  // namespace lance::index
