#include "lance/index/vector/search/search.h"

#include <algorithm>
#include <cmath>

namespace lance::index {
namespace {

// Under a filter that lets less than one in this many through, a walk over the graph meets too few rows.
constexpr size_t kWalkSelectivity = 10;

// Partitions are loaded before they are searched up to about this many bytes.
constexpr uint64_t kAhead = 16 << 20;

PreparedQuery Prepare(const VectorSegment& segment, simd::Element element, const void* query) {
  PreparedQuery out;
  out.element = element;
  out.stored = query;
  out.values.resize(segment.dimension());
  ConvertToFloats(element, query, out.values.size(), out.values.data());
  if (segment.header().metric != simd::Metric::kCosine) return out;
  double squares = 0;
  for (float value : out.values) squares += double{value} * value;
  const double norm = std::sqrt(squares);
  for (float& value : out.values) value = static_cast<float>(value / norm);
  return out;
}

// The search of one segment, partition by partition.
class SegmentSearch {
 public:
  SegmentSearch(const SearchedSegment& searched, simd::Element element, const void* query,
                const SearchOptions& options, runtime::Cache* cache, SearchCounts* counts)
      : searched_(searched),
        options_(options),
        cache_(cache),
        counts_(counts),
        query_(Prepare(*searched.segment, element, query)),
        probes_(*searched.segment, query_),
        scorer_(MakeScorer(*searched.segment, query_)) {
    initial_ = probes_.Initial(options.probes, options.k, searched.segment->header().metric);
    most_ = options.fill ? probes_.size()
                         : std::min(options.probes.maximum.value_or(probes_.size()), probes_.size());
  }

  size_t initial() const { return initial_; }
  bool done() const { return next_ >= most_; }

  Status SearchNext(Neighbors* out) {
    if (next_ == first_loaded_ + loaded_.size()) ARROW_RETURN_NOT_OK(LoadAhead());
    const Probe probe = probes_.At(next_);
    const std::shared_ptr<const Partition> partition = std::move(loaded_[next_++ - first_loaded_]);
    if (partition->num_rows == 0) return Status::OK();
    counts_->partitions++;
    counts_->rows += partition->num_rows;
    out->set_filter(searched_.filter.get());
    scorer_->Begin(*partition, probe.partition, probe.distance);
    if (partition->graph != nullptr) {
      Walk(*partition, out);
    } else if (out->filter() != nullptr && out->filter()->is_selective()) {
      ScanAllowed(*partition, out);
    } else {
      scorer_->Scan(out);
    }
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
    uint64_t bytes = 0;
    for (size_t i = next_; i < end && (i == next_ || bytes < kAhead); ++i) {
      partitions.push_back(probes_.At(i).partition);
      bytes += segment.rows().lengths[partitions.back()] * segment.row_bytes();
    }
    return segment.Load(partitions, searched_.moves.get(), cache_).Value(&loaded_);
  }

  // Computes distances of the rows that the filter lets through only.
  void ScanAllowed(const Partition& partition, Neighbors* out) {
    allowed_.clear();
    for (uint32_t r = 0; r < partition.num_rows; ++r) {
      if (out->filter()->Allows(partition.row_ids[r])) allowed_.push_back(r);
    }
    if (allowed_.size() * 4 > partition.num_rows && partition.graph == nullptr) return scorer_->Scan(out);
    OfferAllowed(partition, out);
  }

  void OfferAllowed(const Partition& partition, Neighbors* out) {
    distances_.resize(allowed_.size());
    scorer_->Distances(allowed_, distances_.data());
    for (size_t i = 0; i < allowed_.size(); ++i) {
      out->Offer(distances_[i], partition.row_ids[allowed_[i]]);
    }
  }

  void Walk(const Partition& partition, Neighbors* out) {
    const RowFilter* filter = out->filter();
    const uint64_t ef = std::max(options_.ef.value_or(options_.keep + options_.keep / 2), options_.keep);
    if (filter != nullptr && filter->is_selective()) {
      allowed_.clear();
      for (uint32_t r = 0; r < partition.num_rows; ++r) {
        if (filter->Allows(partition.row_ids[r])) allowed_.push_back(r);
      }
      if (allowed_.size() * kWalkSelectivity <= partition.num_rows || allowed_.size() <= 4 * ef) {
        return OfferAllowed(partition, out);
      }
    }
    HnswGraph::Accept accept;
    if (filter != nullptr || options_.lower_bound.has_value() || options_.upper_bound.has_value()) {
      accept = [&](uint32_t node, float distance) {
        return !(options_.lower_bound.has_value() && distance < *options_.lower_bound) &&
               !(options_.upper_bound.has_value() && !(distance < *options_.upper_bound)) &&
               out->Allows(partition.row_ids[node]);
      };
    }
    const auto found = partition.graph->Search(
        [&](std::span<const uint32_t> nodes, float* distances) { scorer_->Distances(nodes, distances); }, ef,
        accept);
    for (const HnswGraph::Found& f : found) out->Offer(f.distance, partition.row_ids[f.node]);
  }

  const SearchedSegment& searched_;
  const SearchOptions& options_;
  runtime::Cache* cache_;
  SearchCounts* counts_;
  PreparedQuery query_;
  Probes probes_;
  std::unique_ptr<Scorer> scorer_;
  size_t initial_ = 0;
  size_t most_ = 0;
  size_t next_ = 0;
  std::vector<std::shared_ptr<const Partition>> loaded_;  // of probes from first_loaded_ on
  size_t first_loaded_ = 0;
  std::vector<uint32_t> allowed_;
  std::vector<float> distances_;
};

}  // namespace

Result<std::vector<Neighbor>> Search(std::span<const SearchedSegment> segments, simd::Element element,
                                     const void* query, const SearchOptions& options, runtime::Cache* cache,
                                     SearchCounts* counts) {
  Neighbors best(options.keep, options.lower_bound, options.upper_bound);
  std::vector<std::unique_ptr<SegmentSearch>> searches;
  searches.reserve(segments.size());
  for (const SearchedSegment& segment : segments) {
    searches.push_back(std::make_unique<SegmentSearch>(segment, element, query, options, cache, counts));
    for (size_t i = 0; i < searches.back()->initial(); ++i) {
      ARROW_RETURN_NOT_OK(searches.back()->SearchNext(&best));
    }
  }
  // Where the first probes gave too little, one more of each segment at a time.
  bool more = true;
  while (best.size() < options.k && more) {
    more = false;
    for (const auto& search : searches) {
      if (search->done() || best.size() >= options.k) continue;
      ARROW_RETURN_NOT_OK(search->SearchNext(&best));
      more = true;
    }
  }
  return best.Take();
}

}  // namespace lance::index
