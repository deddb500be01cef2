#include "filter_pushdown.h"

#include <fmt/format.h>

#include "duckdb/function/scalar/struct_utils.hpp"

namespace lance::sql {

namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// The smallest positive numbers: what stands in for zero, which Lance's ordering splits into -0.0 and 0.0.
constexpr const char* kTinyDouble = "4.9e-324";
constexpr const char* kTinyFloat = "1.4e-45";

bool IsFloating(const LogicalType& type) {
  return type.id() == LogicalTypeId::FLOAT || type.id() == LogicalTypeId::DOUBLE;
}

const char* OperatorText(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL:
      return "=";
    case ExpressionType::COMPARE_NOTEQUAL:
      return "<>";
    case ExpressionType::COMPARE_LESSTHAN:
      return "<";
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return "<=";
    case ExpressionType::COMPARE_GREATERTHAN:
      return ">";
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      return ">=";
    default:
      return nullptr;
  }
}

class Translator {
 public:
  Translator(const duckdb::LogicalGet& get, const LanceBindData& data) : get_(get), data_(data) {}

  PushedFilter Translate(const Expression& expression) const {
    switch (expression.GetExpressionClass()) {
      case ExpressionClass::BOUND_COMPARISON:
        return Comparison(expression.Cast<duckdb::BoundComparisonExpression>());
      case ExpressionClass::BOUND_BETWEEN:
        return Between(expression.Cast<duckdb::BoundBetweenExpression>());
      case ExpressionClass::BOUND_CONJUNCTION:
        return Conjunction(expression.Cast<duckdb::BoundConjunctionExpression>());
      case ExpressionClass::BOUND_OPERATOR:
        return Operator(expression.Cast<duckdb::BoundOperatorExpression>());
      case ExpressionClass::BOUND_FUNCTION:
        return Function(expression.Cast<duckdb::BoundFunctionExpression>());
      case ExpressionClass::BOUND_COLUMN_REF:
        if (expression.return_type.id() == LogicalTypeId::BOOLEAN) return {ColumnPath(expression), true};
        return {};
      default:
        return {};
    }
  }

 private:
  // The back-quoted path of a column or of a member of a struct; empty when it is neither, or when Lance and
  // DuckDB see different types there.
  std::string ColumnPath(const Expression& expression) const {
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_COLUMN_REF) {
      const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
      const auto& ids = get_.GetColumnIds();
      if (binding.table_index != get_.table_index || binding.column_index >= ids.size()) return "";
      const auto& id = ids[binding.column_index];
      if (id.IsVirtualColumn() || !id.HasPrimaryIndex()) return "";
      const auto index = id.GetPrimaryIndex();
      if (index >= data_.column_names.size() || !data_.pushable[index]) return "";
      const std::string& name = data_.column_names[index];
      return name.find('`') == std::string::npos ? QuoteName(name) : "";
    }
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_FUNCTION) {
      const auto& function = expression.Cast<duckdb::BoundFunctionExpression>();
      if (function.function.name != "struct_extract" || function.children.size() != 2 || !function.bind_info)
        return "";
      const auto& from = function.children[0]->return_type;
      if (from.id() != LogicalTypeId::STRUCT) return "";
      const std::string parent = ColumnPath(*function.children[0]);
      const auto index = function.bind_info->Cast<duckdb::StructExtractBindData>().index;
      if (parent.empty() || index >= duckdb::StructType::GetChildCount(from)) return "";
      const std::string& name = duckdb::StructType::GetChildName(from, index);
      return name.find('`') == std::string::npos ? parent + "." + QuoteName(name) : "";
    }
    return "";
  }

  static const duckdb::Value* ConstantOf(const Expression& expression) {
    if (expression.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT) return nullptr;
    return &expression.Cast<duckdb::BoundConstantExpression>().value;
  }

  PushedFilter Comparison(const duckdb::BoundComparisonExpression& comparison) const {
    if (const auto* constant = ConstantOf(*comparison.right)) {
      return CompareWithConstant(*comparison.left, comparison.GetExpressionType(), *constant);
    }
    if (const auto* constant = ConstantOf(*comparison.left)) {
      return CompareWithConstant(*comparison.right,
                                 duckdb::FlipComparisonExpression(comparison.GetExpressionType()), *constant);
    }
    // Two columns.
    const char* op = OperatorText(comparison.GetExpressionType());
    if (op == nullptr || comparison.left->return_type != comparison.right->return_type) return {};
    const auto& type = comparison.left->return_type;
    if (!type.IsIntegral() && type.id() != LogicalTypeId::VARCHAR && type.id() != LogicalTypeId::DATE)
      return {};
    const std::string left = ColumnPath(*comparison.left);
    const std::string right = ColumnPath(*comparison.right);
    if (left.empty() || right.empty()) return {};
    return {fmt::format("{} {} {}", left, op, right), true};
  }

  PushedFilter CompareWithConstant(const Expression& column, ExpressionType type,
                                   const duckdb::Value& value) const {
    const char* op = OperatorText(type);
    const std::string path = ColumnPath(column);
    if (op == nullptr || path.empty() || value.IsNull() || column.return_type != value.type()) return {};
    if (IsFloating(value.type())) return CompareFloating(path, type, op, value);
    const std::string literal = ToLiteral(value);
    if (literal.empty()) return {};
    return {fmt::format("{} {} {}", path, op, literal), true};
  }

  // DuckDB: all not-a-numbers are equal and above everything, -0.0 = 0.0. Lance: by sign and bits. So the
  // pushed condition takes in what either may keep, and DuckDB checks again.
  PushedFilter CompareFloating(const std::string& path, ExpressionType type, const char* op,
                               const duckdb::Value& value) const {
    const double number = value.GetValue<double>();
    if (!std::isfinite(number)) return {};
    const char* tiny = value.type().id() == LogicalTypeId::FLOAT ? kTinyFloat : kTinyDouble;
    const std::string literal = ToLiteral(value);
    std::string sql;
    switch (type) {
      case ExpressionType::COMPARE_EQUAL:
        sql = number == 0 ? fmt::format("({0} >= -{1} AND {0} <= {1})", path, tiny)
                          : fmt::format("{} = {}", path, literal);
        break;
      case ExpressionType::COMPARE_LESSTHAN:
      case ExpressionType::COMPARE_LESSTHANOREQUALTO:
        sql = number == 0 ? fmt::format("{} <= {}", path, tiny) : fmt::format("{} {} {}", path, op, literal);
        break;
      case ExpressionType::COMPARE_GREATERTHAN:
      case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
        sql = number == 0 ? fmt::format("({0} >= -{1} OR isnan({0}))", path, tiny)
                          : fmt::format("({0} {1} {2} OR isnan({0}))", path, op, literal);
        break;
      default:
        return {};  // <> keeps nearly everything
    }
    return {sql, false};
  }

  PushedFilter Between(const duckdb::BoundBetweenExpression& between) const {
    const auto* lower = ConstantOf(*between.lower);
    const auto* upper = ConstantOf(*between.upper);
    if (lower == nullptr || upper == nullptr) return {};
    const PushedFilter low = CompareWithConstant(*between.input, between.LowerComparisonType(), *lower);
    const PushedFilter high = CompareWithConstant(*between.input, between.UpperComparisonType(), *upper);
    return And({low, high});
  }

  // A part of an AND that cannot be said is left out: more rows come, DuckDB checks again.
  static PushedFilter And(const std::vector<PushedFilter>& parts) {
    PushedFilter all;
    all.exact = true;
    size_t said = 0;
    for (const auto& part : parts) {
      all.exact &= part.exact && !part.sql.empty();
      if (part.sql.empty()) continue;
      all.sql += (said++ == 0 ? "" : " AND ") + part.sql;
    }
    if (said > 1) all.sql = "(" + all.sql + ")";
    return all;
  }

  PushedFilter Conjunction(const duckdb::BoundConjunctionExpression& conjunction) const {
    std::vector<PushedFilter> parts;
    for (const auto& child : conjunction.children) parts.push_back(Translate(*child));
    if (conjunction.GetExpressionType() == ExpressionType::CONJUNCTION_AND) return And(parts);
    PushedFilter any;
    any.exact = true;
    for (size_t i = 0; i < parts.size(); i++) {
      if (parts[i].sql.empty()) return {};
      any.exact &= parts[i].exact;
      any.sql += (i == 0 ? "(" : " OR ") + parts[i].sql;
    }
    any.sql += ")";
    return any;
  }

  PushedFilter Operator(const duckdb::BoundOperatorExpression& op) const {
    switch (op.GetExpressionType()) {
      case ExpressionType::OPERATOR_IS_NULL:
      case ExpressionType::OPERATOR_IS_NOT_NULL: {
        const std::string path = ColumnPath(*op.children[0]);
        if (path.empty()) return {};
        const bool is_null = op.GetExpressionType() == ExpressionType::OPERATOR_IS_NULL;
        return {path + (is_null ? " IS NULL" : " IS NOT NULL"), true};
      }
      case ExpressionType::OPERATOR_NOT: {
        // The complement of more rows is fewer rows.
        const PushedFilter inner = Translate(*op.children[0]);
        if (inner.sql.empty() || !inner.exact) return {};
        return {"NOT (" + inner.sql + ")", true};
      }
      case ExpressionType::COMPARE_IN:
      case ExpressionType::COMPARE_NOT_IN:
        return In(op);
      default:
        return {};
    }
  }

  PushedFilter In(const duckdb::BoundOperatorExpression& op) const {
    const std::string path = ColumnPath(*op.children[0]);
    const auto& type = op.children[0]->return_type;
    if (path.empty()) return {};
    std::string list;
    for (size_t i = 1; i < op.children.size(); i++) {
      const auto* constant = ConstantOf(*op.children[i]);
      if (constant == nullptr || constant->type() != type) return {};
      const std::string literal = ToLiteral(*constant);
      if (literal.empty()) return {};
      list += (i == 1 ? "" : ", ") + literal;
    }
    const bool in = op.GetExpressionType() == ExpressionType::COMPARE_IN;
    return {fmt::format("{} {} ({})", path, in ? "IN" : "NOT IN", list), true};
  }

  PushedFilter Function(const duckdb::BoundFunctionExpression& call) const {
    if (call.return_type.id() != LogicalTypeId::BOOLEAN) return {};
    if (call.children.size() == 2) {
      const PushedFilter text = TextFunction(call);
      if (!text.sql.empty()) return text;
    }
    return {ColumnPath(call), true};  // a boolean member of a struct
  }

  PushedFilter TextFunction(const duckdb::BoundFunctionExpression& call) const {
    const std::string path = ColumnPath(*call.children[0]);
    const auto* constant = ConstantOf(*call.children[1]);
    if (path.empty() || constant == nullptr || call.children[0]->return_type.id() != LogicalTypeId::VARCHAR ||
        constant->type().id() != LogicalTypeId::VARCHAR) {
      return {};
    }
    const std::string literal = ToLiteral(*constant);
    if (literal.empty()) return {};
    const std::string& name = call.function.name;
    if (name == "prefix" || name == "starts_with" || name == "^@") {
      return {fmt::format("starts_with({}, {})", path, literal), true};
    }
    if (name == "suffix" || name == "ends_with")
      return {fmt::format("ends_with({}, {})", path, literal), true};
    if (name == "contains") return {fmt::format("contains({}, {})", path, literal), true};
    // A backslash escapes in Lance's LIKE and is a plain character in DuckDB's.
    if ((name == "~~" || name == "!~~") && literal.find('\\') == std::string::npos) {
      return {fmt::format("{} {} {}", path, name == "~~" ? "LIKE" : "NOT LIKE", literal), true};
    }
    return {};
  }

  const duckdb::LogicalGet& get_;
  const LanceBindData& data_;
};

}  // namespace

PushedFilter TranslateFilter(const Expression& filter, const duckdb::LogicalGet& get,
                             const LanceBindData& data) {
  PushedFilter pushed = Translator(get, data).Translate(filter);
  if (pushed.sql.empty()) pushed.exact = false;
  return pushed;
}

}  // namespace lance::sql
