#include "lance/index/vector/search/search.h"

#include <algorithm>
#include <tuple>

#include "lance/index/vector/search/query_search.h"
#include "lance/runtime/cancellation.h"
#include "lance/simd/distance.h"

namespace lance::index {
namespace {

// Partitions are loaded before they are searched up to about this many bytes.
constexpr uint64_t kAhead = 16 << 20;
// Queries whose distances to the centroids are computed together.
constexpr size_t kQueriesTogether = 16;

// The partitions of one query in one segment, nearest first.
class SegmentSearch {
 public:
  SegmentSearch(const SearchedSegment& searched, PreparedQuery query, const SearchOptions& options,
                ScorerScratch* scratch, runtime::Cache* cache, SearchCounts* counts)
      : searched_(searched),
        cache_(cache),
        counts_(counts),
        search_(searched, std::move(query), options, scratch),
        scratch_(scratch),
        probes_(CentroidDistances(*searched.segment, search_.query())) {
    initial_ = probes_.Initial(options.probes, options.k, searched.segment->header().metric);
    most_ = options.fill ? probes_.size()
                         : std::min(options.probes.maximum.value_or(probes_.size()), probes_.size());
  }

  size_t initial() const { return initial_; }
  void SkipInitial() { next_ = first_loaded_ = initial_; }
  bool done() const { return next_ >= most_; }

  Status SearchNext(Neighbors* out) {
    if (next_ == first_loaded_ + loaded_.size()) ARROW_RETURN_NOT_OK(LoadAhead());
    const Probe probe = probes_.At(next_);
    const std::shared_ptr<const Partition> partition = std::move(loaded_[next_++ - first_loaded_]);
    search_.SearchPartition(*partition, probe, out, counts_);
    return Status::OK();
  }

 private:
  // The first probes together; then half as many as were searched before.
  Status LoadAhead() {
    const VectorSegment& segment = *searched_.segment;
    const size_t wanted = next_ < initial_ ? initial_ - next_ : std::max<size_t>(next_ / 2, 1);
    const size_t end = std::min(next_ + wanted, most_);
    first_loaded_ = next_;
    std::vector<uint32_t> partitions;
    upcoming_.clear();
    uint64_t bytes = 0;
    for (size_t i = next_; i < end && (i == next_ || bytes < kAhead); ++i) {
      partitions.push_back(probes_.At(i).partition);
      upcoming_.push_back({search_.scorer(), partitions.back()});
      bytes += segment.rows().lengths[partitions.back()] * segment.row_bytes();
    }
    scratch_->Announce(upcoming_);
    return segment.Load(partitions, searched_.moves.get(), cache_).Value(&loaded_);
  }

  const SearchedSegment& searched_;
  runtime::Cache* cache_;
  SearchCounts* counts_;
  QuerySearch search_;
  ScorerScratch* scratch_;
  Probes probes_;
  size_t initial_ = 0;
  size_t most_ = 0;
  size_t next_ = 0;
  std::vector<std::shared_ptr<const Partition>> loaded_;  // of probes from first_loaded_ on
  size_t first_loaded_ = 0;
  std::vector<Upcoming> upcoming_;
};

// Where the first probes gave too little, one more of each segment at a time.
Status FillUp(std::span<const std::unique_ptr<SegmentSearch>> searches, const SearchOptions& options,
              Neighbors* best, SearchCounts* counts) {
  bool more = true;
  while (best->size() < options.k && more) {
    more = false;
    for (const auto& search : searches) {
      if (search->done() || best->size() >= options.k) continue;
      ARROW_RETURN_NOT_OK(search->SearchNext(best));
      counts->widened++;
      more = true;
    }
  }
  return Status::OK();
}

// A partition that a query looks at.
struct Visit {
  uint32_t partition;
  uint32_t query;
  float distance;
  bool later;  // not the nearest one of its query
};

// The first probes of many queries in one segment, partition after partition.
class ManySearch {
 public:
  ManySearch(const SearchedSegment& searched, const QueryBlock& queries, const SearchOptions& options,
             runtime::Cache* cache, SearchCounts* counts)
      : searched_(searched), options_(options), cache_(cache), counts_(counts) {
    searches_.reserve(queries.count);
    for (size_t q = 0; q < queries.count; ++q) {
      searches_.emplace_back(searched, Prepare(*searched.segment, queries.element, queries.at(q)), options,
                             &scratch_);
    }
    for (size_t q = 0; q < queries.count; q += kQueriesTogether) {
      FindProbes(q, std::min(queries.count, q + kQueriesTogether));
    }
    // The nearest partition of each query comes first: it makes a limit for the others.
    std::sort(visits_.begin(), visits_.end(), [](const Visit& a, const Visit& b) {
      return std::tie(a.later, a.partition, a.query) < std::tie(b.later, b.partition, b.query);
    });
  }

  Status Run(const runtime::CancellationToken& cancel, std::vector<Neighbors>* best) {
    for (size_t first = 0; first < visits_.size();) {
      std::vector<uint32_t> partitions;
      uint64_t bytes = 0;
      size_t end = first;
      while (end < visits_.size() && (end == first || bytes < kAhead)) {
        partitions.push_back(visits_[end].partition);
        bytes += searched_.segment->rows().lengths[partitions.back()] * searched_.segment->row_bytes();
        end = EndOfGroup(end);
      }
      ARROW_ASSIGN_OR_RAISE(const auto loaded,
                            searched_.segment->Load(partitions, searched_.moves.get(), cache_));
      for (const auto& partition : loaded) {
        const size_t after = EndOfGroup(first);
        ARROW_RETURN_NOT_OK(
            SearchGroup(*partition, {visits_.data() + first, visits_.data() + after}, cancel, best));
        first = after;
      }
    }
    return Status::OK();
  }

 private:
  void FindProbes(size_t begin, size_t end) {
    std::vector<const PreparedQuery*> queries;
    for (size_t q = begin; q < end; ++q) queries.push_back(&searches_[q].query());
    std::vector<std::vector<float>> distances = CentroidDistances(*searched_.segment, queries);
    for (size_t q = begin; q < end; ++q) {
      Probes probes(std::move(distances[q - begin]));
      const size_t count = probes.Initial(options_.probes, options_.k, searched_.segment->header().metric);
      for (size_t i = 0; i < count; ++i) {
        const Probe& probe = probes.At(i);
        visits_.push_back({probe.partition, static_cast<uint32_t>(q), probe.distance, i > 0});
      }
    }
  }

  size_t EndOfGroup(size_t first) const {
    size_t end = first + 1;
    while (end < visits_.size() && visits_[end].later == visits_[first].later &&
           visits_[end].partition == visits_[first].partition) {
      ++end;
    }
    return end;
  }

  Status SearchGroup(const Partition& partition, std::span<const Visit> visits,
                     const runtime::CancellationToken& cancel, std::vector<Neighbors>* best) {
    upcoming_.clear();
    for (const Visit& visit : visits) {
      upcoming_.push_back({searches_[visit.query].scorer(), visit.partition});
    }
    scratch_.Announce(upcoming_);
    for (const Visit& visit : visits) {
      ARROW_RETURN_NOT_OK(cancel.Check());  // a partition may be the whole index
      searches_[visit.query].SearchPartition(partition, {visit.distance, visit.partition},
                                             &(*best)[visit.query], counts_);
    }
    return Status::OK();
  }

  const SearchedSegment& searched_;
  const SearchOptions& options_;
  runtime::Cache* cache_;
  SearchCounts* counts_;
  ScorerScratch scratch_;
  std::vector<QuerySearch> searches_;
  std::vector<Visit> visits_;
  std::vector<Upcoming> upcoming_;
};

}  // namespace

Result<std::vector<Neighbor>> Search(std::span<const SearchedSegment> segments, simd::Element element,
                                     const void* query, const SearchOptions& options, runtime::Cache* cache,
                                     SearchCounts* counts) {
  Neighbors best(options.keep, options.lower_bound, options.upper_bound);
  ScorerScratch scratch;
  std::vector<std::unique_ptr<SegmentSearch>> searches;
  searches.reserve(segments.size());
  for (const SearchedSegment& segment : segments) {
    searches.push_back(std::make_unique<SegmentSearch>(segment, Prepare(*segment.segment, element, query),
                                                       options, &scratch, cache, counts));
    for (size_t i = 0; i < searches.back()->initial(); ++i) {
      ARROW_RETURN_NOT_OK(searches.back()->SearchNext(&best));
    }
  }
  ARROW_RETURN_NOT_OK(FillUp(searches, options, &best, counts));
  return best.Take();
}

Result<std::vector<std::vector<Neighbor>>> SearchMany(std::span<const SearchedSegment> segments,
                                                      const QueryBlock& queries, const SearchOptions& options,
                                                      runtime::Cache* cache,
                                                      const runtime::CancellationToken& cancel,
                                                      SearchCounts* counts) {
  std::vector<Neighbors> best(queries.count,
                              Neighbors(options.keep, options.lower_bound, options.upper_bound));
  for (const SearchedSegment& segment : segments) {
    ARROW_RETURN_NOT_OK(ManySearch(segment, queries, options, cache, counts).Run(cancel, &best));
  }
  std::vector<std::vector<Neighbor>> out(queries.count);
  for (size_t q = 0; q < queries.count; ++q) {
    if (best[q].size() < options.k) {
      ARROW_RETURN_NOT_OK(cancel.Check());
      ScorerScratch scratch;
      std::vector<std::unique_ptr<SegmentSearch>> searches;
      for (const SearchedSegment& segment : segments) {
        searches.push_back(std::make_unique<SegmentSearch>(
            segment, Prepare(*segment.segment, queries.element, queries.at(q)), options, &scratch, cache,
            counts));
        searches.back()->SkipInitial();
      }
      ARROW_RETURN_NOT_OK(FillUp(searches, options, &best[q], counts));
    }
    out[q] = best[q].Take();
  }
  return out;
}

}  // namespace lance::index
