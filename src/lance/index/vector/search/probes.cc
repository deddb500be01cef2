#include "lance/index/vector/search/probes.h"

#include <algorithm>
#include <cmath>

#include "lance/simd/find_at_most.h"
#include "lance/simd/select.h"

namespace lance::index {
namespace {

struct Rule {
  double margin;  // of the nearest centroid's distance
  size_t minimum;
  size_t most;
};

// By k up to 1, 10, 100, 200, 500, 1000, 10000 and above.
constexpr size_t kBuckets[] = {1, 10, 100, 200, 500, 1000, 10000};
constexpr Rule kL2[] = {{0.2175, 5, 19},  {0.265, 6, 24},   {0.33, 11, 38},  {0.375, 15, 56},
                        {0.3725, 22, 81}, {0.4175, 29, 93}, {0.57, 98, 238}, {0.75, 463, 704}};
constexpr Rule kCosine[] = {{0.235, 3, 50},  {0.2875, 8, 77}, {0.38, 7, 106},     {0.415, 18, 156},
                            {0.45, 28, 192}, {0.47, 34, 248}, {0.6475, 104, 447}, {0.58, 738, 958}};
constexpr Rule kDot[] = {{0.14, 56, 112},  {0.055, 144, 432},   {0.0625, 200, 768},  {0.0675, 211, 833},
                         {0.07, 244, 971}, {0.0725, 279, 1092}, {0.0825, 517, 1824}, {0.21, 1009, 2528}};
constexpr uint64_t kMostK = 100000;  // beyond, and for hamming, another rule holds

const Rule& RuleFor(simd::Metric metric, uint64_t k) {
  size_t bucket = 0;
  while (bucket < std::size(kBuckets) && k > kBuckets[bucket]) ++bucket;
  if (metric == simd::Metric::kCosine) return kCosine[bucket];
  return metric == simd::Metric::kDot ? kDot[bucket] : kL2[bucket];
}

// Vectors of length 1 are compared by L2 when the metric is cosine.
simd::Metric CentroidMetric(simd::Metric metric) {
  return metric == simd::Metric::kDot ? metric : simd::Metric::kL2;
}

}  // namespace

std::vector<float> CentroidDistances(const VectorSegment& segment, const PreparedQuery& query) {
  std::vector<float> out(segment.num_partitions());
  const simd::Metric metric = segment.header().metric;
  const Tensor& stored = segment.stored_centroids();
  if (metric == simd::Metric::kHamming) {
    if (stored.element == simd::Element::kUInt8 && query.element == simd::Element::kUInt8) {
      simd::Distances(metric, stored.element, query.stored, stored.data.data(), out.size(),
                      segment.dimension(), out.data());
    }
  } else {
    simd::Distances(CentroidMetric(metric), simd::Element::kFloat32, query.values.data(),
                    segment.centroids().data(), out.size(), segment.dimension(), out.data());
  }
  return out;
}

std::vector<std::vector<float>> CentroidDistances(const VectorSegment& segment,
                                                  std::span<const PreparedQuery* const> queries) {
  std::vector<std::vector<float>> out;
  const simd::Metric metric = segment.header().metric;
  const size_t count = segment.num_partitions(), dimension = segment.dimension();
  if (metric == simd::Metric::kHamming || queries.size() == 1) {
    for (const PreparedQuery* query : queries) out.push_back(CentroidDistances(segment, *query));
    return out;
  }
  std::vector<float> values, distances(queries.size() * count);
  values.reserve(queries.size() * dimension);
  for (const PreparedQuery* query : queries) {
    values.insert(values.end(), query->values.begin(), query->values.end());
  }
  simd::BatchDistancesF32(CentroidMetric(metric), values.data(), queries.size(), segment.centroids().data(),
                          count, dimension, distances.data());
  for (size_t q = 0; q < queries.size(); ++q) {
    const auto from = distances.begin() + static_cast<ptrdiff_t>(q * count);
    out.emplace_back(from, from + static_cast<ptrdiff_t>(count));
  }
  return out;
}

Probes::Probes(std::vector<float> distances) : distances_(std::move(distances)) {
  // What is no number goes last: such numbers have no order.
  for (float& distance : distances_) {
    if (std::isnan(distance)) distance = INFINITY;
  }
}

// Of equally far partitions all or none are among the sorted ones.
void Probes::Sort(size_t wanted) {
  const float farthest = simd::KthSmallest(distances_.data(), distances_.size(), wanted);
  sorted_.clear();
  for (size_t p = 0; p < distances_.size(); ++p) {
    p += simd::FindAtMost(distances_.data() + p, distances_.size() - p, farthest);
    if (p < distances_.size()) sorted_.push_back({distances_[p], static_cast<uint32_t>(p)});
  }
  std::sort(sorted_.begin(), sorted_.end());
}

const Probe& Probes::At(size_t index) {
  if (index >= sorted_.size()) Sort(std::min(size(), std::max<size_t>({index + 1, sorted_.size() * 2, 32})));
  return sorted_[index];
}

size_t Probes::Initial(const ProbeBounds& bounds, uint64_t k, simd::Metric metric) {
  const size_t most = std::min(bounds.maximum.value_or(size()), size());
  if (bounds.maximum == bounds.minimum || size() == 0) return std::min(bounds.minimum, most);
  const float nearest = At(0).distance;
  size_t selected = 0;
  if (metric == simd::Metric::kHamming || k > kMostK) {
    const float factor = k <= 1 ? 0.6f : k <= 10 ? 7.0f : 81.0f;
    while (selected < most && At(selected).distance <= nearest * factor) ++selected;
  } else {
    const Rule& rule = RuleFor(metric, k);
    const double scale = metric == simd::Metric::kDot ? std::fabs(1.0 - double{nearest}) : double{nearest};
    while (selected < std::min(most, rule.most) &&
           double{At(selected).distance} - nearest <= rule.margin * scale) {
      ++selected;
    }
    selected = std::min(std::max(selected, rule.minimum), rule.most);
  }
  return std::min(std::max(bounds.minimum, selected), most);
}

}  // namespace lance::index
