#include "lance/dataset/index/optimize_scalar_index.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/base/uuid.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/live_addresses.h"
#include "lance/dataset/index/scalar_segment.h"
#include "lance/index/row_moves.h"
#include "lance/index/scalar/btree/segment.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {
namespace {

using table::FragmentSet;
using table::IndexMetadata;

// Hands out the rows of a segment. `translate` makes addresses of ids; rows without one are left out.
Status AddSegment(const table::Snapshot& snapshot, const IndexMetadata& segment, const AddRows& add,
                  const std::function<Status(std::vector<std::optional<uint64_t>>* ids)>& translate) {
  ARROW_ASSIGN_OR_RAISE(const auto opened, index::BTreeSegment::Open(snapshot, segment));
  return opened->Scan([&](const arrow::RecordBatch& page) -> Status {
    const auto& ids = static_cast<const arrow::UInt64Array&>(*page.column(1));
    std::vector<std::optional<uint64_t>> addresses(ids.raw_values(), ids.raw_values() + ids.length());
    ARROW_RETURN_NOT_OK(translate(&addresses));
    arrow::Int32Builder kept;
    std::vector<uint64_t> out;
    for (size_t row = 0; row < addresses.size(); ++row) {
      if (!addresses[row].has_value()) continue;
      ARROW_RETURN_NOT_OK(kept.Append(static_cast<int32_t>(row)));
      out.push_back(*addresses[row]);
    }
    if (out.size() == addresses.size()) return add(page.column(0), out.data());
    ARROW_ASSIGN_OR_RAISE(const auto rows, kept.Finish());
    ARROW_ASSIGN_OR_RAISE(const auto values, arrow::compute::Take(*page.column(0), *rows));
    return add(values, out.data());
  });
}

class Optimizer {
 public:
  Optimizer(const Dataset& dataset, const std::vector<IndexMetadata>& segments,
            const OptimizeIndicesOptions& options)
      : dataset_(dataset), snapshot_(*dataset.snapshot()), segments_(segments), options_(options) {}

  Status Run(table::operation::CreateIndex* change) {
    ARROW_ASSIGN_OR_RAISE(moves_, index::RowMoves::Load(snapshot_));
    FragmentSet covered;
    for (const IndexMetadata& segment : segments_) {
      ARROW_ASSIGN_OR_RAISE(const FragmentSet of, CoveredBy(segment));
      for (const uint64_t id : dataset_.FragmentIds()) {
        if (of.Contains(id)) covered.Add(id);
      }
    }
    std::vector<uint64_t> unindexed;
    for (const uint64_t id : dataset_.FragmentIds()) {
      if (!covered.Contains(id)) unindexed.push_back(id);
    }
    if (options_.retrain) return Build({}, dataset_.FragmentIds(), segments_, change);
    uint64_t merged = std::min<uint64_t>(options_.num_indices_to_merge.value_or(1), segments_.size());
    if (HasRowIds()) merged = segments_.size();
    if (unindexed.empty() && (merged < 2 || options_.num_indices_to_merge == 0)) return Status::OK();
    const std::vector<IndexMetadata> old(segments_.end() - static_cast<int64_t>(merged), segments_.end());
    return Build(old, std::move(unindexed), old, change);
  }

  // All segments and nothing else.
  Result<IndexMetadata> Merge() {
    ARROW_ASSIGN_OR_RAISE(moves_, index::RowMoves::Load(snapshot_));
    table::operation::CreateIndex change;
    ARROW_RETURN_NOT_OK(Build(segments_, {}, {}, &change));
    return std::move(change.new_indices[0]);
  }

 private:
  bool HasRowIds() const {
    return snapshot_.manifest().has_stable_row_ids() &&
           std::any_of(segments_.begin(), segments_.end(),
                       [](const IndexMetadata& segment) { return !table::HoldsRowAddresses(segment); });
  }

  Result<FragmentSet> CoveredBy(const IndexMetadata& segment) const {
    ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(segment.fragment_bitmap.value_or("")));
    return moves_ == nullptr ? covered : moves_->Covered(std::move(covered));
  }

  Status Build(const std::vector<IndexMetadata>& old, std::vector<uint64_t> fragments,
               const std::vector<IndexMetadata>& removed, table::operation::CreateIndex* change) {
    const std::string column = PathOf(snapshot_.manifest().schema.fields, segments_[0].fields[0]);
    LANCE_CHECK_BYTES(!column.empty(), "index {} is over a column that the table lacks", segments_[0].name);
    IndexMetadata out = segments_.back();
    out.uuid = MakeUuid();
    out.base_id.reset();
    out.dataset_version = snapshot_.manifest().version;
    FragmentSet covered;
    for (const uint64_t id : fragments) covered.Add(id);
    for (const IndexMetadata& segment : old) {
      ARROW_ASSIGN_OR_RAISE(const FragmentSet of, CoveredBy(segment));
      for (const uint64_t id : dataset_.FragmentIds()) {
        if (of.Contains(id)) covered.Add(id);
      }
    }
    out.fragment_bitmap = covered.Serialize();
    ScalarIndexOptions build;
    build.commit = options_.commit;
    if (!segments_.back().files.empty()) {
      ARROW_ASSIGN_OR_RAISE(const auto newest, index::BTreeSegment::Open(snapshot_, segments_.back()));
      build.page_rows = newest->page_rows();
    }
    ExistingRows existing;
    if (!old.empty()) {
      existing = [&](const AddRows& add) -> Status {
        for (const IndexMetadata& segment : old) ARROW_RETURN_NOT_OK(AddExisting(segment, add));
        return Status::OK();
      };
    }
    ARROW_RETURN_NOT_OK(FillScalarSegment(dataset_, column, std::move(fragments), existing, build, &out));
    out.created_at_ms = MillisecondsNow();
    change->new_indices.push_back(std::move(out));
    change->removed_indices.insert(change->removed_indices.end(), removed.begin(), removed.end());
    return Status::OK();
  }

  // The rows of a segment that it still speaks for and the table still has.
  Status AddExisting(const IndexMetadata& segment, const AddRows& add) const {
    ARROW_ASSIGN_OR_RAISE(FragmentSet covered, CoveredBy(segment));
    if (covered.empty()) return Status::OK();
    LiveAddresses live(snapshot_, std::move(covered));
    const bool row_ids = snapshot_.manifest().has_stable_row_ids() && !table::HoldsRowAddresses(segment);
    return AddSegment(snapshot_, segment, add, [&](std::vector<std::optional<uint64_t>>* ids) -> Status {
      if (row_ids) {
        std::vector<uint64_t> all;
        for (const auto& id : *ids) all.push_back(*id);
        ARROW_ASSIGN_OR_RAISE(*ids, snapshot_.ResolveRowIds(all));
      }
      for (std::optional<uint64_t>& id : *ids) {
        if (id.has_value() && !row_ids && moves_ != nullptr) id = moves_->Find(*id);
        if (!id.has_value()) continue;
        ARROW_ASSIGN_OR_RAISE(const bool alive, live.Contains(*id));
        if (!alive) id.reset();
      }
      return Status::OK();
    });
  }

  const Dataset& dataset_;
  const table::Snapshot& snapshot_;
  const std::vector<IndexMetadata>& segments_;
  const OptimizeIndicesOptions& options_;
  std::shared_ptr<const index::RowMoves> moves_;
};

}  // namespace

Status RemapScalarSegment(const Dataset& dataset, const IndexMetadata& segment, const index::RowMoves& moves,
                          const CommitSettings& commit, IndexMetadata* out) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const std::string column = PathOf(snapshot.manifest().schema.fields, segment.fields[0]);
  LANCE_CHECK_BYTES(!column.empty(), "index {} is over a column that the table lacks", segment.name);
  ScalarIndexOptions build;
  build.commit = commit;
  ARROW_ASSIGN_OR_RAISE(const auto opened, index::BTreeSegment::Open(snapshot, segment));
  build.page_rows = opened->page_rows();
  ARROW_ASSIGN_OR_RAISE(const auto recorded, index::RowMoves::Load(snapshot));
  const ExistingRows existing = [&](const AddRows& add) {
    return AddSegment(snapshot, segment, add, [&](std::vector<std::optional<uint64_t>>* ids) -> Status {
      for (std::optional<uint64_t>& id : *ids) {
        // Earlier moves first, if they were only recorded.
        if (recorded != nullptr) id = recorded->Find(*id);
        if (id.has_value()) id = moves.Find(*id);
      }
      return Status::OK();
    });
  };
  return FillScalarSegment(dataset, column, std::vector<uint64_t>(), existing, build, out);
}

Result<IndexMetadata> MergeScalarSegments(const Dataset& dataset, const std::vector<IndexMetadata>& segments,
                                          const CommitSettings& commit) {
  OptimizeIndicesOptions options;
  options.commit = commit;
  return Optimizer(dataset, segments, options).Merge();
}

Status OptimizeScalarIndex(const Dataset& dataset, const std::vector<IndexMetadata>& segments,
                           const OptimizeIndicesOptions& options, table::operation::CreateIndex* change) {
  return Optimizer(dataset, segments, options).Run(change);
}

}  // namespace lance::dataset
