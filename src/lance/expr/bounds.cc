#include "lance/expr/bounds.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/expr/kernels/compare.h"
#include "lance/expr/logical.h"

namespace lance::expr {
namespace {

using ScalarPtr = std::shared_ptr<arrow::Scalar>;

bool IsPath(const Logical& node) {
  if (node.kind == LogicalKind::kColumn) return true;
  return node.kind == LogicalKind::kField && IsPath(*node.child(0));
}

// True when `a op b` certainly holds.
bool Holds(Op op, const ScalarPtr& a, const ScalarPtr& b) {
  auto result = Compare(op, arrow::Datum(a), arrow::Datum(b), 1);
  return result.ok() && result->is_scalar() && result->scalar()->is_valid &&
         static_cast<const arrow::BooleanScalar&>(*result->scalar()).value;
}

void RaiseLow(ColumnBounds* bounds, const ScalarPtr& value, bool inclusive) {
  bool tighter = !bounds->low || Holds(Op::kGt, value, bounds->low) ||
                 (!inclusive && Holds(Op::kEq, value, bounds->low));
  if (!tighter) return;
  bounds->low = value;
  bounds->low_inclusive = inclusive;
}

void CutHigh(ColumnBounds* bounds, const ScalarPtr& value, bool inclusive) {
  bool tighter = !bounds->high || Holds(Op::kLt, value, bounds->high) ||
                 (!inclusive && Holds(Op::kEq, value, bounds->high));
  if (!tighter) return;
  bounds->high = value;
  bounds->high_inclusive = inclusive;
}

void OneOf(ColumnBounds* bounds, std::vector<ScalarPtr> values) {
  if (values.empty()) return;
  ScalarPtr low = values[0];
  ScalarPtr high = values[0];
  for (const ScalarPtr& value : values) {
    if (Holds(Op::kLt, value, low)) low = value;
    if (Holds(Op::kGt, value, high)) high = value;
  }
  RaiseLow(bounds, low, true);
  CutHigh(bounds, high, true);
  if (bounds->one_of.empty() || values.size() < bounds->one_of.size()) bounds->one_of = std::move(values);
}

// The values of `c = 1 OR c = 2 ...` over one column; empty for other shapes.
std::vector<ScalarPtr> EqualityChain(const LogicalPtr& node, const Logical** column) {
  std::vector<LogicalPtr> terms;
  FlattenChain(node, Op::kOr, &terms);
  std::vector<ScalarPtr> values;
  for (const LogicalPtr& term : terms) {
    bool fits = term->is_binary(Op::kEq) && IsPath(*term->child(0)) && term->child(1)->is_literal() &&
                term->child(1)->literal->is_valid;
    if (!fits || (*column != nullptr && !SameLogical(**column, *term->child(0)))) return {};
    *column = term->child(0).get();
    values.push_back(term->child(1)->literal);
  }
  return values;
}

class Extractor {
 public:
  explicit Extractor(std::vector<ColumnBounds>* out) : out_(out) {}

  void Add(const LogicalPtr& term, const std::string& path) {
    switch (term->kind) {
      case LogicalKind::kIs:
        if (term->test == IsTest::kNull && IsPath(*term->child(0))) {
          ColumnBounds* bounds = For(path);
          (term->negated ? bounds->not_null : bounds->is_null) = true;
        }
        return;
      case LogicalKind::kInList:
        return AddInList(*term, path);
      case LogicalKind::kBinary:
        return AddBinary(term, path);
      default:
        return;
    }
  }

 private:
  ColumnBounds* For(const std::string& path) {
    for (ColumnBounds& bounds : *out_) {
      if (bounds.column == path) return &bounds;
    }
    out_->emplace_back().column = path;
    return &out_->back();
  }

  void AddInList(const Logical& term, const std::string& path) {
    if (term.negated || !IsPath(*term.child(0))) return;
    std::vector<ScalarPtr> values;
    for (size_t i = 1; i < term.children.size(); ++i) {
      if (!term.child(i)->is_literal()) return;
      if (term.child(i)->literal->is_valid) values.push_back(term.child(i)->literal);
    }
    ColumnBounds* bounds = For(path);
    bounds->not_null = true;
    OneOf(bounds, std::move(values));
  }

  void AddBinary(const LogicalPtr& term, const std::string& path) {
    if (term->op == Op::kOr) {
      const Logical* column = nullptr;
      std::vector<ScalarPtr> values = EqualityChain(term, &column);
      if (values.empty()) return;
      ColumnBounds* bounds = For(path);
      bounds->not_null = true;
      return OneOf(bounds, std::move(values));
    }
    bool simple = IsComparison(term->op) && IsPath(*term->child(0)) && term->child(1)->is_literal() &&
                  term->child(1)->literal->is_valid;
    if (!simple || term->op == Op::kDistinct) return;
    ColumnBounds* bounds = For(path);
    bounds->not_null = true;
    const ScalarPtr& value = term->child(1)->literal;
    switch (term->op) {
      case Op::kEq:
      case Op::kNotDistinct:
        return OneOf(bounds, {value});
      case Op::kGt:
      case Op::kGtEq:
        return RaiseLow(bounds, value, term->op == Op::kGtEq);
      case Op::kLt:
      case Op::kLtEq:
        return CutHigh(bounds, value, term->op == Op::kLtEq);
      default:
        return;
    }
  }

  std::vector<ColumnBounds>* out_;
};

}  // namespace

std::vector<ColumnBounds> ExtractBounds(const Expression& filter) {
  std::vector<ColumnBounds> out;
  Extractor extractor(&out);
  for (const auto& term : filter.Conjuncts()) {
    if (term->columns().size() == 1) extractor.Add(term->logical(), term->columns()[0]);
  }
  return out;
}

}  // namespace lance::expr
