#include <arrow/api.h>

#include "lance/expr/expr.h"
#include "lance/scan/plan/planner.h"

namespace lance::scan {
namespace {

// The path of a table as the reference prints it: no scheme, no leading slash.
std::string DisplayPath(const std::string& uri) {
  std::string path = uri;
  if (size_t scheme = path.find("://"); scheme != std::string::npos) path = path.substr(scheme + 3);
  path.erase(0, path.find_first_not_of('/'));
  return path + "/data";
}

std::string JoinNames(const ScanPlan& plan, const std::vector<int>& columns) {
  std::string out;
  for (int index : columns) {
    const Column& column = plan.context->columns.columns[index];
    if (column.source != ColumnSource::kStored) continue;
    if (!out.empty()) out += ", ";
    out += column.name();
  }
  return out;
}

class NodeBuilder {
 public:
  explicit NodeBuilder(const ScanPlan& plan) : plan_(plan) {}

  std::shared_ptr<const PlanNode> Build() {
    if (plan_.nothing) {
      Add("EmptyExec", "", NodeRole::kRead);
    } else if (plan_.ann == nullptr) {
      AddRead();
    }
    if (plan_.ann != nullptr && !plan_.nothing) {
      AddIndexSearch();
    } else if (plan_.knn.has_value()) {
      AddSearch();
    }
    AddTake(plan_.taken_for_filter, NodeRole::kTakeForFilter);
    if (plan_.post_filter != nullptr) Add("FilterExec", plan_.post_filter->ToString(), NodeRole::kPostFilter);
    AddTake(plan_.taken_for_sort, NodeRole::kTakeForSort);
    AddSort();
    if (plan_.limit.has_value() || plan_.skip > 0) {
      Add("GlobalLimitExec",
          fmt::format("skip={}, fetch={}", plan_.skip,
                      plan_.limit.has_value() ? std::to_string(*plan_.limit) : "None"),
          NodeRole::kLimit);
    }
    AddTake(plan_.taken_last, NodeRole::kTakeLast);
    AddProjection();
    return node_;
  }

 private:
  void Add(std::string name, std::string detail, NodeRole role) {
    auto node = std::make_shared<PlanNode>();
    node->name = std::move(name);
    node->detail = std::move(detail);
    node->role = role;
    node->input = std::move(node_);
    node_ = std::move(node);
  }

  bool Emits(ColumnSource source) const {
    for (int index : plan_.emitted) {
      if (plan_.context->columns.columns[index].source == source) return true;
    }
    return false;
  }

  // Fragments that a window reaches into, as far as the manifest knows their rows.
  size_t NumFragments() const {
    if (plan_.mask != nullptr || (plan_.skip_before == 0 && !plan_.limit_before.has_value())) {
      return plan_.fragments.size();
    }
    uint64_t skip = plan_.skip_before;
    uint64_t left = plan_.limit_before.value_or(UINT64_MAX);
    size_t count = 0;
    for (const table::Fragment* fragment : plan_.fragments) {
      const uint64_t rows = fragment->num_rows().value_or(fragment->physical_rows);
      if (rows <= skip) {
        skip -= rows;
        continue;
      }
      if (left == 0) break;
      ++count;
      left -= std::min(left, rows - skip);
      skip = 0;
    }
    return count;
  }

  std::string RangeBefore() const {
    if (plan_.skip_before == 0 && !plan_.limit_before.has_value()) return "None";
    if (!plan_.limit_before.has_value()) return fmt::format("Some({}..)", plan_.skip_before);
    return fmt::format("Some({}..{})", plan_.skip_before, plan_.skip_before + *plan_.limit_before);
  }

  std::string DescribeMask() const {
    if (plan_.mask == nullptr) return "";
    auto describe = [](const char* name, const std::optional<table::RowIdSet>& set) {
      if (!set.has_value()) return std::string();
      const uint64_t count = set->count();
      return fmt::format(", {}={}", name,
                         count == UINT64_MAX ? "whole fragments" : fmt::format("{} ids", count));
    };
    return describe("row_id_allowlist", plan_.mask->allow) + describe("row_id_blocklist", plan_.mask->block);
  }

  // The search that a read of rows starts from.
  void AddIndexQuery(const ScanPlan& plan) {
    if (plan.index_filter == nullptr) return;
    Add("ScalarIndexQuery", "query=" + plan.index_filter->query.ToString(), NodeRole::kIndexQuery);
  }

  static std::string RefineText(const ScanPlan& plan) {
    const bool whole = plan.index_filter != nullptr && plan.index_filter->exact;
    return plan.filter == nullptr || whole ? "--" : plan.filter->ToString();
  }

  void AddRead() {
    AddIndexQuery(plan_);
    std::vector<int> read = plan_.early;
    for (int index : plan_.late) read.push_back(index);
    const std::string filter = plan_.filter == nullptr ? "--" : plan_.filter->ToString();
    std::string after = "None";
    if (plan_.filter != nullptr && plan_.limit.has_value() && plan_.sort.empty() && !plan_.knn.has_value()) {
      after = fmt::format("Some(0..{})", plan_.skip + *plan_.limit);
    }
    Add("LanceRead",
        fmt::format("uri={}, projection=[{}], num_fragments={}, range_before={}, range_after={}, row_id={}, "
                    "row_addr={}, full_filter={}, refine_filter={}{}{}",
                    DisplayPath(plan_.context->snapshot->uri()), JoinNames(plan_, read), NumFragments(),
                    RangeBefore(), after, Emits(ColumnSource::kRowId), Emits(ColumnSource::kRowAddress),
                    filter, RefineText(plan_),
                    plan_.late.empty() ? "" : fmt::format(", late=[{}]", JoinNames(plan_, plan_.late)),
                    DescribeMask()),
        NodeRole::kRead);
    if (Emits(ColumnSource::kRowOffset)) Add("AddRowOffsetExec", "", NodeRole::kRowOffset);
  }

  void AddSearch() {
    const KnnQuery& knn = *plan_.knn;
    if (knn.batch) {
      Add("KNNVectorDistance",
          fmt::format("queries={}, k={}, metric={}", knn.num_vectors, knn.k, knn.metric_name),
          NodeRole::kTopK);
      return;
    }
    Add("KNNVectorDistance", fmt::format("metric={}", knn.metric_name), NodeRole::kKnn);
    if (knn.lower_bound.has_value() || knn.upper_bound.has_value()) {
      std::string text;
      if (knn.lower_bound.has_value()) text = fmt::format("_distance >= {}", *knn.lower_bound);
      if (knn.upper_bound.has_value()) {
        text += fmt::format("{}_distance < {}", text.empty() ? "" : " AND ", *knn.upper_bound);
      }
      Add("FilterExec", text, NodeRole::kOther);
    }
    Add("SortExec",
        fmt::format("TopK(fetch={}), expr=[_distance ASC NULLS LAST, _rowid ASC NULLS LAST], "
                    "preserve_partitioning=[false]",
                    knn.k),
        NodeRole::kTopK);
    // Rows without a distance never become candidates.
    Add("FilterExec", "_distance IS NOT NULL", NodeRole::kTopK);
  }

  // Ends the branch that is being built, and begins another.
  std::shared_ptr<const PlanNode> Finish() { return std::move(node_); }

  // The index's own nodes, and beside them an exact search of what it does not cover.
  void AddIndexSearch() {
    const AnnPlan& ann = *plan_.ann;
    const KnnQuery& knn = *plan_.knn;
    static const char* const kNames[] = {"L2", "Cosine", "Dot", "Hamming"};
    const char* metric = kNames[static_cast<int>(ann.index->metric)];
    std::string uuid = ann.index->parts.front().entry->uuid;
    Add("ANNIvfPartition",
        fmt::format("uuid={}, minimum_nprobes={}, maximum_nprobes={}, deltas={}", uuid,
                    ann.minimum_nprobes.value_or(1),
                    ann.maximum_nprobes.has_value() ? fmt::format("Some({})", *ann.maximum_nprobes) : "None",
                    ann.segments.size()),
        NodeRole::kAnnProbe);
    std::shared_ptr<const PlanNode> probes = Finish();
    std::shared_ptr<const PlanNode> allowed;
    if (ann.allowed != nullptr) {
      const std::string filter = plan_.filter == nullptr ? "--" : plan_.filter->ToString();
      AddIndexQuery(*ann.allowed);
      Add("LanceRead",
          fmt::format("uri={}, projection=[], num_fragments={}, range_before=None, range_after=None, "
                      "row_id=true, row_addr=false, full_filter={}, refine_filter={}{}",
                      DisplayPath(plan_.context->snapshot->uri()), ann.allowed->fragments.size(), filter,
                      RefineText(*ann.allowed), DescribeMask()),
          NodeRole::kAllowed);
      allowed = Finish();
    }
    node_ = std::move(probes);
    Add("ANNSubIndex",
        fmt::format(
            "name={}, k={}, deltas={}, metric={}{}", ann.index->name, ann.options.keep, ann.segments.size(),
            metric,
            ann.allowed == nullptr
                ? ""
                : fmt::format(", exact below {} allowed rows, else wider probes until k rows are found",
                              ann.exact_below)),
        NodeRole::kAnn);
    if (allowed != nullptr) std::const_pointer_cast<PlanNode>(node_)->more_inputs.push_back(allowed);
    AddTopK(ann.options.keep);
    if (ann.refine) {
      const std::vector<int> vectors = {ann.vector_column};
      AddTake(vectors, NodeRole::kOther);
      Add("KNNVectorDistance", fmt::format("metric={}", knn.metric_name), NodeRole::kKnn);
      AddTopK(knn.k);
    }
    if (!plan_.fragments.empty()) {
      std::shared_ptr<const PlanNode> indexed = Finish();
      AddRead();
      Add("KNNVectorDistance", fmt::format("metric={}", knn.metric_name), NodeRole::kKnn);
      std::shared_ptr<const PlanNode> exact = Finish();
      node_ = std::move(indexed);
      Add("UnionExec", "", NodeRole::kOther);
      std::const_pointer_cast<PlanNode>(node_)->more_inputs.push_back(exact);
      AddTopK(knn.k);
    }
    Add("FilterExec", "_distance IS NOT NULL", NodeRole::kTopK);
  }

  void AddTopK(uint64_t rows) {
    Add("SortExec",
        fmt::format("TopK(fetch={}), expr=[_distance ASC NULLS LAST, _rowid ASC NULLS LAST], "
                    "preserve_partitioning=[false]",
                    rows),
        NodeRole::kTopK);
  }

  void AddTake(const std::vector<int>& columns, NodeRole role) {
    if (columns.empty()) return;
    Add("LanceRead",
        fmt::format("uri={}, projection=[{}], source=stream(_rowid)",
                    DisplayPath(plan_.context->snapshot->uri()), JoinNames(plan_, columns)),
        role);
  }

  void AddSort() {
    if (plan_.sort.empty()) return;
    std::string keys;
    for (const SortKey& key : plan_.sort) keys += (keys.empty() ? "" : ", ") + key.text;
    Add("SortExec",
        fmt::format("{}expr=[{}], preserve_partitioning=[false]",
                    plan_.sort_limit.has_value() ? fmt::format("TopK(fetch={}), ", *plan_.sort_limit) : "",
                    keys),
        NodeRole::kSort);
  }

  // Left out when the result is just what was read, in that order.
  void AddProjection() {
    bool same = !plan_.knn.has_value() && plan_.sort.empty() &&
                plan_.projection.columns.size() == plan_.emitted.size();
    std::string text;
    for (size_t i = 0; i < plan_.projection.columns.size(); ++i) {
      const OutputColumn& column = plan_.projection.columns[i];
      text += (text.empty() ? "" : ", ") + column.text;
      same = same && column.expression == nullptr && column.members.empty() &&
             column.source == column.field->name() &&
             column.source == plan_.context->columns.columns[plan_.emitted[i]].name();
    }
    if (plan_.filter != nullptr)
      same = same && plan_.late.empty() && plan_.early.size() == plan_.emitted.size();
    if (!same) Add("ProjectionExec", fmt::format("expr=[{}]", text), NodeRole::kProject);
  }

  const ScanPlan& plan_;
  std::shared_ptr<const PlanNode> node_;
};

}  // namespace

std::shared_ptr<const PlanNode> MakeNodes(const ScanPlan& plan) { return NodeBuilder(plan).Build(); }

}  // namespace lance::scan
