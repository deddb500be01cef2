#include "lance/index_segments.h"

#include <algorithm>
#include <unordered_set>

#include "lance/dataset.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/merge_vector_segments.h"
#include "lance/dataset/index/optimize_scalar_index.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/index/row_moves.h"
#include "lance/index/scalar/scalar_index.h"
#include "lance/index/vector/format/details.h"
#include "lance/index/vector/segment.h"
#include "lance/runtime/session.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using index::VectorSegment;
using table::FragmentSet;
using table::IndexMetadata;

std::vector<IndexMetadata> EntriesOf(const std::vector<IndexSegment>& segments) {
  std::vector<IndexMetadata> out;
  for (const IndexSegment& segment : segments) {
    out.push_back(*static_cast<const IndexMetadata*>(segment.impl().get()));
  }
  return out;
}

Result<FragmentSet> CoverageOf(const IndexMetadata& segment) {
  LANCE_CHECK_ARG(segment.fragment_bitmap.has_value(),
                  "index segment {} does not say which fragments it covers", segment.uuid);
  return FragmentSet::Parse(*segment.fragment_bitmap);
}

// All fragments of segments that are different ones, over one field, and do not overlap.
Result<FragmentSet> CheckApart(const std::vector<IndexMetadata>& segments, int32_t field) {
  LANCE_CHECK_ARG(!segments.empty(), "at least one index segment is needed");
  std::unordered_set<std::string> uuids;
  FragmentSet out;
  for (const IndexMetadata& segment : segments) {
    LANCE_CHECK_ARG(segment.fields == std::vector<int32_t>{field},
                    "index segment {} was built for another column: its fields are {}, not {}", segment.uuid,
                    fmt::join(segment.fields, ", "), field);
    LANCE_CHECK_ARG(uuids.insert(segment.uuid).second, "index segment {} is given twice", segment.uuid);
    ARROW_ASSIGN_OR_RAISE(const FragmentSet covered, CoverageOf(segment));
    for (const RowRange& range : covered.ranges()) {
      for (uint64_t id = range.start; id < range.end(); ++id) {
        LANCE_CHECK_ARG(!out.Contains(id), "index segments overlap: {} and another one cover fragment {}",
                        segment.uuid, id);
        out.Add(id);
      }
    }
  }
  return out;
}

// What segments of one index have in common.
Result<std::string> KindOf(const table::Snapshot& snapshot, const IndexMetadata& segment) {
  if (index::IsScalarIndex(segment.details_type_url)) {
    // Opened so that a segment without files is not committed.
    ARROW_RETURN_NOT_OK(index::OpenScalarSegment(snapshot, segment).status());
    return segment.details_type_url;
  }
  if (!index::IsVectorIndex(segment.details_type_url)) {
    return NotSupported("index segment {}, a {}", segment.uuid, segment.details_type_url);
  }
  ARROW_ASSIGN_OR_RAISE(const auto opened, VectorSegment::Open(snapshot, segment));
  return fmt::format("{} with distance type {}", index::KindName(opened->header().kind),
                     index::MetricName(opened->header().metric));
}

class SegmentCommit {
 public:
  SegmentCommit(const Dataset& dataset, const std::string& name)
      : dataset_(dataset), snapshot_(*dataset.snapshot()), name_(name) {}

  Status Add(std::vector<IndexMetadata> segments, int32_t field) {
    ARROW_ASSIGN_OR_RAISE(covered_, CheckApart(segments, field));
    ARROW_ASSIGN_OR_RAISE(kind_, KindOf(snapshot_, segments[0]));
    request_.read_version = snapshot_.manifest().version;
    for (IndexMetadata& segment : segments) {
      ARROW_RETURN_NOT_OK(CheckKind(segment));
      // Changes since the build are held against the segment when it is committed. Fragments that are gone
      // need not be: nothing points to them any more.
      request_.read_version = std::min(request_.read_version, segment.dataset_version);
      ARROW_ASSIGN_OR_RAISE(const FragmentSet all, CoverageOf(segment));
      FragmentSet kept;
      for (const uint64_t id : dataset_.FragmentIds()) {
        if (all.Contains(id)) kept.Add(id);
      }
      segment.fragment_bitmap = kept.Serialize();
      segment.name = name_;
      segment.created_at_ms = dataset::MillisecondsNow();
      change_.new_indices.push_back(std::move(segment));
    }
    return Status::OK();
  }

  // Segments of the index that give way, and those that stay.
  Status Replace(int32_t field) {
    ARROW_ASSIGN_OR_RAISE(const auto existing, dataset::IndexSegmentsOf(snapshot_, name_));
    ARROW_ASSIGN_OR_RAISE(const auto moves, index::RowMoves::Load(snapshot_));
    for (const IndexMetadata& segment : existing) {
      if (segment.fields != std::vector<int32_t>{field}) {
        return AlreadyExists(
            "Index name '{}' already exists with different fields, please specify a different name", name_);
      }
      FragmentSet of;
      if (segment.fragment_bitmap.has_value()) {
        ARROW_ASSIGN_OR_RAISE(of, FragmentSet::Parse(*segment.fragment_bitmap));
      }
      if (moves != nullptr) of = moves->Covered(std::move(of));
      std::vector<uint64_t> shared, left;
      for (const uint64_t id : dataset_.FragmentIds()) {
        if (of.Contains(id)) (covered_.Contains(id) ? shared : left).push_back(id);
      }
      const bool is_new = std::any_of(change_.new_indices.begin(), change_.new_indices.end(),
                                      [&](const IndexMetadata& added) { return added.uuid == segment.uuid; });
      if (shared.empty() && !left.empty() && !is_new) {
        ARROW_RETURN_NOT_OK(CheckKind(segment));
        continue;
      }
      LANCE_CHECK_ARG(left.empty(),
                      "the new segments of index '{}' cover only a part of segment {}: fragments {} would be "
                      "covered by none",
                      name_, segment.uuid, fmt::join(left, ", "));
      change_.removed_indices.push_back(segment);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<Dataset>> Run(const CommitSettings& commit) {
    request_.operation = std::move(change_);
    return dataset::CommitOperation(snapshot_, std::move(request_), commit);
  }

 private:
  Status CheckKind(const IndexMetadata& segment) const {
    ARROW_ASSIGN_OR_RAISE(const std::string kind, KindOf(snapshot_, segment));
    LANCE_CHECK_ARG(kind == kind_, "segment {} of index '{}' is {}, another one {}", segment.uuid, name_,
                    kind, kind_);
    return Status::OK();
  }

  const Dataset& dataset_;
  const table::Snapshot& snapshot_;
  const std::string& name_;
  std::string kind_;
  FragmentSet covered_;
  table::operation::CreateIndex change_;
  table::CommitRequest request_;
};

// All partitions, a few megabytes in one read.
Status PrewarmVectorSegment(const table::Snapshot& snapshot, const IndexMetadata& entry) {
  constexpr uint64_t kBytesTogether = 16 << 20;
  ARROW_ASSIGN_OR_RAISE(const auto segment, VectorSegment::Open(snapshot, entry));
  ARROW_ASSIGN_OR_RAISE(const auto moves, index::RowMoves::Load(snapshot));
  runtime::Cache& cache = snapshot.session()->index_cache();
  std::vector<uint32_t> partitions;
  uint64_t bytes = 0;
  for (uint32_t partition = 0; partition < segment->num_partitions(); ++partition) {
    partitions.push_back(partition);
    bytes += segment->rows().lengths[partition] * segment->row_bytes();
    if (bytes < kBytesTogether && partition + 1 < segment->num_partitions()) continue;
    ARROW_RETURN_NOT_OK(segment->Load(partitions, moves.get(), &cache).status());
    partitions.clear();
    bytes = 0;
  }
  return Status::OK();
}

}  // namespace

arrow::Result<IndexSegment> MergeIndexSegments(const Dataset& dataset,
                                               const std::vector<IndexSegment>& segments,
                                               const CommitSettings& commit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const std::vector<IndexMetadata> entries = EntriesOf(segments);
  LANCE_CHECK_ARG(!entries.empty() && !entries[0].fields.empty(), "at least one index segment is needed");
  ARROW_RETURN_NOT_OK(CheckApart(entries, entries[0].fields[0]).status());
  if (entries.size() == 1) return segments[0];
  ARROW_ASSIGN_OR_RAISE(const std::string kind, KindOf(snapshot, entries[0]));
  for (const IndexMetadata& entry : entries) {
    ARROW_ASSIGN_OR_RAISE(const std::string other, KindOf(snapshot, entry));
    LANCE_CHECK_ARG(other == kind, "index segment {} is {}, another one {}", entry.uuid, other, kind);
  }
  IndexMetadata merged;
  if (index::IsScalarIndex(entries[0].details_type_url)) {
    ARROW_ASSIGN_OR_RAISE(merged, dataset::MergeScalarSegments(dataset, entries, commit));
  } else {
    dataset::VectorSegmentsToMerge what;
    what.column = dataset::PathOf(snapshot.manifest().schema.fields, entries[0].fields[0]);
    LANCE_CHECK_ARG(!what.column.empty(), "index segment {} is over a column that the table lacks",
                    entries[0].uuid);
    what.segments = entries;
    what.like = entries[0];
    ARROW_ASSIGN_OR_RAISE(const auto moves, index::RowMoves::Load(snapshot));
    ARROW_ASSIGN_OR_RAISE(auto written, dataset::MergeVectorSegments(dataset, what, moves.get(), commit));
    merged = std::move(written.segment);
  }
  // What happened since the oldest of them was built is looked at when the new one is committed.
  for (const IndexMetadata& entry : entries) {
    merged.dataset_version = std::min(merged.dataset_version, entry.dataset_version);
  }
  return IndexSegment(std::make_shared<const IndexMetadata>(std::move(merged)));
}

arrow::Result<std::shared_ptr<Dataset>> CommitIndexSegments(const Dataset& dataset, const std::string& name,
                                                            const std::string& column,
                                                            const std::vector<IndexSegment>& segments,
                                                            const CommitSettings& commit) {
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, dataset.snapshot()->manifest().schema.Resolve(column));
  SegmentCommit change(dataset, name);
  ARROW_RETURN_NOT_OK(change.Add(EntriesOf(segments), field->id));
  ARROW_RETURN_NOT_OK(change.Replace(field->id));
  return change.Run(commit);
}

arrow::Status PrewarmIndex(const Dataset& dataset, const std::string& name,
                           const std::optional<std::vector<std::string>>& segments) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(auto entries, dataset::IndexSegmentsOf(snapshot, name));
  if (entries.empty()) return NotFound("index {} was not found", name);
  if (segments.has_value()) {
    for (const std::string& uuid : *segments) {
      if (std::none_of(entries.begin(), entries.end(),
                       [&](const auto& entry) { return entry.uuid == uuid; })) {
        return NotFound("index {} has no segment {}", name, uuid);
      }
    }
    std::erase_if(entries, [&](const IndexMetadata& entry) {
      return std::find(segments->begin(), segments->end(), entry.uuid) == segments->end();
    });
  }
  for (const IndexMetadata& entry : entries) {
    if (index::IsVectorIndex(entry.details_type_url)) {
      if (!entry.files.empty()) ARROW_RETURN_NOT_OK(PrewarmVectorSegment(snapshot, entry));
      continue;
    }
    if (!index::IsScalarIndex(entry.details_type_url)) {
      return NotSupported("prewarming index {}, a {}", name, entry.details_type_url);
    }
    ARROW_ASSIGN_OR_RAISE(const auto opened, index::OpenScalarSegment(snapshot, entry));
    ARROW_RETURN_NOT_OK(opened->Prewarm(snapshot.session()->thread_pool()));
  }
  return Status::OK();
}

}  // namespace lance
