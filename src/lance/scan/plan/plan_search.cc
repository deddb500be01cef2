#include "lance/scan/plan/plan_search.h"

#include <algorithm>

#include "lance/expr/expr.h"
#include "lance/scan/plan/planner.h"

namespace lance::scan {
namespace {

// Comparing this many rows exactly costs about what a search does.
constexpr uint64_t kExactRows = 1024;
// For each vector of a multi-vector query this many times as many rows are met as are wanted in the end.
constexpr uint64_t kMultiVectorFactor = 10;

// The scan that gives the rows that may be found: filter and mask of `plan`, row ids only.
std::shared_ptr<const ScanPlan> AllowedRows(const ScanPlan& plan,
                                            std::vector<const table::Fragment*> fragments) {
  auto allowed = std::make_shared<ScanPlan>(plan);
  allowed->knn.reset();
  allowed->ann = nullptr;
  allowed->fragments = std::move(fragments);
  const int row_id = plan.context->columns.Find("_rowid");
  allowed->emitted = {row_id};
  allowed->late.clear();
  if (plan.filter == nullptr) {
    allowed->early = allowed->emitted;
  } else {
    // What the filter needs was read early before as well; vectors are not.
    allowed->early.clear();
    for (const std::string& name : plan.filter->columns()) {
      Result<std::vector<std::string>> parts = schema::SplitPath(name);
      int column = plan.context->columns.Find(name);
      if (column < 0 && parts.ok()) column = plan.context->columns.Find(parts->front());
      const bool known =
          std::find(allowed->early.begin(), allowed->early.end(), column) != allowed->early.end();
      if (column >= 0 && !known) allowed->early.push_back(column);
    }
    const bool has = std::find(allowed->early.begin(), allowed->early.end(), row_id) != allowed->early.end();
    if (!has) allowed->late = {row_id};
  }
  allowed->taken_for_filter.clear();
  allowed->post_filter = nullptr;
  allowed->taken_for_sort.clear();
  allowed->sort.clear();
  allowed->sort_limit.reset();
  allowed->skip = 0;
  allowed->limit.reset();
  allowed->taken_last.clear();
  allowed->ordered = false;
  allowed->root = nullptr;
  return allowed;
}

index::SearchOptions OptionsFor(const NearestQuery& nearest, const KnnQuery& knn) {
  index::SearchOptions options;
  options.k = knn.k;
  const auto factor = static_cast<uint64_t>(std::max<int64_t>(nearest.refine_factor.value_or(1), 1));
  options.keep = knn.k * factor;
  if (knn.multi_vector) options.keep = knn.k * std::max(factor, kMultiVectorFactor);
  if (nearest.minimum_nprobes.has_value()) {
    options.probes.minimum = static_cast<size_t>(std::max<int64_t>(*nearest.minimum_nprobes, 1));
  }
  if (nearest.maximum_nprobes.has_value()) {
    options.probes.maximum = static_cast<size_t>(std::max<int64_t>(*nearest.maximum_nprobes, 1));
  }
  if (nearest.ef.has_value()) options.ef = static_cast<uint64_t>(std::max<int64_t>(*nearest.ef, 1));
  return options;
}

}  // namespace

Result<std::shared_ptr<const index::VectorIndex>> FindVectorIndex(const table::Snapshot& snapshot,
                                                                  const NearestQuery& nearest,
                                                                  const std::optional<simd::Metric>& metric) {
  if (!nearest.use_index) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(nearest.column));
  return index::OpenVectorIndex(snapshot, field->id, metric);
}

Status UseVectorIndex(std::shared_ptr<const index::VectorIndex> index, const NearestQuery& nearest, bool fast,
                      ScanPlan* plan) {
  const table::Snapshot& snapshot = *plan->context->snapshot;
  const KnnQuery& knn = *plan->knn;
  LANCE_CHECK_BYTES(index->dimension == knn.dim, "index '{}' has {} dimensions, column {} has {}",
                    index->name, index->dimension, knn.column, knn.dim);
  std::vector<const table::Fragment*> covered, others;
  table::FragmentSet scanned;
  for (const table::Fragment* fragment : plan->fragments) {
    (index->covered.Contains(fragment->id) ? covered : others).push_back(fragment);
    if (index->covered.Contains(fragment->id)) scanned.Add(fragment->id);
  }
  if (covered.empty() && !fast) return Status::OK();
  auto ann = std::make_shared<AnnPlan>();
  if (scanned == index->covered) {
    ann->segments = index->segments;
  } else {
    ARROW_ASSIGN_OR_RAISE(ann->segments, index::RestrictTo(snapshot, *index, scanned));
  }
  ann->index = std::move(index);
  ann->options = OptionsFor(nearest, knn);
  // Estimates cannot be merged with the exact distances of the rest.
  const bool merged = !others.empty() && !fast;
  ann->refine = nearest.refine_factor.has_value() || knn.multi_vector || merged;
  if (!ann->refine) {
    ann->options.lower_bound = knn.lower_bound;
    ann->options.upper_bound = knn.upper_bound;
  }
  ann->vector_column = plan->context->columns.Find(knn.column);
  if (nearest.minimum_nprobes.has_value()) {
    ann->minimum_nprobes = static_cast<uint64_t>(*nearest.minimum_nprobes);
  }
  if (nearest.maximum_nprobes.has_value()) {
    ann->maximum_nprobes = static_cast<uint64_t>(*nearest.maximum_nprobes);
  }
  if (plan->filter != nullptr || plan->mask != nullptr) {
    ann->allowed = AllowedRows(*plan, std::move(covered));
    ann->options.fill = true;
    ann->exact_below = std::max(kExactRows, 4 * ann->options.keep);
  }
  plan->ann = std::move(ann);
  plan->fragments = fast ? std::vector<const table::Fragment*>() : std::move(others);
  return Status::OK();
}

}  // namespace lance::scan
