#include "lance/index/vector/statistics.h"

#include <algorithm>
#include <cmath>

#include "lance/base/json.h"
#include "lance/index/join_statistics.h"
#include "lance/index/vector/format/details.h"
#include "lance/index/vector/format/names.h"
#include "lance/index/vector/segment.h"
#include "lance/store/object_store.h"
#include "lance/table/bases.h"
#include "lance/table/fragment_set.h"

namespace lance::index {
namespace {

std::string Number(double value) {
  // JSON has no other numbers.
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string Centroids(const VectorSegment& segment) {
  std::string out = "[";
  const std::vector<float>& values = segment.centroids();
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % segment.dimension() == 0) out += i == 0 ? "[" : "],[";
    if (i % segment.dimension() != 0) out += ",";
    out += Number(double{values[i]});
  }
  return out + (values.empty() ? "]" : "]]");
}

// The members of a JSON object, without its braces.
std::string Members(const std::string& object) { return object.substr(1, object.size() - 2); }

std::string SubIndexMembers(const VectorSegment& segment) {
  const VectorIndexKind kind = segment.header().kind;
  std::string out;
  if (kind.sub_index == SubIndex::kHnsw && !segment.graphs().empty()) {
    out += Members(SerializeHnsw(segment.graphs().front())) + ",";
  }
  if (kind.quantizer == Quantizer::kPq) {
    const PqMetadata& pq = segment.quantizer().pq();
    out += fmt::format(R"("nbits":{},"num_sub_vectors":{},"dimension":{},"transposed":{})", pq.num_bits,
                       pq.num_sub_vectors, pq.dimension, pq.transposed);
  } else {
    out += Members(SerializeQuantizer(segment.quantizer().metadata));
  }
  const std::string_view type =
      kind.sub_index == SubIndex::kHnsw ? std::string_view("HNSW") : QuantizerName(kind.quantizer);
  // Codes of PQ are of vectors of length 1, compared by L2, when the metric is cosine.
  const bool codes_by_l2 =
      kind.quantizer == Quantizer::kPq && segment.header().metric == simd::Metric::kCosine;
  const simd::Metric metric = codes_by_l2 ? simd::Metric::kL2 : segment.header().metric;
  return out + fmt::format(R"(,"index_type":"{}","metric_type":"{}")", type, MetricName(metric));
}

Result<std::string> DescribeSegment(const table::Snapshot& snapshot, const table::IndexMetadata& entry,
                                    bool centroids) {
  ARROW_ASSIGN_OR_RAISE(auto segment, VectorSegment::Open(snapshot, entry));
  ARROW_ASSIGN_OR_RAISE(table::ObjectPlace folder, snapshot.IndexFolder(entry));
  std::string partitions;
  for (uint32_t length : segment->rows().lengths) {
    partitions += fmt::format(R"({}{{"size":{}}})", partitions.empty() ? "" : ",", length);
  }
  std::string out = fmt::format(
      R"({{"index_type":"{}","uuid":"{}","uri":{},"metric_type":"{}","num_partitions":{},)"
      R"("sub_index":{{{}}},"partitions":[{}])",
      KindName(segment->header().kind), entry.uuid,
      QuoteJson(folder.store->FullPath(folder.key + "/" + kIndexFile)), MetricName(segment->header().metric),
      segment->num_partitions(), SubIndexMembers(*segment), partitions);
  if (centroids) out += ",\"centroids\":" + Centroids(*segment);
  if (segment->loss().has_value()) out += ",\"loss\":" + Number(*segment->loss());
  return out + R"(,"index_file_version":"V3"})";
}

// A definition that was not trained: it has no files and covers nothing. Older releases did not list files.
Result<bool> IsUntrained(const table::IndexMetadata& entry) {
  if (!entry.files.empty() || !entry.fragment_bitmap.has_value()) return false;
  ARROW_ASSIGN_OR_RAISE(const auto covered, table::FragmentSet::Parse(*entry.fragment_bitmap));
  return covered.empty();
}

}  // namespace

Result<std::string> VectorIndexStatistics(const table::Snapshot& snapshot, const std::string& name,
                                          bool centroids) {
  ARROW_ASSIGN_OR_RAISE(auto entries, snapshot.Indices());
  const auto found = std::find_if(entries->begin(), entries->end(), [&](const table::IndexMetadata& entry) {
    return entry.name == name && IsVectorIndex(entry.details_type_url);
  });
  if (found == entries->end()) return NotFound("vector index '{}' does not exist", name);
  ARROW_ASSIGN_OR_RAISE(const bool untrained, IsUntrained(*found));
  if (untrained) {
    return JoinStatistics(snapshot, name, "N/A",
                          [](const table::IndexMetadata&) -> Result<std::string> { return "{}"; });
  }
  ARROW_ASSIGN_OR_RAISE(auto segment, VectorSegment::Open(snapshot, *found));
  return JoinStatistics(
      snapshot, name, KindName(segment->header().kind),
      [&](const table::IndexMetadata& entry) { return DescribeSegment(snapshot, entry, centroids); });
}

}  // namespace lance::index
