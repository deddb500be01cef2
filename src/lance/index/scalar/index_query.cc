#include "lance/index/scalar/index_query.h"

#include <algorithm>
#include <iterator>
#include <map>

#include <arrow/api.h>

#include "lance/expr/logical.h"
#include "lance/index/scalar/filter_keys.h"
#include "lance/index/scalar/value_text.h"

namespace lance::index {
namespace {

using expr::Logical;
using expr::LogicalKind;
using expr::Op;

// An index that reads more rows than the best one by this factor (and more than a few pages) is left out of
// an AND: looking at the rows that the best one finds is cheaper.
constexpr uint64_t kWorthJoining = 4;
constexpr uint64_t kFewRows = 8 * 4096;

void CollectPaths(const Logical& node, std::vector<std::string>* out) {
  const std::string path = expr::PathOf(node);
  if (path.empty()) {
    for (const expr::LogicalPtr& child : node.children) CollectPaths(*child, out);
  } else if (std::find(out->begin(), out->end(), path) == out->end()) {
    out->push_back(path);
  }
}

class QueryPlanner {
 public:
  explicit QueryPlanner(const table::Snapshot& snapshot) : snapshot_(snapshot) {}

  Result<std::optional<PlannedQuery>> Plan(const expr::LogicalPtr& node) {
    std::vector<std::string> paths;
    CollectPaths(*node, &paths);
    if (paths.empty() || expr::IsVolatile(*node)) return std::nullopt;
    if (paths.size() == 1) return PlanColumn(paths[0], {node}, Op::kAnd);
    if (node->is_binary(Op::kAnd) || node->is_binary(Op::kOr)) return PlanTerms(node, node->op);
    return std::nullopt;
  }

 private:
  Result<std::shared_ptr<const ScalarIndex>> IndexOf(const std::string& path) {
    const auto found = indices_.find(path);
    if (found != indices_.end()) return found->second;
    std::shared_ptr<const ScalarIndex> index;
    const auto field = snapshot_.manifest().schema.Resolve(path);
    if (field.ok()) {  // else a column that the scan makes
      ARROW_ASSIGN_OR_RAISE(index, OpenScalarIndex(snapshot_, (*field)->id));
    }
    return indices_.emplace(path, std::move(index)).first->second;
  }

  // Terms over one column, joined by `op`.
  Result<std::optional<PlannedQuery>> PlanColumn(const std::string& path,
                                                 const std::vector<expr::LogicalPtr>& terms, Op op) {
    ARROW_ASSIGN_OR_RAISE(const auto index, IndexOf(path));
    if (index == nullptr) return std::nullopt;
    FilterKeys keys;
    for (size_t i = 0; i < terms.size(); ++i) {
      FilterKeys more = KeysOf(*terms[i], path, index->type());
      if (i == 0) {
        keys = std::move(more);
        continue;
      }
      keys.set = op == Op::kAnd ? keys.set.Intersect(more.set) : keys.set.Union(more.set);
      keys.exact = keys.exact && more.exact;
    }
    if (keys.set.all_keys() && keys.set.nulls()) return std::nullopt;
    PlannedQuery out;
    out.query.column = path;
    out.query.index = index;
    out.query.set = std::move(keys.set);
    out.query.terms = terms;
    out.query.terms_op = op;
    out.exact = keys.exact;
    return out;
  }

  Result<std::optional<PlannedQuery>> PlanTerms(const expr::LogicalPtr& node, Op op) {
    std::vector<expr::LogicalPtr> terms;
    expr::FlattenChain(node, op, &terms);
    // Terms over the same column are one question to its index.
    std::vector<std::pair<std::string, std::vector<expr::LogicalPtr>>> groups;
    for (const expr::LogicalPtr& term : terms) {
      std::vector<std::string> paths;
      CollectPaths(*term, &paths);
      const std::string path = paths.size() == 1 ? paths[0] : "";
      auto group = std::find_if(groups.begin(), groups.end(),
                                [&](const auto& known) { return !path.empty() && known.first == path; });
      if (group == groups.end()) group = groups.insert(groups.end(), {path, {}});
      group->second.push_back(term);
    }
    PlannedQuery out;
    out.exact = true;
    out.query.kind = op == Op::kAnd ? IndexQuery::Kind::kAnd : IndexQuery::Kind::kOr;
    for (const auto& [path, members] : groups) {
      std::optional<PlannedQuery> planned;
      if (path.empty()) {
        ARROW_ASSIGN_OR_RAISE(planned, Plan(members[0]));
      } else {
        ARROW_ASSIGN_OR_RAISE(planned, PlanColumn(path, members, op));
      }
      if (!planned.has_value()) {
        if (op == Op::kOr) return std::nullopt;
        out.exact = false;
        continue;
      }
      out.exact = out.exact && planned->exact;
      out.query.inputs.push_back(std::move(planned->query));
    }
    if (op == Op::kAnd) DropExpensive(&out);
    if (out.query.inputs.empty()) return std::nullopt;
    if (out.query.inputs.size() == 1) {
      IndexQuery only = std::move(out.query.inputs[0]);
      out.query = std::move(only);
    }
    return out;
  }

  static void DropExpensive(PlannedQuery* planned) {
    std::vector<IndexQuery>& inputs = planned->query.inputs;
    uint64_t best = UINT64_MAX;
    for (const IndexQuery& input : inputs) best = std::min(best, input.Estimate().rows_read);
    const uint64_t most = std::max(best > UINT64_MAX / kWorthJoining ? best : best * kWorthJoining, kFewRows);
    const size_t before = inputs.size();
    std::erase_if(inputs, [&](const IndexQuery& input) { return input.Estimate().rows_read > most; });
    if (inputs.size() < before) planned->exact = false;
  }

  const table::Snapshot& snapshot_;
  std::map<std::string, std::shared_ptr<const ScalarIndex>> indices_;
};

// Prints what one index is asked as the reference's plans do: [id > 5 && id < 9]@id_idx(BTree).
class QueryPrinter {
 public:
  explicit QueryPrinter(const IndexQuery& query)
      : query_(query), tail_(fmt::format("]@{}({})", query.index->name, query.index->kind)) {}

  std::string Print() const { return Joined(query_.terms, query_.terms_op); }

 private:
  static constexpr size_t kMostValues = 20;

  static bool IsRange(const Logical& node) {
    return node.kind == LogicalKind::kBinary && node.op >= Op::kLt && node.op <= Op::kGtEq;
  }

  std::string Leaf(const std::string& text) const { return "[" + text + tail_; }

  std::string Joined(const std::vector<expr::LogicalPtr>& terms, Op op) const {
    const bool ranges =
        std::all_of(terms.begin(), terms.end(), [](const auto& term) { return IsRange(*term); });
    if (ranges && op == Op::kAnd) {
      std::string text;
      for (const auto& term : terms) text += (text.empty() ? "" : " && ") + Comparison(*term);
      return Leaf(text);
    }
    std::string out = Print(terms[0]);
    for (size_t i = 1; i < terms.size(); ++i) {
      if (i == kMostValues) return out + ",...";
      out = fmt::format("{}({},{})", op == Op::kAnd ? "AND" : "OR", out, Print(terms[i]));
    }
    return out;
  }

  static std::string Value(const Logical& node) {
    return node.is_literal() ? ValueText(*node.literal) : expr::PrintLogical(node);
  }

  std::string Comparison(const Logical& node) const {
    return fmt::format("{} {} {}", query_.column, expr::OpName(node.op), Value(*node.child(1)));
  }

  std::string InList(const Logical& node) const {
    std::string values;
    for (size_t i = 1; i < node.children.size(); ++i) {
      if (i > kMostValues) {
        values += ",...";
        break;
      }
      values += (i == 1 ? "" : ",") + Value(*node.child(i));
    }
    return Leaf(fmt::format("{} IN [{}]", query_.column, values));
  }

  std::string Print(const expr::LogicalPtr& term) const {
    const Logical& node = *term;
    const auto negated = [](bool no, const std::string& text) { return no ? "NOT(" + text + ")" : text; };
    if (node.is_binary(Op::kAnd) || node.is_binary(Op::kOr)) {
      std::vector<expr::LogicalPtr> terms;
      expr::FlattenChain(term, node.op, &terms);
      return Joined(terms, node.op);
    }
    if (node.is_binary(Op::kNotEq)) {
      return negated(true, Leaf(fmt::format("{} = {}", query_.column, Value(*node.child(1)))));
    }
    if (node.kind == LogicalKind::kBinary) return Leaf(Comparison(node));
    if (node.kind == LogicalKind::kInList) return negated(node.negated, InList(node));
    if (node.kind == LogicalKind::kIs && node.test == expr::IsTest::kNull) {
      return negated(node.negated, Leaf(query_.column + " IS NULL"));
    }
    if (node.kind == LogicalKind::kLike && !node.negated) {
      return Leaf(fmt::format("{} LIKE '{}'", query_.column, Value(*node.child(1))));
    }
    if (node.kind == LogicalKind::kFunction && node.children.size() == 2) {  // starts_with
      return Leaf(fmt::format("{} LIKE '{}%'", query_.column, Value(*node.child(1))));
    }
    if (node.kind == LogicalKind::kNot) return negated(true, Print(node.child(0)));
    if (!expr::PathOf(node).empty()) return Leaf(query_.column + " = true");
    return Leaf(expr::PrintLogical(node));
  }

  const IndexQuery& query_;
  const std::string tail_;
};

}  // namespace

SearchEstimate IndexQuery::Estimate() const {
  if (kind == Kind::kColumn) return index->Estimate(set);
  SearchEstimate out;
  uint64_t fewest = UINT64_MAX;
  for (const IndexQuery& input : inputs) {
    const SearchEstimate more = input.Estimate();
    out += more;
    fewest = std::min(fewest, more.rows);
  }
  if (kind == Kind::kAnd) out.rows = fewest;
  return out;
}

table::FragmentSet IndexQuery::Covered() const {
  if (kind == Kind::kColumn) return index->covered;
  table::FragmentSet out;
  const table::FragmentSet first = inputs[0].Covered();
  for (const RowRange& range : first.ranges()) {
    for (uint64_t id = range.start; id < range.end(); ++id) {
      const bool all = std::all_of(inputs.begin() + 1, inputs.end(),
                                   [&](const IndexQuery& input) { return input.Covered().Contains(id); });
      if (all) out.Add(id);
    }
  }
  return out;
}

Result<std::vector<uint64_t>> IndexQuery::Search(const table::Snapshot& snapshot,
                                                 ScalarSearchCounts* counts) const {
  if (kind == Kind::kColumn) return index->Search(snapshot, set, counts);
  ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> out, inputs[0].Search(snapshot, counts));
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (kind == Kind::kAnd && out.empty()) return out;
    ARROW_ASSIGN_OR_RAISE(const std::vector<uint64_t> more, inputs[i].Search(snapshot, counts));
    std::vector<uint64_t> joined;
    if (kind == Kind::kAnd) {
      std::set_intersection(out.begin(), out.end(), more.begin(), more.end(), std::back_inserter(joined));
    } else {
      std::set_union(out.begin(), out.end(), more.begin(), more.end(), std::back_inserter(joined));
    }
    out = std::move(joined);
  }
  return out;
}

std::string IndexQuery::ToString() const {
  if (kind == Kind::kColumn) return QueryPrinter(*this).Print();
  std::string out = inputs[0].ToString();
  for (size_t i = 1; i < inputs.size(); ++i) {
    out = fmt::format("{}({},{})", kind == Kind::kAnd ? "AND" : "OR", out, inputs[i].ToString());
  }
  return out;
}

Result<std::optional<PlannedQuery>> PlanQuery(const table::Snapshot& snapshot,
                                              const expr::Expression& filter) {
  ARROW_ASSIGN_OR_RAISE(const auto entries, snapshot.Indices());
  const bool any = entries != nullptr && std::any_of(entries->begin(), entries->end(), [](const auto& entry) {
                     return IsScalarIndex(entry.details_type_url);
                   });
  if (!any) return std::nullopt;
  return QueryPlanner(snapshot).Plan(filter.logical());
}

}  // namespace lance::index
