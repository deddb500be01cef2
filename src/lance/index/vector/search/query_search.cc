#include "lance/index/vector/search/query_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lance::index {
namespace {

// Distances that a walk over a graph computes for each node that it goes on from.
constexpr double kDistancesOfStep = 24;
// Rows of a large partition that are looked at together.
constexpr size_t kRowsTogether = 16'384;

}  // namespace

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

QuerySearch::QuerySearch(const SearchedSegment& searched, PreparedQuery query, const SearchOptions& options,
                         ScorerScratch* scratch)
    : searched_(searched),
      options_(options),
      scratch_(scratch),
      query_(std::make_unique<const PreparedQuery>(std::move(query))),
      scorer_(MakeScorer(*searched.segment, *query_, scratch)) {}

void QuerySearch::SearchPartition(const Partition& partition, const Probe& probe, Neighbors* out,
                                  SearchCounts* counts) {
  if (partition.num_rows == 0) return;
  counts->partitions++;
  counts->rows += partition.num_rows;
  out->set_filter(searched_.filter.get());
  scorer_->Begin(partition, probe.partition, probe.distance);
  if (partition.graph != nullptr) {
    Walk(partition, out, counts);
  } else if (out->filter() != nullptr && out->filter()->is_selective()) {
    ScanAllowed(partition, out, counts);
  } else {
    scorer_->Scan(out);
  }
}

// Computes distances of the rows that the filter lets through only, unless these are many.
void QuerySearch::ScanAllowed(const Partition& partition, Neighbors* out, SearchCounts* counts) {
  std::vector<uint32_t>& allowed = scratch_->allowed;
  allowed.clear();
  out->filter()->Select(partition.row_ids, 0, &allowed);
  if (allowed.size() * 4 > partition.num_rows) return scorer_->Scan(out);
  counts->selected++;
  OfferAllowed(partition, out);
}

// Offers scratch_->allowed, whose rows need not be asked for again.
void QuerySearch::OfferAllowed(const Partition& partition, Neighbors* out) {
  const std::vector<uint32_t>& allowed = scratch_->allowed;
  scratch_->distances.resize(allowed.size());
  scorer_->Distances(allowed, scratch_->distances.data());
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (scratch_->distances[i] <= out->limit()) {
      out->OfferAllowed(scratch_->distances[i], partition.row_ids[allowed[i]]);
    }
  }
}

// How many rows of a partition a filter lets through, were they spread evenly.
double QuerySearch::LikelyAllowed(const Partition& partition) const {
  const std::vector<uint32_t>& lengths = searched_.segment->rows().lengths;
  const double all = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  const double share = static_cast<double>(searched_.filter->most()) / std::max(all, 1.0);
  return static_cast<double>(partition.num_rows) * std::min(1.0, share);
}

void QuerySearch::Walk(const Partition& partition, Neighbors* out, SearchCounts* counts) {
  const RowFilter* filter = out->filter();
  const uint64_t ef = std::max(options_.ef.value_or(options_.keep + options_.keep / 2), options_.keep);
  size_t most_distances = SIZE_MAX;
  if (filter != nullptr && filter->is_selective()) {
    // A walk goes on until `ef` allowed rows are near enough, and meets the neighbours of all rows in
    // between. It is not worth more than comparing all allowed rows, and when it turns out to be that is what
    // is done.
    const double allowed = LikelyAllowed(partition);
    const double steps =
        static_cast<double>(ef) * static_cast<double>(partition.num_rows) / std::max(allowed, 1.0);
    if (steps * kDistancesOfStep >= allowed) return ScanParts(partition, out, counts);
    most_distances = static_cast<size_t>(allowed);
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
      accept, most_distances);
  if (!found.has_value()) return ScanParts(partition, out, counts);
  counts->walked++;
  for (const HnswGraph::Found& f : *found) out->Offer(f.distance, partition.row_ids[f.node]);
}

// Compares all allowed rows, some at a time: a graph's partition is large.
void QuerySearch::ScanParts(const Partition& partition, Neighbors* out, SearchCounts* counts) {
  counts->selected++;
  for (size_t first = 0; first < partition.num_rows; first += kRowsTogether) {
    const size_t count = std::min(kRowsTogether, partition.num_rows - first);
    scratch_->allowed.clear();
    out->filter()->Select({partition.row_ids.data() + first, count}, static_cast<uint32_t>(first),
                          &scratch_->allowed);
    OfferAllowed(partition, out);
  }
}

}  // namespace lance::index
