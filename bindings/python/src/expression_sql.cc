#include "expression_sql.h"

#include <cmath>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/compute/expression.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "lance/base/status.h"

namespace lance::python {
namespace {

namespace cp = arrow::compute;
using arrow::Type;

constexpr int kMaxDepth = 256;

std::string QuoteString(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string QuoteName(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

Result<std::string> TypeToSql(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return "BOOLEAN";
    case Type::INT8:
      return "TINYINT";
    case Type::INT16:
      return "SMALLINT";
    case Type::INT32:
      return "INT";
    case Type::INT64:
      return "BIGINT";
    case Type::UINT8:
      return "TINYINT UNSIGNED";
    case Type::UINT16:
      return "SMALLINT UNSIGNED";
    case Type::UINT32:
      return "INT UNSIGNED";
    case Type::UINT64:
      return "BIGINT UNSIGNED";
    case Type::FLOAT:
      return "FLOAT";
    case Type::DOUBLE:
      return "DOUBLE";
    case Type::STRING:
    case Type::LARGE_STRING:
      return "VARCHAR";
    case Type::DATE32:
      return "DATE";
    case Type::TIMESTAMP:
      return "TIMESTAMP";
    case Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return fmt::format("DECIMAL({}, {})", decimal.precision(), decimal.scale());
    }
    default:
      return NotSupported("a filter expression that casts to {}: give the filter as SQL text",
                          type.ToString());
  }
}

std::string FloatToSql(double value) {
  if (std::isnan(value)) return "CAST('NaN' AS DOUBLE)";
  if (std::isinf(value)) return value > 0 ? "CAST('inf' AS DOUBLE)" : "CAST('-inf' AS DOUBLE)";
  std::string text = fmt::format("{}", value);  // shortest text that reads back as the same double
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Result<std::string> BinaryToSql(const arrow::Scalar& scalar) {
  const auto& value = static_cast<const arrow::BaseBinaryScalar&>(scalar).value;
  std::string out = "X'";
  for (int64_t i = 0; i < value->size(); ++i) out += fmt::format("{:02x}", value->data()[i]);
  return out + "'";
}

// Text of a value by Arrow's own cast to string.
Result<std::string> CastText(const arrow::Scalar& scalar) {
  ARROW_ASSIGN_OR_RAISE(auto text, scalar.CastTo(arrow::utf8()));
  return QuoteString(static_cast<const arrow::StringScalar&>(*text).view());
}

Result<std::string> LiteralToSql(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return "NULL";
  switch (scalar.type->id()) {
    case Type::BOOL:
      return static_cast<const arrow::BooleanScalar&>(scalar).value ? "true" : "false";
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
      return scalar.ToString();
    case Type::FLOAT:
      return FloatToSql(static_cast<const arrow::FloatScalar&>(scalar).value);
    case Type::DOUBLE:
      return FloatToSql(static_cast<const arrow::DoubleScalar&>(scalar).value);
    case Type::HALF_FLOAT: {
      ARROW_ASSIGN_OR_RAISE(auto wide, scalar.CastTo(arrow::float64()));
      return FloatToSql(static_cast<const arrow::DoubleScalar&>(*wide).value);
    }
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return QuoteString(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY:
      return BinaryToSql(scalar);
    case Type::DATE32:
    case Type::DATE64: {
      ARROW_ASSIGN_OR_RAISE(auto date, scalar.CastTo(arrow::date32()));
      ARROW_ASSIGN_OR_RAISE(std::string text, CastText(*date));
      return "DATE " + text;
    }
    case Type::TIMESTAMP: {
      ARROW_ASSIGN_OR_RAISE(std::string text, CastText(scalar));
      return "TIMESTAMP " + text;
    }
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& type = static_cast<const arrow::DecimalType&>(*scalar.type);
      return fmt::format("CAST('{}' AS DECIMAL({}, {}))", scalar.ToString(), type.precision(), type.scale());
    }
    case Type::DICTIONARY: {
      ARROW_ASSIGN_OR_RAISE(auto value,
                            static_cast<const arrow::DictionaryScalar&>(scalar).GetEncodedValue());
      return LiteralToSql(*value);
    }
    default:
      return NotSupported("a filter expression with a literal of type {}: give the filter as SQL text",
                          scalar.type->ToString());
  }
}

class Writer {
 public:
  explicit Writer(const arrow::Schema& schema) : schema_(schema) {}

  Result<std::string> Write(const cp::Expression& expression, int depth = 0) {
    LANCE_CHECK_ARG(depth < kMaxDepth, "a filter expression is nested deeper than {}", kMaxDepth);
    if (const auto* literal = expression.literal()) {
      if (!literal->is_scalar()) return NotSupported("a filter expression with an array literal");
      return LiteralToSql(*literal->scalar());
    }
    if (const auto* ref = expression.field_ref()) return WriteReference(*ref);
    return WriteCall(*expression.call(), depth);
  }

 private:
  Result<std::string> WriteReference(const arrow::FieldRef& ref) {
    if (const std::string* name = ref.name()) return QuoteName(*name);
    ARROW_ASSIGN_OR_RAISE(auto path, ref.FindOne(schema_));
    const arrow::FieldVector* fields = &schema_.fields();
    std::string out;
    for (int index : path.indices()) {
      const auto& field = (*fields)[static_cast<size_t>(index)];
      out += (out.empty() ? "" : ".") + QuoteName(field->name());
      fields = &field->type()->fields();
    }
    return out;
  }

  Result<std::string> WriteCall(const cp::Expression::Call& call, int depth) {
    static const auto* infix = new std::unordered_map<std::string_view, const char*>{
        {"equal", "="},        {"not_equal", "<>"},
        {"less", "<"},         {"less_equal", "<="},
        {"greater", ">"},      {"greater_equal", ">="},
        {"and_kleene", "AND"}, {"and", "AND"},
        {"or_kleene", "OR"},   {"or", "OR"},
        {"add", "+"},          {"add_checked", "+"},
        {"subtract", "-"},     {"subtract_checked", "-"},
        {"multiply", "*"},     {"multiply_checked", "*"},
        {"divide", "/"},       {"divide_checked", "/"},
    };
    static const auto* functions = new std::unordered_map<std::string_view, const char*>{
        {"utf8_lower", "lower"},  {"ascii_lower", "lower"}, {"utf8_upper", "upper"},
        {"ascii_upper", "upper"}, {"abs", "abs"},           {"abs_checked", "abs"},
        {"is_nan", "isnan"},      {"coalesce", "coalesce"}, {"utf8_length", "character_length"},
        {"sqrt", "sqrt"},         {"sqrt_checked", "sqrt"}, {"floor", "floor"},
        {"ceil", "ceil"},
    };
    std::vector<std::string> arguments;
    for (const auto& argument : call.arguments) {
      ARROW_ASSIGN_OR_RAISE(auto text, Write(argument, depth + 1));
      arguments.push_back(std::move(text));
    }
    if (auto found = infix->find(call.function_name); found != infix->end() && arguments.size() == 2) {
      return fmt::format("({} {} {})", arguments[0], found->second, arguments[1]);
    }
    if (auto found = functions->find(call.function_name); found != functions->end()) {
      return fmt::format("{}({})", found->second, fmt::join(arguments, ", "));
    }
    if (arguments.size() == 3 && call.function_name == "if_else") {
      return fmt::format("(CASE WHEN {} THEN {} ELSE {} END)", arguments[0], arguments[1], arguments[2]);
    }
    if (arguments.size() != 1) return Unknown(call);
    return WriteUnary(call, arguments[0]);
  }

  Result<std::string> WriteUnary(const cp::Expression::Call& call, const std::string& argument) {
    const std::string& name = call.function_name;
    if (name == "invert") return fmt::format("(NOT {})", argument);
    if (name == "negate" || name == "negate_checked") return fmt::format("(- {})", argument);
    if (name == "is_valid") return fmt::format("({} IS NOT NULL)", argument);
    if (name == "is_null") {
      const auto* options = static_cast<const cp::NullOptions*>(call.options.get());
      if (options == nullptr || !options->nan_is_null) return fmt::format("({} IS NULL)", argument);
      return fmt::format("({0} IS NULL OR isnan({0}))", argument);
    }
    if (call.options == nullptr) return Unknown(call);
    if (name == "is_in") return WriteIn(call, argument);
    if (name == "cast") {
      const auto& options = static_cast<const cp::CastOptions&>(*call.options);
      ARROW_ASSIGN_OR_RAISE(auto type, TypeToSql(*options.to_type.type));
      return fmt::format("CAST({} AS {})", argument, type);
    }
    if (name == "struct_field") return WriteMember(call, argument);
    return WriteMatch(call, argument);
  }

  Result<std::string> WriteMatch(const cp::Expression::Call& call, const std::string& argument) {
    static const auto* matches = new std::unordered_map<std::string_view, const char*>{
        {"starts_with", "starts_with({}, {})"},  {"ends_with", "ends_with({}, {})"},
        {"match_substring", "contains({}, {})"}, {"match_substring_regex", "regexp_like({}, {})"},
        {"match_like", "({} LIKE {})"},
    };
    auto found = matches->find(call.function_name);
    if (found == matches->end()) return Unknown(call);
    const auto& options = static_cast<const cp::MatchSubstringOptions&>(*call.options);
    if (options.ignore_case)
      return NotSupported("a filter expression {}(ignore_case=True)", call.function_name);
    return fmt::format(fmt::runtime(found->second), argument, QuoteString(options.pattern));
  }

  Result<std::string> WriteMember(const cp::Expression::Call& call, const std::string& argument) {
    const auto& options = static_cast<const cp::StructFieldOptions&>(*call.options);
    if (call.arguments[0].field_ref() == nullptr) return Unknown(call);
    if (const std::string* name = options.field_ref.name()) return argument + "." + QuoteName(*name);
    return Unknown(call);
  }

  Result<std::string> WriteIn(const cp::Expression::Call& call, const std::string& argument) {
    const auto& options = static_cast<const cp::SetLookupOptions&>(*call.options);
    std::vector<std::string> values;
    for (const auto& chunk : options.value_set.chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto scalar, chunk->GetScalar(i));
        ARROW_ASSIGN_OR_RAISE(auto text, LiteralToSql(*scalar));
        values.push_back(std::move(text));
      }
    }
    if (values.empty()) return "false";
    return fmt::format("({} IN ({}))", argument, fmt::join(values, ", "));
  }

  Status Unknown(const cp::Expression::Call& call) {
    return NotSupported("a filter expression with the function {}: give the filter as SQL text",
                        call.function_name);
  }

  const arrow::Schema& schema_;
};

}  // namespace

arrow::Result<std::string> ExpressionToSql(std::shared_ptr<arrow::Buffer> serialized,
                                           const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(auto expression, cp::Deserialize(std::move(serialized)));
  return Writer(schema).Write(expression);
}

}  // namespace lance::python
