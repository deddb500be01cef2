#include "lance/expr/evaluate.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>

#include "lance/expr/functions/function.h"
#include "lance/expr/kernels/arithmetic.h"
#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/cast.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/kernels/compare.h"
#include "lance/expr/kernels/logic.h"
#include "lance/expr/kernels/pattern.h"
#include "lance/expr/kernels/value_set.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

class ColumnNode final : public Node {
 public:
  explicit ColumnNode(const Logical& logical)
      : name_(logical.name), index_(logical.index), type_(logical.type) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    // The schema of the batch is usually the one that was bound.
    int index = index_ < batch.num_columns() && batch.column_name(index_) == name_
                    ? index_
                    : batch.schema()->GetFieldIndex(name_);
    if (index < 0) return InvalidArgument("column '{}' of the filter is missing from the batch", name_);
    return Plain(batch.column(index)->data());
  }
  static Datum Plain(std::shared_ptr<arrow::ArrayData> data) {
    TypePtr type = PlainType(data->type);
    if (type != data->type) {
      data = data->Copy();
      data->type = std::move(type);
    }
    return Datum(std::move(data));
  }

 private:
  std::string name_;
  int index_;
  TypePtr type_;
};

class FieldNode final : public Node {
 public:
  FieldNode(NodePtr child, std::string name) : child_(std::move(child)), name_(std::move(name)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    ARROW_ASSIGN_OR_RAISE(auto array, ToArray(value, batch.num_rows()));
    const auto& parent = checked_cast<const arrow::StructArray&>(*array);
    int index = checked_cast<const arrow::StructType&>(*parent.type()).GetFieldIndex(name_);
    if (index < 0) return InvalidArgument("field '{}' of the filter is missing from the batch", name_);
    ARROW_ASSIGN_OR_RAISE(auto field, parent.GetFlattenedField(index));
    return ColumnNode::Plain(field->data());
  }

 private:
  NodePtr child_;
  std::string name_;
};

class LiteralNode final : public Node {
 public:
  explicit LiteralNode(std::shared_ptr<arrow::Scalar> value) : value_(std::move(value)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch&) const override { return Datum(value_); }

 private:
  std::shared_ptr<arrow::Scalar> value_;
};

class AndOrNode final : public Node {
 public:
  AndOrNode(bool is_and, std::vector<NodePtr> terms) : is_and_(is_and), terms_(std::move(terms)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, terms_[0]->Evaluate(batch));
    for (size_t i = 1; i < terms_.size() && !Decides(is_and_, value); ++i) {
      ARROW_ASSIGN_OR_RAISE(Datum next, terms_[i]->Evaluate(batch));
      ARROW_ASSIGN_OR_RAISE(value, AndOr(is_and_, value, next));
    }
    return value;
  }

 private:
  bool is_and_;
  std::vector<NodePtr> terms_;
};

class BinaryNode final : public Node {
 public:
  BinaryNode(Op op, NodePtr left, NodePtr right, TypePtr type)
      : op_(op), left_(std::move(left)), right_(std::move(right)), type_(std::move(type)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum left, left_->Evaluate(batch));
    ARROW_ASSIGN_OR_RAISE(Datum right, right_->Evaluate(batch));
    if (IsComparison(op_)) return Compare(op_, left, right, batch.num_rows());
    if (op_ == Op::kConcat) return Concat(left, right, batch.num_rows());
    return Arithmetic(op_, left, right, batch.num_rows(), type_);
  }

 private:
  // text || text is null when either is.
  Result<Datum> Concat(const Datum& left, const Datum& right, int64_t rows) const {
    if (left.is_scalar() && right.is_scalar()) rows = 1;
    BytesView a(left);
    BytesView b(right);
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type_, &builder));
    bool large = type_->id() == Type::LARGE_STRING || type_->id() == Type::LARGE_BINARY;
    std::string text;
    for (int64_t i = 0; i < rows; ++i) {
      if (a.IsNull(i) || b.IsNull(i)) {
        ARROW_RETURN_NOT_OK(builder->AppendNull());
        continue;
      }
      text.assign(a[i]);
      text.append(b[i]);
      if (large) {
        ARROW_RETURN_NOT_OK(checked_cast<arrow::LargeBinaryBuilder&>(*builder).Append(text));
      } else {
        ARROW_RETURN_NOT_OK(checked_cast<arrow::BinaryBuilder&>(*builder).Append(text));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
    if (!left.is_scalar() || !right.is_scalar()) return Datum(std::move(array));
    ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
    return Datum(std::move(scalar));
  }

  Op op_;
  NodePtr left_;
  NodePtr right_;
  TypePtr type_;
};

class NotNode final : public Node {
 public:
  explicit NotNode(NodePtr child) : child_(std::move(child)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    return Not(value);
  }

 private:
  NodePtr child_;
};

class NegativeNode final : public Node {
 public:
  explicit NegativeNode(NodePtr child) : child_(std::move(child)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    return Negate(value, batch.num_rows());
  }

 private:
  NodePtr child_;
};

class IsNode final : public Node {
 public:
  IsNode(NodePtr child, IsTest test, bool negated)
      : child_(std::move(child)), test_(test), negated_(negated) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    return Is(value, test_, negated_, batch.num_rows());
  }

 private:
  NodePtr child_;
  IsTest test_;
  bool negated_;
};

class CastNode final : public Node {
 public:
  CastNode(NodePtr child, TypePtr type, bool is_try)
      : child_(std::move(child)), type_(std::move(type)), is_try_(is_try) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    return Cast(value, batch.num_rows(), type_, is_try_);
  }

 private:
  NodePtr child_;
  TypePtr type_;
  bool is_try_;
};

class InSetNode final : public Node {
 public:
  InSetNode(NodePtr child, std::unique_ptr<const ValueSet> set, bool negated)
      : child_(std::move(child)), set_(std::move(set)), negated_(negated) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    if (!value.is_scalar()) return set_->Contains(value, negated_, batch.num_rows());
    ARROW_ASSIGN_OR_RAISE(auto single, ToArray(value, 1));
    ARROW_ASSIGN_OR_RAISE(Datum result, set_->Contains(Datum(single), negated_, 1));
    ARROW_ASSIGN_OR_RAISE(auto scalar, result.make_array()->GetScalar(0));
    return Datum(std::move(scalar));
  }

 private:
  NodePtr child_;
  std::unique_ptr<const ValueSet> set_;
  bool negated_;
};

// LIKE or a regular expression whose pattern is a literal.
template <typename Pattern>
class MatchNode final : public Node {
 public:
  MatchNode(NodePtr child, Pattern pattern, bool negated)
      : child_(std::move(child)), pattern_(std::move(pattern)), negated_(negated) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, child_->Evaluate(batch));
    if constexpr (std::is_same_v<Pattern, LikePattern>) {
      return pattern_.Matches(value, negated_, batch.num_rows());
    } else {
      ARROW_ASSIGN_OR_RAISE(Datum found, pattern_.Finds(value));
      return negated_ ? Not(found) : Result<Datum>(found);
    }
  }

 private:
  NodePtr child_;
  Pattern pattern_;
  bool negated_;
};

// Patterns that change from row to row; the last one is kept compiled.
class RowPatternNode final : public Node {
 public:
  RowPatternNode(NodePtr value, NodePtr pattern, const Logical& logical)
      : value_(std::move(value)),
        pattern_(std::move(pattern)),
        like_(logical.kind == LogicalKind::kLike),
        no_case_(like_ ? logical.case_insensitive
                       : logical.op == Op::kRegexNoCase || logical.op == Op::kNotRegexNoCase),
        negated_(like_ ? logical.negated : logical.op == Op::kNotRegex || logical.op == Op::kNotRegexNoCase),
        escape_(logical.escape.value_or('\\')) {}

  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(Datum value, value_->Evaluate(batch));
    ARROW_ASSIGN_OR_RAISE(Datum pattern, pattern_->Evaluate(batch));
    int64_t rows = batch.num_rows();
    BytesView texts(value);
    BytesView patterns(pattern);
    arrow::BooleanBuilder builder;
    std::optional<std::string> last;
    std::function<Result<bool>(std::string_view)> match;
    for (int64_t i = 0; i < rows; ++i) {
      if (texts.IsNull(i) || patterns.IsNull(i)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      if (!last || *last != patterns[i]) {
        last = std::string(patterns[i]);
        ARROW_ASSIGN_OR_RAISE(match, Prepare(*last));
      }
      ARROW_ASSIGN_OR_RAISE(bool matches, match(texts[i]));
      ARROW_RETURN_NOT_OK(builder.Append(matches != negated_));
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    return Datum(std::move(array));
  }

 private:
  Result<std::function<Result<bool>(std::string_view)>> Prepare(const std::string& text) const {
    using Match = std::function<Result<bool>(std::string_view)>;
    if (like_) {
      ARROW_ASSIGN_OR_RAISE(LikePattern pattern, LikePattern::Make(text, escape_, no_case_));
      return Match([pattern](std::string_view value) { return pattern.Matches(value); });
    }
    ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(text, no_case_ ? "i" : ""));
    return Match([regex](std::string_view value) { return regex.Finds(value); });
  }

  NodePtr value_;
  NodePtr pattern_;
  bool like_;
  bool no_case_;
  bool negated_;
  char escape_;
};

class CaseNode final : public Node {
 public:
  CaseNode(std::vector<NodePtr> whens, std::vector<NodePtr> values, TypePtr type)
      : whens_(std::move(whens)), values_(std::move(values)), type_(std::move(type)) {}

  // Each branch is computed only over the rows that reach it, so that guards guard.
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    int64_t rows = batch.num_rows();
    std::vector<int64_t> open(static_cast<size_t>(rows));
    for (int64_t i = 0; i < rows; ++i) open[static_cast<size_t>(i)] = i;
    std::vector<std::shared_ptr<arrow::Array>> pieces;
    std::vector<int64_t> position(static_cast<size_t>(rows), -1);
    int64_t total = 0;
    for (size_t branch = 0; branch < values_.size() && !open.empty(); ++branch) {
      std::vector<int64_t> taken;
      std::vector<int64_t> rest;
      ARROW_ASSIGN_OR_RAISE(auto reached, Select(batch, open));
      if (branch < whens_.size()) {
        ARROW_ASSIGN_OR_RAISE(Datum condition, whens_[branch]->Evaluate(*reached));
        BoolView view(condition);
        for (size_t i = 0; i < open.size(); ++i) {
          auto row = static_cast<int64_t>(i);
          (!view.IsNull(row) && view[row] ? taken : rest).push_back(open[i]);
        }
      } else {
        taken = std::move(open);
      }
      open = std::move(rest);
      if (taken.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(auto chosen, Select(batch, taken));
      ARROW_ASSIGN_OR_RAISE(Datum value, values_[branch]->Evaluate(*chosen));
      ARROW_ASSIGN_OR_RAISE(auto piece, ToArray(value, chosen->num_rows()));
      for (int64_t row : taken) position[static_cast<size_t>(row)] = total++;
      pieces.push_back(std::move(piece));
    }
    if (pieces.empty()) return Datum(arrow::MakeNullScalar(type_));
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(pieces));
    arrow::Int64Builder indices;
    ARROW_RETURN_NOT_OK(indices.Reserve(rows));
    for (int64_t at : position) {
      if (at < 0) {
        indices.UnsafeAppendNull();
      } else {
        indices.UnsafeAppend(at);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto index_array, indices.Finish());
    return arrow::compute::Take(Datum(joined), Datum(index_array),
                                arrow::compute::TakeOptions::NoBoundsCheck());
  }

 private:
  static Result<std::shared_ptr<arrow::RecordBatch>> Select(const arrow::RecordBatch& batch,
                                                            const std::vector<int64_t>& rows) {
    if (static_cast<int64_t>(rows.size()) == batch.num_rows()) return batch.Slice(0);
    if (batch.num_columns() == 0) {
      return arrow::RecordBatch::Make(batch.schema(), static_cast<int64_t>(rows.size()),
                                      std::vector<std::shared_ptr<arrow::Array>>());
    }
    arrow::Int64Array indices(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const auto& column : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(*column, indices));
      columns.push_back(std::move(taken));
    }
    return arrow::RecordBatch::Make(batch.schema(), static_cast<int64_t>(rows.size()), std::move(columns));
  }

  std::vector<NodePtr> whens_;
  std::vector<NodePtr> values_;
  TypePtr type_;
};

class FunctionNode final : public Node {
 public:
  FunctionNode(const FunctionInfo* function, std::vector<NodePtr> arguments, TypePtr type)
      : function_(function), arguments_(std::move(arguments)), type_(std::move(type)) {}
  Result<Datum> Evaluate(const arrow::RecordBatch& batch) const override {
    std::vector<Datum> values;
    values.reserve(arguments_.size());
    bool constant = !function_->is_volatile;
    for (const NodePtr& argument : arguments_) {
      ARROW_ASSIGN_OR_RAISE(Datum value, argument->Evaluate(batch));
      constant = constant && value.is_scalar();
      values.push_back(std::move(value));
    }
    if (!constant) return function_->call(values, batch.num_rows(), type_);
    ARROW_ASSIGN_OR_RAISE(Datum result, function_->call(values, 1, type_));
    if (result.is_scalar()) return result;
    ARROW_ASSIGN_OR_RAISE(auto scalar, result.make_array()->GetScalar(0));
    return Datum(std::move(scalar));
  }

 private:
  const FunctionInfo* function_;
  std::vector<NodePtr> arguments_;
  TypePtr type_;
};

Result<std::vector<NodePtr>> CompileAll(const std::vector<LogicalPtr>& nodes) {
  std::vector<NodePtr> out;
  out.reserve(nodes.size());
  for (const LogicalPtr& node : nodes) {
    ARROW_ASSIGN_OR_RAISE(NodePtr compiled, Compile(*node));
    out.push_back(std::move(compiled));
  }
  return out;
}

Result<NodePtr> CompileInList(const Logical& node) {
  const TypePtr value_type = node.child(1)->type;
  bool literals = true;
  for (size_t i = 1; i < node.children.size(); ++i) literals &= node.child(i)->is_literal();
  if (literals) {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), value_type, &builder));
    for (size_t i = 1; i < node.children.size(); ++i) {
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*node.child(i)->literal));
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> values, builder->Finish());
    auto set = ValueSet::Make(values);
    if (set.ok()) {
      ARROW_ASSIGN_OR_RAISE(NodePtr child, Compile(*node.child(0)));
      return NodePtr(new InSetNode(std::move(child), std::move(*set), node.negated));
    }
  }
  std::vector<LogicalPtr> terms;
  for (size_t i = 1; i < node.children.size(); ++i) {
    terms.push_back(MakeBinary(node.child(0), node.negated ? Op::kNotEq : Op::kEq, node.child(i)));
  }
  return Compile(*MakeChain(std::move(terms), node.negated ? Op::kAnd : Op::kOr));
}

Result<NodePtr> CompileMatch(const Logical& node) {
  ARROW_ASSIGN_OR_RAISE(NodePtr value, Compile(*node.child(0)));
  const Logical& pattern = *node.child(1);
  if (!pattern.is_literal()) {
    ARROW_ASSIGN_OR_RAISE(NodePtr patterns, Compile(pattern));
    return NodePtr(new RowPatternNode(std::move(value), std::move(patterns), node));
  }
  if (!pattern.literal->is_valid) return NodePtr(new LiteralNode(arrow::MakeNullScalar(arrow::boolean())));
  std::string_view text = BytesView(Datum(pattern.literal))[0];  // owned by the node
  if (node.kind == LogicalKind::kLike) {
    ARROW_ASSIGN_OR_RAISE(LikePattern like,
                          LikePattern::Make(text, node.escape.value_or('\\'), node.case_insensitive));
    return NodePtr(new MatchNode<LikePattern>(std::move(value), std::move(like), node.negated));
  }
  bool no_case = node.op == Op::kRegexNoCase || node.op == Op::kNotRegexNoCase;
  bool negated = node.op == Op::kNotRegex || node.op == Op::kNotRegexNoCase;
  ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(text, no_case ? "i" : ""));
  return NodePtr(new MatchNode<Regex>(std::move(value), std::move(regex), negated));
}

Result<NodePtr> CompileBinary(const Logical& node) {
  if (IsRegex(node.op)) return CompileMatch(node);
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    std::vector<LogicalPtr> terms;
    FlattenChain(std::make_shared<Logical>(node), node.op, &terms);
    ARROW_ASSIGN_OR_RAISE(auto compiled, CompileAll(terms));
    return NodePtr(new AndOrNode(node.op == Op::kAnd, std::move(compiled)));
  }
  ARROW_ASSIGN_OR_RAISE(auto children, CompileAll(node.children));
  return NodePtr(new BinaryNode(node.op, std::move(children[0]), std::move(children[1]), node.type));
}

Result<NodePtr> CompileCase(const Logical& node) {
  std::vector<NodePtr> whens;
  std::vector<NodePtr> values;
  size_t pairs_end = node.children.size() - (node.has_else ? 1 : 0);
  for (size_t i = 0; i < pairs_end; i += 2) {
    ARROW_ASSIGN_OR_RAISE(NodePtr when, Compile(*node.child(i)));
    ARROW_ASSIGN_OR_RAISE(NodePtr value, Compile(*node.child(i + 1)));
    whens.push_back(std::move(when));
    values.push_back(std::move(value));
  }
  if (node.has_else) {
    ARROW_ASSIGN_OR_RAISE(NodePtr otherwise, Compile(*node.children.back()));
    values.push_back(std::move(otherwise));
  }
  return NodePtr(new CaseNode(std::move(whens), std::move(values), node.type));
}

}  // namespace

Result<NodePtr> Compile(const Logical& node) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  switch (node.kind) {
    case LogicalKind::kColumn:
      return NodePtr(new ColumnNode(node));
    case LogicalKind::kLiteral:
      return NodePtr(new LiteralNode(node.literal));
    case LogicalKind::kBinary:
      return CompileBinary(node);
    case LogicalKind::kInList:
      return CompileInList(node);
    case LogicalKind::kLike:
      return CompileMatch(node);
    case LogicalKind::kCase:
      return CompileCase(node);
    case LogicalKind::kBetween:
      return Internal("BETWEEN was not expanded");
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(auto children, CompileAll(node.children));
  switch (node.kind) {
    case LogicalKind::kField:
      return NodePtr(new FieldNode(std::move(children[0]), node.name));
    case LogicalKind::kNot:
      return NodePtr(new NotNode(std::move(children[0])));
    case LogicalKind::kNegative:
      return NodePtr(new NegativeNode(std::move(children[0])));
    case LogicalKind::kIs:
      return NodePtr(new IsNode(std::move(children[0]), node.test, node.negated));
    case LogicalKind::kCast:
    case LogicalKind::kTryCast:
      return NodePtr(new CastNode(std::move(children[0]), node.type, node.kind == LogicalKind::kTryCast));
    default:
      return NodePtr(new FunctionNode(node.function, std::move(children), node.type));
  }
}

Result<std::shared_ptr<arrow::Scalar>> EvaluateConstant(const Logical& node) {
  ARROW_ASSIGN_OR_RAISE(NodePtr compiled, Compile(node));
  auto batch = arrow::RecordBatch::Make(arrow::schema({}), 1, std::vector<std::shared_ptr<arrow::Array>>());
  ARROW_ASSIGN_OR_RAISE(Datum value, compiled->Evaluate(*batch));
  if (value.is_scalar()) return value.scalar();
  return value.make_array()->GetScalar(0);
}

}  // namespace lance::expr
