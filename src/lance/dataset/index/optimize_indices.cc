#include <algorithm>
#include <map>

#include "lance/dataset.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/merge_vector_segments.h"
#include "lance/dataset/index/optimize_scalar_index.h"
#include "lance/index/row_moves.h"
#include "lance/index/scalar/scalar_index.h"
#include "lance/index/vector/format/details.h"
#include "lance/index/vector/segment.h"
#include "lance/schema/schema.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/snapshot.h"
#include "lance/vector_index.h"

namespace lance {
namespace {

using index::VectorSegment;
using table::FragmentSet;
using table::IndexMetadata;

// One index: its segments, in the manifest's order.
class Optimizer {
 public:
  Optimizer(const Dataset& dataset, std::vector<IndexMetadata> segments,
            const OptimizeIndicesOptions& options)
      : dataset_(dataset),
        snapshot_(*dataset.snapshot()),
        segments_(std::move(segments)),
        options_(options) {}

  // Adds what changes to `change`.
  Status Run(table::operation::CreateIndex* change) {
    ARROW_RETURN_NOT_OK(FindFragments());
    column_ = dataset::PathOf(snapshot_.manifest().schema.fields, segments_[0].fields[0]);
    LANCE_CHECK_BYTES(!column_.empty(), "index {} is over a column that the table lacks", segments_[0].name);
    const bool untrained = std::any_of(segments_.begin(), segments_.end(),
                                       [](const IndexMetadata& segment) { return segment.files.empty(); });
    if (untrained && unindexed_.empty() && !options_.retrain) return Status::OK();
    if (untrained || options_.retrain) return Rebuild(change);
    const uint64_t merged = std::min<uint64_t>(options_.num_indices_to_merge.value_or(0), segments_.size());
    if (unindexed_.empty() && merged < 2) return Status::OK();
    return Merge(merged, change);
  }

 private:
  Status FindFragments() {
    ARROW_ASSIGN_OR_RAISE(moves_, index::RowMoves::Load(snapshot_));
    FragmentSet covered;
    for (const IndexMetadata& segment : segments_) {
      ARROW_ASSIGN_OR_RAISE(FragmentSet of, CoveredBy(segment));
      for (const RowRange& range : of.ranges()) {
        for (uint64_t id = range.start; id < range.end(); ++id) covered.Add(id);
      }
    }
    for (const uint64_t id : dataset_.FragmentIds()) {
      if (!covered.Contains(id)) unindexed_.push_back(id);
    }
    return Status::OK();
  }

  Result<FragmentSet> CoveredBy(const IndexMetadata& segment) const {
    ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(segment.fragment_bitmap.value_or("")));
    return moves_ == nullptr ? covered : moves_->Covered(std::move(covered));
  }

  Status Rebuild(table::operation::CreateIndex* change) {
    VectorIndexOptions build;
    build.name = segments_.back().name;
    build.replace = true;
    build.commit = options_.commit;
    ARROW_RETURN_NOT_OK(TakeDetails(segments_.back(), &build));
    ARROW_ASSIGN_OR_RAISE(const IndexSegment built, BuildVectorIndexSegment(dataset_, column_, build));
    change->new_indices.push_back(*static_cast<const IndexMetadata*>(built.impl().get()));
    change->removed_indices.insert(change->removed_indices.end(), segments_.begin(), segments_.end());
    return Status::OK();
  }

  static Result<index::VectorIndexDetails> DetailsOf(const IndexMetadata& segment) {
    const std::string& bytes = segment.details;
    return index::ParseVectorIndexDetails({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }

  // What the index was made with: by the manifest, or for older entries by its files.
  Status TakeDetails(const IndexMetadata& segment, VectorIndexOptions* out) const {
    ARROW_ASSIGN_OR_RAISE(const index::VectorIndexDetails details, DetailsOf(segment));
    if (!details.quantizer.has_value()) {
      return NotSupported("training index {} anew: its manifest entry does not say how it was made",
                          segment.name);
    }
    const index::VectorIndexKind kind = {
        details.hnsw.has_value() ? index::SubIndex::kHnsw : index::SubIndex::kFlat, *details.quantizer};
    out->type = index::KindName(kind);
    out->metric = std::string(index::MetricName(details.metric));
    if (details.target_partition_size > 0) out->target_partition_size = details.target_partition_size;
    if (details.num_bits > 0) out->num_bits = details.num_bits;
    if (details.num_sub_vectors > 0) out->num_sub_vectors = details.num_sub_vectors;
    if (details.hnsw.has_value()) {
      out->hnsw_m = details.hnsw->max_connections;
      out->hnsw_ef_construction = details.hnsw->construction_ef;
      if (details.hnsw->max_level > 0) out->hnsw_max_level = details.hnsw->max_level;
    }
    if (segment.files.empty() || details.target_partition_size > 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto opened, VectorSegment::Open(snapshot_, segment));
    out->num_partitions = opened->num_partitions();
    return Status::OK();
  }

  Status Merge(uint64_t count, table::operation::CreateIndex* change) {
    const auto first = segments_.end() - static_cast<int64_t>(count);
    dataset::VectorSegmentsToMerge what;
    what.column = column_;
    what.segments.assign(first, segments_.end());
    what.merged_if_split.assign(segments_.begin(), first);
    what.like = segments_.back();
    what.fragments = unindexed_;
    what.may_split = true;
    ARROW_ASSIGN_OR_RAISE(const index::VectorIndexDetails details, DetailsOf(segments_.back()));
    what.target_partition_size = details.target_partition_size;
    ARROW_ASSIGN_OR_RAISE(auto merged,
                          dataset::MergeVectorSegments(dataset_, what, moves_.get(), options_.commit));
    change->new_indices.push_back(std::move(merged.segment));
    change->removed_indices.insert(change->removed_indices.end(), merged.all ? segments_.begin() : first,
                                   segments_.end());
    return Status::OK();
  }

  const Dataset& dataset_;
  const table::Snapshot& snapshot_;
  std::vector<IndexMetadata> segments_;
  const OptimizeIndicesOptions& options_;
  std::string column_;
  std::shared_ptr<const index::RowMoves> moves_;
  std::vector<uint64_t> unindexed_;
};

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> OptimizeIndices(const Dataset& dataset,
                                                        const OptimizeIndicesOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto indices, dataset.snapshot()->Indices());
  std::map<std::string, std::vector<IndexMetadata>> by_name;
  for (const IndexMetadata& entry : *indices) {
    if (!table::IsSystemIndex(entry)) by_name[entry.name].push_back(entry);
  }
  if (options.names.has_value()) {
    for (const std::string& name : *options.names) {
      if (!by_name.contains(name)) return NotFound("index {} was not found", name);
    }
    std::erase_if(by_name, [&](const auto& entry) {
      return std::find(options.names->begin(), options.names->end(), entry.first) == options.names->end();
    });
  }
  table::operation::CreateIndex change;
  for (auto& [name, segments] : by_name) {
    if (index::IsScalarIndex(segments[0].details_type_url)) {
      ARROW_RETURN_NOT_OK(dataset::OptimizeScalarIndex(dataset, segments, options, &change));
      continue;
    }
    if (!index::IsVectorIndex(segments[0].details_type_url)) {
      if (!options.names.has_value()) continue;
      return NotSupported("optimizing index {}, a {}", name, segments[0].details_type_url);
    }
    ARROW_RETURN_NOT_OK(Optimizer(dataset, std::move(segments), options).Run(&change));
  }
  if (change.new_indices.empty()) return dataset.Checkout(VersionRef{.number = dataset.version()});
  return dataset::CommitIndices(dataset, std::move(change), options.commit);
}

}  // namespace lance
