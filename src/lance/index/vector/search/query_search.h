#pragma once

#include <memory>

#include "lance/index/vector/search/neighbors.h"
#include "lance/index/vector/search/probes.h"
#include "lance/index/vector/search/scorer.h"
#include "lance/index/vector/search/search.h"

namespace lance::index {

/// A query as an index over a segment compares it. `query` is one vector of `element`, which must stay.
PreparedQuery Prepare(const VectorSegment& segment, simd::Element element, const void* query);

/// One query in one segment, a partition at a time. One thread at a time.
class QuerySearch {
 public:
  /// All but the query must outlive it; `scratch` may be shared with other queries of the same thread.
  QuerySearch(const SearchedSegment& searched, PreparedQuery query, const SearchOptions& options,
              ScorerScratch* scratch);

  const PreparedQuery& query() const { return *query_; }
  Scorer* scorer() const { return scorer_.get(); }
  /// Offers the rows of a partition that may be near enough.
  void SearchPartition(const Partition& partition, const Probe& probe, Neighbors* out, SearchCounts* counts);

 private:
  void ScanAllowed(const Partition& partition, Neighbors* out, SearchCounts* counts);
  void OfferAllowed(const Partition& partition, Neighbors* out);
  double LikelyAllowed(const Partition& partition) const;
  void Walk(const Partition& partition, Neighbors* out, SearchCounts* counts);
  void ScanParts(const Partition& partition, Neighbors* out, SearchCounts* counts);

  const SearchedSegment& searched_;
  const SearchOptions& options_;
  ScorerScratch* scratch_;
  std::unique_ptr<const PreparedQuery> query_;  // where it stays when this is moved
  std::unique_ptr<Scorer> scorer_;
};

}  // namespace lance::index
