#include "lance/index/vector/open_index.h"

#include <algorithm>

#include "lance/index/vector/format/details.h"
#include "lance/index/vector/search/row_filters.h"
#include "lance/runtime/session.h"
#include "lance/table/index_maintenance.h"

namespace lance::index {
namespace {

// Versions of index entries above this are ignored, as the reference does: their index is not used.
constexpr int32_t kNewestIndexVersion = 5;

bool IsUsable(const table::IndexMetadata& entry, int32_t field_id) {
  // Entries of old releases have no details; those of scalar indices do not lie on vector columns.
  const bool vector = IsVectorIndex(entry.details_type_url) || entry.details_type_url.empty();
  return vector && entry.fields.size() == 1 && entry.fields.front() == field_id &&
         entry.fragment_bitmap.has_value() && entry.index_version.value_or(0) <= kNewestIndexVersion &&
         !table::IsSystemIndex(entry);
}

table::FragmentSet Present(const table::Manifest& manifest, const table::FragmentSet& fragments) {
  table::FragmentSet out;
  for (const table::Fragment& fragment : manifest.fragments) {
    if (fragments.Contains(fragment.id)) out.Add(fragment.id);
  }
  return out;
}

Status AddSegment(const table::Snapshot& snapshot, const table::IndexMetadata& entry,
                  const std::shared_ptr<const RowMoves>& moves, VectorIndex* out) {
  VectorIndex::Part part;
  part.entry = &entry;
  ARROW_ASSIGN_OR_RAISE(part.indexed, table::FragmentSet::Parse(*entry.fragment_bitmap));
  if (moves != nullptr) part.indexed = moves->Covered(std::move(part.indexed));
  part.covered = Present(snapshot.manifest(), part.indexed);
  if (part.covered.empty()) return Status::OK();
  SearchedSegment searched;
  ARROW_ASSIGN_OR_RAISE(searched.segment, VectorSegment::Open(snapshot, entry));
  searched.moves = moves;
  if (out->segments.empty()) {
    out->name = entry.name;
    out->metric = searched.segment->header().metric;
    out->dimension = searched.segment->dimension();
  }
  LANCE_CHECK_BYTES(
      searched.segment->header().metric == out->metric && searched.segment->dimension() == out->dimension,
      "segments of index '{}' differ in metric or dimension", entry.name);
  ARROW_ASSIGN_OR_RAISE(searched.filter, LiveRowsOf(snapshot, part.covered, part.indexed));
  if (searched.filter == nullptr && moves != nullptr) {
    // Rows that moves dropped have no id; only a filter leaves them out.
    table::FragmentSet none;
    ARROW_ASSIGN_OR_RAISE(searched.filter, LiveRowsOf(snapshot, part.covered, none));
  }
  for (const RowRange& range : part.covered.ranges()) {
    for (uint64_t id = range.start; id < range.end(); ++id) out->covered.Add(id);
  }
  out->segments.push_back(std::move(searched));
  out->parts.push_back(std::move(part));
  return Status::OK();
}

Result<std::shared_ptr<const VectorIndex>> Open(
    const table::Snapshot& snapshot, int32_t field_id, std::optional<simd::Metric> metric,
    const std::shared_ptr<const std::vector<table::IndexMetadata>>& entries) {
  ARROW_ASSIGN_OR_RAISE(auto moves, RowMoves::Load(snapshot));
  std::vector<std::string> tried;
  for (const table::IndexMetadata& first : *entries) {
    if (!IsUsable(first, field_id)) continue;
    if (std::find(tried.begin(), tried.end(), first.name) != tried.end()) continue;
    tried.push_back(first.name);
    auto out = std::make_shared<VectorIndex>();
    out->entries = entries;
    for (const table::IndexMetadata& entry : *entries) {
      if (entry.name != first.name || !IsUsable(entry, field_id)) continue;
      ARROW_RETURN_NOT_OK(AddSegment(snapshot, entry, moves, out.get()));
    }
    if (out->segments.empty()) continue;
    if (metric.has_value() && out->metric != *metric) continue;
    return out;
  }
  return nullptr;
}

}  // namespace

Result<std::shared_ptr<const VectorIndex>> OpenVectorIndex(const table::Snapshot& snapshot, int32_t field_id,
                                                           std::optional<simd::Metric> metric) {
  ARROW_ASSIGN_OR_RAISE(auto entries, snapshot.Indices());
  if (entries == nullptr || entries->empty()) return nullptr;
  runtime::Cache& cache = snapshot.session()->index_cache();
  const std::string key = fmt::format("vectors-of/{}/{}/{}", snapshot.uri(), field_id,
                                      metric.has_value() ? MetricName(*metric) : std::string_view());
  if (auto found = std::static_pointer_cast<const VectorIndex>(cache.Find(key))) {
    // Another version of the table has other entries; these live as long as the index does.
    if (found->entries == entries) return found;
  }
  ARROW_ASSIGN_OR_RAISE(auto index, Open(snapshot, field_id, metric, entries));
  if (index != nullptr) cache.Insert(key, index, 4096 + 1024 * index->segments.size());
  return index;
}

Result<std::vector<SearchedSegment>> RestrictTo(const table::Snapshot& snapshot, const VectorIndex& index,
                                                const table::FragmentSet& fragments) {
  std::vector<SearchedSegment> out;
  for (size_t i = 0; i < index.segments.size(); ++i) {
    table::FragmentSet kept;
    for (const table::Fragment& fragment : snapshot.manifest().fragments) {
      const bool wanted = index.parts[i].covered.Contains(fragment.id) && fragments.Contains(fragment.id);
      if (wanted) kept.Add(fragment.id);
    }
    if (kept.empty()) continue;
    SearchedSegment searched = index.segments[i];
    if (!(kept == index.parts[i].covered)) {
      ARROW_ASSIGN_OR_RAISE(searched.filter, LiveRowsOf(snapshot, kept, index.parts[i].indexed));
    }
    out.push_back(std::move(searched));
  }
  return out;
}

}  // namespace lance::index
