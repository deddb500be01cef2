#include <algorithm>
#include <bit>

#include <arrow/api.h>

#include "lance/expr/binder.h"
#include "lance/expr/evaluate.h"
#include "lance/expr/expr.h"
#include "lance/expr/functions/function.h"
#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/logical.h"
#include "lance/expr/syntax.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

constexpr size_t kMaxTextBytes = size_t{64} << 20;

std::string QuotePiece(const std::string& name) {
  return name.find_first_of(".`") == std::string::npos ? name : "`" + name + "`";
}

}  // namespace

std::string PathOf(const Logical& node) {
  if (node.kind == LogicalKind::kColumn) return QuotePiece(node.name);
  if (node.kind != LogicalKind::kField) return "";
  std::string parent = PathOf(*node.child(0));
  return parent.empty() ? "" : parent + "." + QuotePiece(node.name);
}

namespace {

void CollectColumns(const Logical& node, std::vector<std::string>* out) {
  std::string path = PathOf(node);
  if (path.empty()) {
    for (const LogicalPtr& child : node.children) CollectColumns(*child, out);
  } else if (std::find(out->begin(), out->end(), path) == out->end()) {
    out->push_back(std::move(path));
  }
}

class BoundExpression final : public Expression {
 public:
  static Result<std::shared_ptr<const Expression>> Make(LogicalPtr logical) {
    auto out = std::make_shared<BoundExpression>();
    ARROW_ASSIGN_OR_RAISE(out->node_, Compile(*logical));
    CollectColumns(*logical, &out->columns_);
    out->logical_ = std::move(logical);
    return out;
  }

  const std::shared_ptr<arrow::DataType>& type() const override { return logical_->type; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::string ToString() const override { return PrintLogical(*logical_); }
  std::string ToPhysicalString() const override { return PrintPhysical(*logical_); }
  const LogicalPtr& logical() const override { return logical_; }

  Result<std::shared_ptr<arrow::Array>> Evaluate(const arrow::RecordBatch& batch) const override {
    ARROW_ASSIGN_OR_RAISE(arrow::Datum value, node_->Evaluate(batch));
    return ToArray(value, batch.num_rows());
  }

  std::shared_ptr<arrow::Scalar> AsConstant() const override {
    if (logical_->is_literal()) return logical_->literal;
    return nullptr;
  }

  std::vector<std::shared_ptr<const Expression>> Conjuncts() const override {
    std::vector<LogicalPtr> terms;
    FlattenChain(logical_, Op::kAnd, &terms);
    std::vector<std::shared_ptr<const Expression>> out;
    for (LogicalPtr& term : terms) {
      auto made = Make(std::move(term));
      if (made.ok()) out.push_back(std::move(*made));  // parts of a compiled tree compile
    }
    return out;
  }

 private:
  LogicalPtr logical_;
  NodePtr node_;
  std::vector<std::string> columns_;
};

// regexp_match returns a list; as a condition it asks whether there is one.
LogicalPtr MatchesAsConditions(const LogicalPtr& node) {
  if (node->kind == LogicalKind::kFunction && node->name == "regexp_match")
    return MakeIs(node, IsTest::kNull, true);
  bool logical = node->is_binary(Op::kAnd) || node->is_binary(Op::kOr) || node->kind == LogicalKind::kNot;
  if (!logical) return node;
  std::vector<LogicalPtr> children;
  for (const LogicalPtr& child : node->children) children.push_back(MatchesAsConditions(child));
  return WithChildren(*node, std::move(children));
}

Result<std::shared_ptr<const Expression>> Prepare(std::string_view sql,
                                                  const std::shared_ptr<arrow::Schema>& schema, bool filter,
                                                  const std::shared_ptr<arrow::DataType>& as = nullptr) {
  if (sql.size() > kMaxTextBytes) {
    return InvalidArgument("the expression has {} bytes, more than the limit of {}", sql.size(),
                           kMaxTextBytes);
  }
  ARROW_ASSIGN_OR_RAISE(SyntaxPtr syntax, Parse(sql));
  ARROW_ASSIGN_OR_RAISE(LogicalPtr logical, Bind(*syntax, sql, *schema));
  ARROW_ASSIGN_OR_RAISE(logical, ResolveLiterals(logical));
  if (filter) logical = MatchesAsConditions(logical);
  ARROW_ASSIGN_OR_RAISE(logical, Coerce(logical));
  if (filter && logical->type->id() != arrow::Type::BOOL) {
    return InvalidArgument("The filter {} does not return a boolean, but {}", PrintLogical(*logical),
                           PrintType(*logical->type));
  }
  if (as != nullptr) logical = MakeCast(logical, as);
  ARROW_ASSIGN_OR_RAISE(logical, Simplify(logical));
  return BoundExpression::Make(std::move(logical));
}

}  // namespace

Result<std::shared_ptr<const Expression>> ParseFilter(std::string_view sql,
                                                      const std::shared_ptr<arrow::Schema>& schema) {
  return Prepare(sql, schema, true);
}

Result<std::shared_ptr<const Expression>> ParseExpression(std::string_view sql,
                                                          const std::shared_ptr<arrow::Schema>& schema) {
  // A column whose name is no SQL (`a b`, `a.b`) is found as it stands.
  int index = schema->GetFieldIndex(std::string(sql));
  if (index >= 0) {
    auto column = std::make_shared<Logical>();
    column->kind = LogicalKind::kColumn;
    column->index = index;
    column->name = schema->field(index)->name();
    column->type = PlainType(schema->field(index)->type());
    return BoundExpression::Make(std::move(column));
  }
  return Prepare(sql, schema, false);
}

Result<std::shared_ptr<const Expression>> ParseExpressionAs(std::string_view sql,
                                                            const std::shared_ptr<arrow::Schema>& schema,
                                                            const std::shared_ptr<arrow::DataType>& type) {
  return Prepare(sql, schema, false, type);
}

std::shared_ptr<const Expression> And(std::shared_ptr<const Expression> a,
                                      std::shared_ptr<const Expression> b) {
  if (!a) return b;
  if (!b) return a;
  auto simple = Simplify(MakeBinary(a->logical(), Op::kAnd, b->logical()));
  LogicalPtr joined = simple.ok() ? *simple : MakeBinary(a->logical(), Op::kAnd, b->logical());
  auto made = BoundExpression::Make(std::move(joined));
  return made.ok() ? *made : nullptr;  // both parts compiled before
}

Result<std::shared_ptr<arrow::Array>> TrueIndices(const arrow::Array& filter) {
  if (filter.type_id() != arrow::Type::BOOL)
    return InvalidArgument("TrueIndices needs booleans, got {}", PrintType(*filter.type()));
  const auto& array = static_cast<const arrow::BooleanArray&>(filter);
  int64_t count = array.true_count();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(uint64_t))));
  auto* out = reinterpret_cast<uint64_t*>(buffer->mutable_data());
  const uint8_t* values = array.values()->data();
  const uint8_t* validity = array.null_count() > 0 ? array.null_bitmap_data() : nullptr;
  int64_t offset = array.offset();
  int64_t length = array.length();
  auto load = [length, offset](const uint8_t* bits, int64_t row) {
    // 64 bits from any bit position, without reading past the last byte.
    int64_t bit = offset + row;
    int64_t last_byte = (offset + length - 1) / 8;
    int64_t byte = bit / 8;
    uint64_t low = 0;
    std::memcpy(&low, bits + byte, static_cast<size_t>(std::min<int64_t>(8, last_byte - byte + 1)));
    int shift = static_cast<int>(bit % 8);
    uint64_t word = low >> shift;
    if (shift > 0 && byte + 8 <= last_byte) word |= static_cast<uint64_t>(bits[byte + 8]) << (64 - shift);
    return word;
  };
  for (int64_t row = 0; row < length; row += 64) {
    uint64_t word = load(values, row);
    if (validity) word &= load(validity, row);
    if (length - row < 64) word &= (uint64_t{1} << (length - row)) - 1;
    while (word != 0) {
      *out++ = static_cast<uint64_t>(row) + static_cast<uint64_t>(std::countr_zero(word));
      word &= word - 1;
    }
  }
  return std::make_shared<arrow::UInt64Array>(count, std::move(buffer));
}

}  // namespace lance::expr
