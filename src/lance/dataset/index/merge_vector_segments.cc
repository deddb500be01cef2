#include "lance/dataset/index/merge_vector_segments.h"

#include <span>

#include "lance/base/uuid.h"
#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/kept_rows.h"
#include "lance/index/row_moves.h"
#include "lance/index/vector/build/existing_segment.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"
#include "lance/vector_index.h"

namespace lance::dataset {
namespace {

using index::PartitionRecords;
using index::VectorSegment;
using table::FragmentSet;
using table::IndexMetadata;

// The rows of segments that their table still has, partition by partition.
class RowsOfSegments {
 public:
  RowsOfSegments(const index::VectorModel& model, const index::RowMoves* moves)
      : model_(model), moves_(moves) {}

  void Add(const table::Snapshot& snapshot, std::shared_ptr<const VectorSegment> segment,
           FragmentSet covered) {
    segments_.push_back(std::move(segment));
    kept_.emplace_back(snapshot, std::move(covered));
  }

  Result<PartitionRecords> Read(size_t partition) {
    PartitionRecords out;
    for (size_t i = 0; i < segments_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const PartitionRecords rows,
                            index::RecordsOf(*segments_[i], model_, partition, moves_));
      ARROW_ASSIGN_OR_RAISE(const std::vector<uint8_t> keep, kept_[i].Keep(rows.row_ids));
      const size_t width = rows.row_ids.empty() ? 0 : rows.records.size() / rows.row_ids.size();
      for (size_t row = 0; row < keep.size(); ++row) {
        if (keep[row] == 0) continue;
        out.row_ids.push_back(rows.row_ids[row]);
        const auto record = rows.records.begin() + static_cast<int64_t>(row * width);
        out.records.insert(out.records.end(), record, record + static_cast<int64_t>(width));
      }
    }
    return out;
  }

 private:
  const index::VectorModel& model_;
  const index::RowMoves* moves_;
  std::vector<std::shared_ptr<const VectorSegment>> segments_;
  std::vector<KeptRows> kept_;
};

}  // namespace

Result<IndexMetadata> MergeVectorSegments(const Dataset& dataset, const VectorSegmentsToMerge& what,
                                          const index::RowMoves* moves, const CommitSettings& commit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  std::vector<std::shared_ptr<const VectorSegment>> opened;
  ARROW_ASSIGN_OR_RAISE(opened.emplace_back(), VectorSegment::Open(snapshot, what.like));
  for (const IndexMetadata& segment : what.segments) {
    ARROW_ASSIGN_OR_RAISE(opened.emplace_back(), VectorSegment::Open(snapshot, segment));
    LANCE_CHECK_ARG(
        index::SameModel(*opened.back(), *opened.front()),
        "segments {} and {} of index {} were trained apart and cannot be merged: build them with the same "
        "parameters, centroids, codebook and rotation, or retrain the index",
        segment.uuid, what.like.uuid, segment.name);
  }
  ARROW_ASSIGN_OR_RAISE(const auto source, MakeColumnSource(dataset, what.column, what.fragments));
  ARROW_ASSIGN_OR_RAISE(const index::VectorModel model, index::ModelOf(opened, source->type()));

  IndexMetadata out = what.like;
  out.uuid = MakeUuid();
  out.base_id.reset();
  out.dataset_version = snapshot.manifest().version;
  out.created_at_ms = MillisecondsNow();
  FragmentSet covered;
  for (const uint64_t id : what.fragments) covered.Add(id);
  RowsOfSegments rows(model, moves);
  for (size_t i = 0; i < what.segments.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(FragmentSet of, FragmentSet::Parse(what.segments[i].fragment_bitmap.value_or("")));
    if (moves != nullptr) of = moves->Covered(std::move(of));
    for (const uint64_t id : dataset.FragmentIds()) {
      if (of.Contains(id)) covered.Add(id);
    }
    rows.Add(snapshot, opened[i + 1], std::move(of));
  }
  out.fragment_bitmap = covered.Serialize();

  index::FillOptions fill;
  if (!opened.front()->graphs().empty()) fill.hnsw = opened.front()->graphs()[0].parameters;
  fill.existing = [&](size_t partition) { return rows.Read(partition); };
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target, TargetOf(snapshot, out.uuid, commit.durable));
  const VectorIndexOptions settings;
  ARROW_ASSIGN_OR_RAISE(out.files,
                        index::FillSegment(*source, model, fill, target, ContextOf(snapshot, settings)));
  return out;
}

}  // namespace lance::dataset
