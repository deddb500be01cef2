#include <algorithm>
#include <map>

#include "lance/dataset.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/index/vector/format/details.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/snapshot.h"
#include "lance/vector_index.h"

namespace lance {
namespace {

// "/lance.table.BTreeIndexDetails" says BTree.
std::string KindOf(const std::string& url) {
  std::string kind = url.substr(url.find_last_of('.') + 1);
  constexpr std::string_view kEnd = "IndexDetails";
  if (kind.ends_with(kEnd)) kind.resize(kind.size() - kEnd.size());
  return kind.empty() ? "Unknown" : kind;
}

Status AddVectorDetails(const table::IndexMetadata& segment, IndexDescription* out) {
  const std::string& bytes = segment.details;
  ARROW_ASSIGN_OR_RAISE(
      const index::VectorIndexDetails details,
      index::ParseVectorIndexDetails({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
  if (!details.quantizer.has_value()) return Status::OK();  // of an old release
  out->type = index::KindName(
      {details.hnsw.has_value() ? index::SubIndex::kHnsw : index::SubIndex::kFlat, *details.quantizer});
  out->metric = std::string(index::MetricName(details.metric));
  return Status::OK();
}

}  // namespace

arrow::Result<std::vector<IndexDescription>> DescribeIndices(const Dataset& dataset) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const auto indices, snapshot.Indices());
  std::map<std::string, IndexDescription> by_name;
  std::map<std::string, table::FragmentSet> covered;
  for (const table::IndexMetadata& segment : *indices) {
    if (table::IsSystemIndex(segment)) continue;
    IndexDescription& out = by_name[segment.name];
    out.name = segment.name;
    out.type = KindOf(segment.details_type_url);
    if (index::IsVectorIndex(segment.details_type_url)) ARROW_RETURN_NOT_OK(AddVectorDetails(segment, &out));
    out.columns.clear();
    for (const int32_t id : segment.fields) {
      out.columns.push_back(dataset::PathOf(snapshot.manifest().schema.fields, id));
    }
    ++out.num_segments;
    out.uuids.push_back(segment.uuid);
    out.dataset_version = std::max(out.dataset_version, segment.dataset_version);
    out.trained = out.num_segments == 1 ? !segment.files.empty() : out.trained || !segment.files.empty();
    for (const table::IndexFile& file : segment.files) out.size_bytes += file.size_bytes;
    if (!segment.fragment_bitmap.has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(const table::FragmentSet of, table::FragmentSet::Parse(*segment.fragment_bitmap));
    for (const uint64_t id : dataset.FragmentIds()) {
      if (of.Contains(id)) covered[segment.name].Add(id);
    }
  }
  std::vector<IndexDescription> out;
  for (auto& [name, description] : by_name) {
    for (const uint64_t id : dataset.FragmentIds()) {
      ++(covered[name].Contains(id) ? description.num_fragments_covered
                                    : description.num_fragments_not_covered);
    }
    out.push_back(std::move(description));
  }
  return out;
}

}  // namespace lance
