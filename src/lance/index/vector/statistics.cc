#include "lance/index/vector/statistics.h"

#include <algorithm>
#include <cmath>

#include "lance/base/json.h"
#include "lance/index/vector/format/details.h"
#include "lance/index/vector/format/names.h"
#include "lance/index/vector/row_moves.h"
#include "lance/index/vector/segment.h"
#include "lance/store/object_store.h"
#include "lance/table/bases.h"

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
  return out +
         fmt::format(R"(,"index_type":"{}","metric_type":"{}")", type, MetricName(segment.header().metric));
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

}  // namespace

Result<std::string> VectorIndexStatistics(const table::Snapshot& snapshot, const std::string& name,
                                          bool centroids) {
  ARROW_ASSIGN_OR_RAISE(auto entries, snapshot.Indices());
  ARROW_ASSIGN_OR_RAISE(auto moves, RowMoves::Load(snapshot));
  std::string segments, per_segment, type;
  table::FragmentSet covered;
  uint64_t count = 0, updated = 0;
  for (const table::IndexMetadata& entry : *entries) {
    if (entry.name != name || !IsVectorIndex(entry.details_type_url)) continue;
    ARROW_ASSIGN_OR_RAISE(std::string text, DescribeSegment(snapshot, entry, centroids));
    ARROW_ASSIGN_OR_RAISE(auto segment, VectorSegment::Open(snapshot, entry));
    if (count == 0) type = KindName(segment->header().kind);
    segments += (count == 0 ? "" : ",") + text;
    updated = std::max(updated, entry.created_at_ms.value_or(0));
    table::FragmentSet own;
    if (entry.fragment_bitmap.has_value()) {
      ARROW_ASSIGN_OR_RAISE(own, table::FragmentSet::Parse(*entry.fragment_bitmap));
    }
    if (moves != nullptr) own = moves->Covered(std::move(own));
    uint64_t rows = 0;
    for (const table::Fragment& fragment : snapshot.manifest().fragments) {
      if (!own.Contains(fragment.id)) continue;
      covered.Add(fragment.id);
      ARROW_ASSIGN_OR_RAISE(uint64_t live, snapshot.CountRows(fragment));
      rows += live;
    }
    per_segment += fmt::format("{}{}", count == 0 ? "" : ",", rows);
    ++count;
  }
  if (count == 0) return NotFound("vector index '{}' does not exist", name);
  uint64_t fragments = 0, rows = 0, other_fragments = 0, other_rows = 0;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    ARROW_ASSIGN_OR_RAISE(uint64_t live, snapshot.CountRows(fragment));
    const bool indexed = covered.Contains(fragment.id);
    (indexed ? fragments : other_fragments) += 1;
    (indexed ? rows : other_rows) += live;
  }
  return fmt::format(
      R"({{"index_type":"{0}","name":{1},"num_indices":{2},"num_segments":{2},"indices":[{3}],"segments":[{3}],)"
      R"("num_indexed_fragments":{4},"num_indexed_rows":{5},"num_unindexed_fragments":{6},)"
      R"("num_unindexed_rows":{7},"num_indexed_rows_per_delta":[{8}],"updated_at_timestamp_ms":{9}}})",
      type, QuoteJson(name), count, segments, fragments, rows, other_fragments, other_rows, per_segment,
      updated);
}

}  // namespace lance::index
