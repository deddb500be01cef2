#include <algorithm>
#include <atomic>

#include "lance/dataset.h"
#include "lance/dataset/compact/index_coverage.h"
#include "lance/dataset/compact/remap_indices.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/maintenance.h"
#include "lance/runtime/session.h"
#include "lance/scan/exec/parallel_for.h"
#include "lance/table/commit.h"
#include "lance/table/fragment_reuse.h"

namespace lance {
namespace {

using table::Fragment;
using Groups = std::vector<table::operation::Rewrite::Group>;

void AddTo(const CompactionMetrics& more, CompactionMetrics* total) {
  total->fragments_removed += more.fragments_removed;
  total->fragments_added += more.fragments_added;
  total->files_removed += more.files_removed;
  total->files_added += more.files_added;
}

// Takes ids for the new fragments out of circulation, so that nothing else gets them before the rewrite is
// committed.
Result<std::shared_ptr<Dataset>> ReserveIds(const Dataset& dataset, const CommitSettings& settings,
                                            Groups* groups) {
  uint32_t count = 0;
  for (const auto& group : *groups) count += static_cast<uint32_t>(group.new_fragments.size());
  table::operation::ReserveFragments reserve;
  reserve.num_fragments = count;
  table::CommitRequest request;
  request.operation = reserve;
  request.read_version = dataset.version();
  ARROW_ASSIGN_OR_RAISE(auto reserved,
                        dataset::CommitOperation(*dataset.snapshot(), std::move(request), settings));
  const std::optional<uint32_t> most = reserved->snapshot()->manifest().max_fragment_id;
  if (!most.has_value() || *most + 1 < count) return Internal("reserving {} fragment ids gave none", count);
  uint64_t next = uint64_t{*most} + 1 - count;
  for (auto& group : *groups) {
    for (Fragment& fragment : group.new_fragments) fragment.id = next++;
  }
  return reserved;
}

void RemoveNewFiles(const Dataset& dataset, const std::vector<CompactionResult>& results) {
  std::vector<Fragment> fragments;
  for (const CompactionResult& result : results) {
    for (const FragmentMetadata& fragment : result.new_fragments) fragments.push_back(fragment.impl());
  }
  dataset::RemoveDataFiles({{dataset.snapshot()->object_store(), "data", std::nullopt}}, fragments);
}

}  // namespace

arrow::Result<CompactionOutcome> CommitCompaction(const Dataset& dataset,
                                                  const std::vector<CompactionResult>& results,
                                                  const CompactionOptions& options) {
  CompactionOutcome out;
  Groups groups;
  std::vector<uint64_t> rewritten;
  uint64_t read_version = UINT64_MAX;
  for (const CompactionResult& result : results) {
    if (result.original_fragments.empty()) continue;
    AddTo(result.metrics, &out.metrics);
    read_version = std::min(read_version, result.read_version);
    table::operation::Rewrite::Group group;
    for (const FragmentMetadata& fragment : result.original_fragments) {
      group.old_fragments.push_back(fragment.impl());
      rewritten.push_back(fragment.impl().id);
    }
    for (const FragmentMetadata& fragment : result.new_fragments) {
      group.new_fragments.push_back(fragment.impl());
    }
    groups.push_back(std::move(group));
  }
  if (groups.empty()) {
    VersionRef same;
    same.number = dataset.version();
    ARROW_ASSIGN_OR_RAISE(out.dataset, dataset.Checkout(same));
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(auto coverage, dataset::IndexCoverage::Load(*dataset.snapshot()));
  const bool defer = options.defer_index_remap || coverage.DependsOnMoves(rewritten);
  if (!defer) ARROW_RETURN_NOT_OK(coverage.CheckRewritable(rewritten));
  const bool indexed = coverage.CoversAny(rewritten);
  CommitSettings reserve_settings = options.commit;
  reserve_settings.properties.clear();
  reserve_settings.message.reset();
  auto reserved = ReserveIds(dataset, reserve_settings, &groups);
  if (!reserved.ok()) {
    RemoveNewFiles(dataset, results);
    return reserved.status();
  }
  table::operation::Rewrite rewrite;
  if (indexed) {
    ARROW_ASSIGN_OR_RAISE(auto moves, dataset::MovesOf(**reserved, groups));
    if (defer) {
      ARROW_ASSIGN_OR_RAISE(rewrite.fragment_reuse_index,
                            table::AppendFragmentReuse(*(*reserved)->snapshot(), std::move(moves)));
    } else {
      ARROW_ASSIGN_OR_RAISE(rewrite.rewritten_indices,
                            dataset::RemapIndices(**reserved, groups, std::move(moves), options.commit));
    }
  }
  rewrite.groups = std::move(groups);
  const auto remapped = rewrite.rewritten_indices;
  table::CommitRequest request;
  request.operation = std::move(rewrite);
  request.read_version = read_version;
  auto committed = dataset::CommitOperation(*(*reserved)->snapshot(), std::move(request), options.commit);
  if (!committed.ok()) {
    if (!Is(committed.status(), ErrorKind::kCommitStateUnknown)) {
      dataset::RemoveRemapped(*(*reserved)->snapshot(), remapped);
    }
    return committed.status();
  }
  out.dataset = committed.MoveValueUnsafe();
  return out;
}

arrow::Result<CompactionOutcome> Compact(const Dataset& dataset, const CompactionOptions& options) {
  ARROW_ASSIGN_OR_RAISE(CompactionPlan plan, PlanCompaction(dataset, options));
  std::vector<CompactionResult> results(plan.tasks.size());
  const auto run = [&](size_t i) -> Status {
    ARROW_ASSIGN_OR_RAISE(results[i], ExecuteCompactionTask(dataset, plan.tasks[i]));
    return Status::OK();
  };
  runtime::ThreadPool* pool =
      options.num_threads == 1 ? nullptr : dataset.snapshot()->session()->thread_pool();
  const Status status = scan::ParallelFor(pool, plan.tasks.size(), run);
  if (!status.ok()) {
    RemoveNewFiles(dataset, results);
    return status;
  }
  auto out = CommitCompaction(dataset, results, options);
  if (!out.ok() && !Is(out.status(), ErrorKind::kCommitStateUnknown)) RemoveNewFiles(dataset, results);
  return out;
}

}  // namespace lance
