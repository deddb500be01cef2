#include "lance/dataset/index/merge_vector_segments.h"

#include <algorithm>
#include <span>

#include "lance/base/uuid.h"
#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/kept_rows.h"
#include "lance/dataset/index/split_partitions.h"
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

class Merger {
 public:
  Merger(const Dataset& dataset, const VectorSegmentsToMerge& what, const index::RowMoves* moves,
         const CommitSettings& commit)
      : dataset_(dataset),
        snapshot_(*dataset.snapshot()),
        what_(what),
        moves_(moves),
        commit_(commit),
        context_(ContextOf(snapshot_, VectorIndexOptions())) {}

  Result<MergedVectorSegments> Run() {
    ARROW_RETURN_NOT_OK(Open());
    ARROW_ASSIGN_OR_RAISE(const auto source, MakeColumnSource(dataset_, what_.column, what_.fragments));
    ARROW_ASSIGN_OR_RAISE(model_, index::ModelOf(opened_, source->type()));
    index::PartitionedRows added(model_.num_partitions(), model_.encoder->record_bytes(), context_);
    ARROW_RETURN_NOT_OK(index::CodeRows(*source, model_, context_, &added).status());

    MergedVectorSegments out;
    out.segment = what_.like;
    out.segment.uuid = MakeUuid();
    out.segment.base_id.reset();
    out.segment.dataset_version = snapshot_.manifest().version;
    out.segment.created_at_ms = MillisecondsNow();
    for (const uint64_t id : what_.fragments) covered_.Add(id);
    rows_ = std::make_unique<RowsOfSegments>(model_, moves_);
    for (size_t i = 0; i < what_.segments.size(); ++i) {
      ARROW_RETURN_NOT_OK(Add(what_.segments[i], opened_[i + 1]));
    }
    out.all = what_.merged_if_split.empty();
    ARROW_ASSIGN_OR_RAISE(const std::vector<size_t> large, LargePartitions(added));
    if (!large.empty() && !out.all) {
      VectorSegmentsToMerge all = what_;
      all.segments = std::move(all.merged_if_split);
      all.segments.insert(all.segments.end(), what_.segments.begin(), what_.segments.end());
      all.merged_if_split.clear();
      return Merger(dataset_, all, moves_, commit_).Run();
    }
    ARROW_RETURN_NOT_OK(Write(large, added, &out.segment));
    out.segment.fragment_bitmap = covered_.Serialize();
    return out;
  }

 private:
  Status Open() {
    ARROW_ASSIGN_OR_RAISE(opened_.emplace_back(), VectorSegment::Open(snapshot_, what_.like));
    for (const IndexMetadata& segment : what_.segments) {
      ARROW_ASSIGN_OR_RAISE(opened_.emplace_back(), VectorSegment::Open(snapshot_, segment));
      LANCE_CHECK_ARG(
          index::SameModel(*opened_.back(), *opened_.front()),
          "segments {} and {} of index {} were trained apart and cannot be merged: build them with the same "
          "parameters, centroids, codebook and rotation, or retrain the index",
          segment.uuid, what_.like.uuid, segment.name);
    }
    return Status::OK();
  }

  Status Add(const IndexMetadata& segment, std::shared_ptr<const VectorSegment> opened) {
    ARROW_ASSIGN_OR_RAISE(FragmentSet of, FragmentSet::Parse(segment.fragment_bitmap.value_or("")));
    if (moves_ != nullptr) of = moves_->Covered(std::move(of));
    for (const uint64_t id : dataset_.FragmentIds()) {
      if (of.Contains(id)) covered_.Add(id);
    }
    rows_->Add(snapshot_, std::move(opened), std::move(of));
    return Status::OK();
  }

  // Partitions that are large with the rows of all segments and the added ones. Rows of segments may be gone
  // from the table.
  Result<std::vector<size_t>> LargePartitions(const index::PartitionedRows& added) const {
    std::vector<size_t> out;
    if (!what_.may_split) return out;
    std::vector<std::shared_ptr<const VectorSegment>> all(opened_.begin() + 1, opened_.end());
    for (const IndexMetadata& segment : what_.merged_if_split) {
      ARROW_ASSIGN_OR_RAISE(all.emplace_back(), VectorSegment::Open(snapshot_, segment));
      if (!index::SameModel(*all.back(), *opened_.front())) return out;  // trained apart: nothing joins them
    }
    for (size_t partition = 0; partition < model_.num_partitions(); ++partition) {
      uint64_t rows = added.num_rows(partition);
      for (const auto& segment : all) rows += segment->rows().lengths[partition];
      if (rows > kLargeFactor * TargetRows()) out.push_back(partition);
    }
    return out;
  }

  uint64_t TargetRows() const {
    constexpr uint64_t kMost = uint64_t{1} << 40;  // more than a partition can have; it comes from a file
    if (what_.target_partition_size > 0) return std::min(what_.target_partition_size, kMost);
    index::VectorIndexParams params;
    params.kind = model_.kind;
    return params.partition_size();
  }

  Result<PartitionRecords> Records(size_t partition, const index::PartitionedRows& added) {
    ARROW_ASSIGN_OR_RAISE(PartitionRecords out, rows_->Read(partition));
    ARROW_ASSIGN_OR_RAISE(const PartitionRecords further, added.Read(partition));
    out.Append(further);
    return out;
  }

  Status Write(const std::vector<size_t>& large, const index::PartitionedRows& added, IndexMetadata* out) {
    index::FillOptions fill;
    if (!opened_.front()->graphs().empty()) fill.hnsw = opened_.front()->graphs()[0].parameters;
    ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target, TargetOf(snapshot_, out->uuid, commit_.durable));
    PartitionSplits splits{what_.column, opened_, &model_, large, TargetRows(), {}};
    splits.row_ids = [&](size_t partition) -> Result<std::vector<uint64_t>> {
      ARROW_ASSIGN_OR_RAISE(PartitionRecords records, Records(partition, added));
      return std::move(records.row_ids);
    };
    ARROW_ASSIGN_OR_RAISE(const SplitPartitions split, Split(dataset_, splits, context_));
    if (split.rows == nullptr) {
      fill.existing = [&](size_t partition) { return rows_->Read(partition); };
      ARROW_ASSIGN_OR_RAISE(out->files, index::WriteRows(added, model_, model_.loss, fill, target, context_));
      return Status::OK();
    }
    index::PartitionedRows moved(split.model.num_partitions(), model_.encoder->record_bytes(), context_);
    ARROW_RETURN_NOT_OK(index::CodeRows(*split.rows, split.model, context_, &moved).status());
    fill.existing = [&](size_t partition) -> Result<PartitionRecords> {
      if (partition >= model_.num_partitions() || split.coded_anew[partition]) return PartitionRecords();
      return Records(partition, added);
    };
    ARROW_ASSIGN_OR_RAISE(out->files,
                          index::WriteRows(moved, split.model, model_.loss, fill, target, context_));
    return Status::OK();
  }

  const Dataset& dataset_;
  const table::Snapshot& snapshot_;
  const VectorSegmentsToMerge& what_;
  const index::RowMoves* moves_;
  const CommitSettings& commit_;
  index::BuildContext context_;
  std::vector<std::shared_ptr<const VectorSegment>> opened_;  // whose model it is, then those to merge
  index::VectorModel model_;
  std::unique_ptr<RowsOfSegments> rows_;
  FragmentSet covered_;
};

}  // namespace

Result<MergedVectorSegments> MergeVectorSegments(const Dataset& dataset, const VectorSegmentsToMerge& what,
                                                 const index::RowMoves* moves, const CommitSettings& commit) {
  return Merger(dataset, what, moves, commit).Run();
}

}  // namespace lance::dataset
