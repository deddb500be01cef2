#include "lance/expr/binder.h"

#include <algorithm>
#include <charconv>

#include <arrow/api.h>

#include "lance/expr/evaluate.h"
#include "lance/expr/functions/function.h"
#include "lance/expr/sql_types.h"
#include "lance/expr/token.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using ScalarPtr = std::shared_ptr<arrow::Scalar>;

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Messages list column names the way they could be typed.
std::string PrintName(const std::string& name) {
  bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? name : "\"" + name + "\"";
}

class Binder {
 public:
  Binder(std::string_view sql, const arrow::Schema& schema) : sql_(sql), schema_(schema) {}

  Result<LogicalPtr> Bind(const Syntax& node) {
    switch (node.kind) {
      case SyntaxKind::kName:
        return Name(node);
      case SyntaxKind::kNumber:
        return Number(node.text, false, node);
      case SyntaxKind::kString:
        return MakeLiteral(std::make_shared<arrow::StringScalar>(node.text));
      case SyntaxKind::kHex:
        return Hex(node);
      case SyntaxKind::kTrue:
        return MakeBool(true);
      case SyntaxKind::kFalse:
        return MakeBool(false);
      case SyntaxKind::kNull:
        return MakeNull(arrow::null());
      case SyntaxKind::kUnary:
        return Unary(node);
      case SyntaxKind::kBinary:
        return Binary(node);
      case SyntaxKind::kChain: {
        ARROW_ASSIGN_OR_RAISE(auto terms, Children(node));
        return MakeChain(std::move(terms), node.text == "AND" ? Op::kAnd : Op::kOr);
      }
      case SyntaxKind::kIs:
        return Is(node);
      case SyntaxKind::kInList:
        return Plain(node, LogicalKind::kInList);
      case SyntaxKind::kBetween:
        return Plain(node, LogicalKind::kBetween);
      case SyntaxKind::kLike:
        return Like(node);
      case SyntaxKind::kCast:
        return Cast(node, node.negated);
      case SyntaxKind::kTyped:
        return Cast(node, false);
      case SyntaxKind::kInterval: {
        ARROW_ASSIGN_OR_RAISE(ScalarPtr value, At(node, ParseInterval(node.text)));
        return MakeLiteral(std::move(value));
      }
      case SyntaxKind::kFunction:
        return Function(node);
      case SyntaxKind::kCase: {
        ARROW_ASSIGN_OR_RAISE(LogicalPtr bound, Plain(node, LogicalKind::kCase));
        return bound;
      }
      case SyntaxKind::kArray:
        return Array(node);
      case SyntaxKind::kField: {
        ARROW_ASSIGN_OR_RAISE(LogicalPtr child, Bind(*node.children[0]));
        return Field(std::move(child), node.text, node);
      }
      case SyntaxKind::kIndex:
        return Index(node);
    }
    return Internal("unknown syntax node {}", static_cast<int>(node.kind));
  }

 private:
  std::string Where(const Syntax& node) const { return DescribePosition(sql_, node.offset); }

  template <typename T>
  Result<T> At(const Syntax& node, Result<T> result) const {
    if (result.ok()) return result;
    return MakeError(KindOf(result.status()).value_or(ErrorKind::kInvalidArgument),
                     fmt::format("{}, at {}", result.status().message(), Where(node)));
  }

  Result<std::vector<LogicalPtr>> Children(const Syntax& node) {
    std::vector<LogicalPtr> out;
    out.reserve(node.children.size());
    for (const SyntaxPtr& child : node.children) {
      ARROW_ASSIGN_OR_RAISE(LogicalPtr bound, Bind(*child));
      out.push_back(std::move(bound));
    }
    return out;
  }

  Result<LogicalPtr> Plain(const Syntax& node, LogicalKind kind) {
    auto out = std::make_shared<Logical>();
    out->kind = kind;
    out->negated = node.negated;
    out->has_operand = node.has_operand;
    out->has_else = node.has_else;
    ARROW_ASSIGN_OR_RAISE(out->children, Children(node));
    return out;
  }

  Result<LogicalPtr> Name(const Syntax& node) {
    const std::string& name = node.texts[0];
    int index = -1;
    int loose = -1;
    for (int i = 0; i < schema_.num_fields() && index < 0; ++i) {
      if (schema_.field(i)->name() == name) index = i;
      if (loose < 0 && SameIgnoringCase(schema_.field(i)->name(), name)) loose = i;
    }
    if (index < 0 && !node.quoted) index = loose;
    if (index < 0) {
      std::vector<std::string> valid;
      for (const auto& field : schema_.fields()) valid.push_back(PrintName(field->name()));
      return InvalidArgument("No field named {}. Valid fields are {}. (at {})", PrintName(name),
                             fmt::join(valid, ", "), Where(node));
    }
    auto column = std::make_shared<Logical>();
    column->kind = LogicalKind::kColumn;
    column->index = index;
    column->name = schema_.field(index)->name();
    column->type = PlainType(schema_.field(index)->type());
    LogicalPtr out = column;
    for (size_t i = 1; i < node.texts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(out, Field(std::move(out), node.texts[i], node));
    }
    return out;
  }

  Result<LogicalPtr> Field(LogicalPtr child, const std::string& name, const Syntax& at) {
    if (!child->type || child->type->id() != arrow::Type::STRUCT) {
      return InvalidArgument("cannot access field \"{}\" of {}, which is {}, not a struct, at {}", name,
                             PrintLogical(*child), child->type ? PrintType(*child->type) : "an expression",
                             Where(at));
    }
    for (const auto& field : child->type->fields()) {
      if (field->name() != name) continue;
      auto out = std::make_shared<Logical>();
      out->kind = LogicalKind::kField;
      out->name = name;
      out->type = PlainType(field->type());
      out->children = {std::move(child)};
      return out;
    }
    std::vector<std::string> valid;
    for (const auto& field : child->type->fields()) valid.push_back(PrintName(field->name()));
    return InvalidArgument("Field {} not found in struct {}, which has {} (at {})", name,
                           PrintLogical(*child), fmt::join(valid, ", "), Where(at));
  }

  Result<LogicalPtr> Number(const std::string& digits, bool negative, const Syntax& at) {
    std::string text = negative ? "-" + digits : digits;
    const char* begin = text.data();
    const char* end = begin + text.size();
    int64_t integer = 0;
    if (auto [stop, error] = std::from_chars(begin, end, integer); error == std::errc() && stop == end) {
      return MakeLiteral(std::make_shared<arrow::Int64Scalar>(integer));
    }
    uint64_t natural = 0;
    if (auto [stop, error] = std::from_chars(begin, end, natural); error == std::errc() && stop == end) {
      return MakeLiteral(std::make_shared<arrow::UInt64Scalar>(natural));
    }
    double real = 0;
    auto [stop, error] = std::from_chars(begin, end, real);
    if (error == std::errc::result_out_of_range) {
      real = strtod(text.c_str(), nullptr);  // saturates to infinity or zero
    } else if (error != std::errc() || stop != end) {
      return InvalidArgument("'{}' is not a number, at {}", text, Where(at));
    }
    return MakeLiteral(std::make_shared<arrow::DoubleScalar>(real));
  }

  // Digits that are not hexadecimal make a null, as in the reference.
  Result<LogicalPtr> Hex(const Syntax& node) {
    std::string bytes;
    auto digit = [](char c) {
      return c >= '0' && c <= '9'   ? c - '0'
             : c >= 'a' && c <= 'f' ? c - 'a' + 10
             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                    : -1;
    };
    size_t i = 0;
    if (node.text.size() % 2 == 1) {
      int low = digit(node.text[i++]);
      if (low < 0) return MakeNull(arrow::binary());
      bytes.push_back(static_cast<char>(low));
    }
    for (; i < node.text.size(); i += 2) {
      int high = digit(node.text[i]);
      int low = digit(node.text[i + 1]);
      if (high < 0 || low < 0) return MakeNull(arrow::binary());
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return MakeLiteral(std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(std::move(bytes))));
  }

  Result<LogicalPtr> Unary(const Syntax& node) {
    const Syntax& operand = *node.children[0];
    if (node.text == "-" && operand.kind == SyntaxKind::kNumber) return Number(operand.text, true, operand);
    if (node.text == "+") return InvalidArgument("Unary operator '+' is not supported, at {}", Where(node));
    ARROW_ASSIGN_OR_RAISE(LogicalPtr child, Bind(operand));
    if (node.text != "-") return MakeNot(std::move(child));
    auto out = std::make_shared<Logical>();
    out->kind = LogicalKind::kNegative;
    out->children = {std::move(child)};
    return out;
  }

  Result<LogicalPtr> Binary(const Syntax& node) {
    static constexpr std::pair<std::string_view, Op> kOps[] = {{"=", Op::kEq},
                                                               {"!=", Op::kNotEq},
                                                               {"<", Op::kLt},
                                                               {"<=", Op::kLtEq},
                                                               {">", Op::kGt},
                                                               {">=", Op::kGtEq},
                                                               {"+", Op::kPlus},
                                                               {"-", Op::kMinus},
                                                               {"*", Op::kMultiply},
                                                               {"/", Op::kDivide},
                                                               {"%", Op::kModulo},
                                                               {"&", Op::kBitAnd},
                                                               {"|", Op::kBitOr},
                                                               {"^", Op::kBitXor},
                                                               {"<<", Op::kShiftLeft},
                                                               {">>", Op::kShiftRight},
                                                               {"||", Op::kConcat},
                                                               {"~", Op::kRegex},
                                                               {"~*", Op::kRegexNoCase},
                                                               {"!~", Op::kNotRegex},
                                                               {"!~*", Op::kNotRegexNoCase},
                                                               {"IS DISTINCT FROM", Op::kDistinct},
                                                               {"IS NOT DISTINCT FROM", Op::kNotDistinct},
                                                               {"<=>", Op::kNotDistinct}};
    for (auto [text, op] : kOps) {
      if (text != node.text) continue;
      ARROW_ASSIGN_OR_RAISE(auto children, Children(node));
      return MakeBinary(std::move(children[0]), op, std::move(children[1]));
    }
    return InvalidArgument("Operator {} is not supported, at {}", node.text, Where(node));
  }

  Result<LogicalPtr> Is(const Syntax& node) {
    ARROW_ASSIGN_OR_RAISE(LogicalPtr child, Bind(*node.children[0]));
    IsTest test = node.text == "NULL"    ? IsTest::kNull
                  : node.text == "TRUE"  ? IsTest::kTrue
                  : node.text == "FALSE" ? IsTest::kFalse
                                         : IsTest::kUnknown;
    return MakeIs(std::move(child), test, node.negated);
  }

  Result<LogicalPtr> Like(const Syntax& node) {
    ARROW_ASSIGN_OR_RAISE(auto children, Children(node));
    if (node.text == "RLIKE") {
      return MakeBinary(children[0], node.negated ? Op::kNotRegex : Op::kRegex, children[1]);
    }
    if (node.text == "SIMILAR") {
      return InvalidArgument("SIMILAR TO is not supported, use regexp_like, at {}", Where(node));
    }
    auto out = std::make_shared<Logical>();
    out->kind = LogicalKind::kLike;
    out->type = arrow::boolean();
    out->negated = node.negated;
    out->case_insensitive = node.text == "ILIKE";
    if (children.size() == 3) {
      const std::string& escape = node.children[2]->text;
      if (escape.size() != 1) {
        return InvalidArgument("the ESCAPE of LIKE must be a single character, got '{}', at {}", escape,
                               Where(node));
      }
      out->escape = escape[0];
      children.pop_back();
    }
    out->children = std::move(children);
    return out;
  }

  Result<LogicalPtr> Cast(const Syntax& node, bool is_try) {
    if (node.text == "JSONB") return NotSupported("JSONB literals (at {})", Where(node));
    ARROW_ASSIGN_OR_RAISE(TypePtr type, At(node, ParseSqlType(node.text, node.texts)));
    ARROW_ASSIGN_OR_RAISE(LogicalPtr child, Bind(*node.children[0]));
    auto out = std::make_shared<Logical>();
    out->kind = is_try ? LogicalKind::kTryCast : LogicalKind::kCast;
    out->type = std::move(type);
    out->children = {std::move(child)};
    return out;
  }

  Result<LogicalPtr> Function(const Syntax& node) {
    std::string name = node.text;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return tolower(c); });
    ARROW_ASSIGN_OR_RAISE(auto children, Children(node));
    auto string_at = [&](size_t i) -> const std::string* {
      return i < node.children.size() && node.children[i]->kind == SyntaxKind::kString
                 ? &node.children[i]->text
                 : nullptr;
    };
    if (name == "is_valid" && children.size() == 1) return MakeIs(children[0], IsTest::kNull, true);
    if (name == "get_field" && children.size() == 2 && string_at(1))
      return Field(children[0], *string_at(1), node);
    if (name == "arrow_cast" && children.size() == 2 && string_at(1)) {
      ARROW_ASSIGN_OR_RAISE(TypePtr type, At(node, ParseArrowTypeName(*string_at(1))));
      return MakeCast(children[0], type);
    }
    if (name == "_cast_list_f16" && children.size() == 1) {
      ARROW_ASSIGN_OR_RAISE(TypePtr type, At(node, HalfFloatList(children[0]->type)));
      return MakeCast(children[0], type);
    }
    const FunctionInfo* function = FindFunction(name);
    if (!function) {
      std::vector<std::string> near = NearFunctions(name);
      std::string hint = near.empty() ? "" : fmt::format(". Did you mean '{}'?", fmt::join(near, "', '"));
      return InvalidArgument("Invalid function '{}'{} (at {})", node.text, hint, Where(node));
    }
    auto out = std::make_shared<Logical>();
    out->kind = LogicalKind::kFunction;
    out->function = function;
    out->name = function->name;
    out->children = std::move(children);
    if (out->name == "array_element" && !out->children.empty()) out->type = ElementType(*out->children[0]);
    return out;
  }

  // A list of float16 in place of one of float32.
  static Result<TypePtr> HalfFloatList(const TypePtr& list) {
    const bool fixed = list != nullptr && list->id() == arrow::Type::FIXED_SIZE_LIST;
    if (!fixed && (list == nullptr || list->id() != arrow::Type::LIST)) {
      return InvalidArgument("cast_list_f16 only supports FixedSizeList/List arguments");
    }
    const auto& element = list->field(0);
    if (element->type()->id() != arrow::Type::FLOAT && element->type()->id() != arrow::Type::HALF_FLOAT) {
      return InvalidArgument("cast_list_f16 only supports list of float32 or float16");
    }
    const auto half = element->WithType(arrow::float16());
    return fixed
               ? arrow::fixed_size_list(half, static_cast<const arrow::FixedSizeListType&>(*list).list_size())
               : arrow::list(half);
  }

  // Known before coercion where it can be: a member may be picked from the element.
  static TypePtr ElementType(const Logical& list) {
    return list.type && IsListType(*list.type) ? PlainType(ListValueType(*list.type)) : nullptr;
  }

  Result<LogicalPtr> Array(const Syntax& node) {
    ARROW_ASSIGN_OR_RAISE(auto children, Children(node));
    if (children.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(arrow::null()));
      return MakeLiteral(std::make_shared<arrow::ListScalar>(empty));
    }
    TypePtr type = arrow::null();
    bool literals = true;
    for (const LogicalPtr& child : children) {
      literals = literals && child->is_literal();
      if (literals && type->id() == arrow::Type::NA) type = child->type;
    }
    if (!literals) {
      auto made = std::make_shared<Logical>();
      made->kind = LogicalKind::kFunction;
      made->function = FindFunction("make_array");
      made->name = made->function->name;
      made->children = std::move(children);
      return made;
    }
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
    for (const LogicalPtr& child : children) {
      ScalarPtr value = CoerceLiteral(child->literal, type);
      if (!value) {
        return InvalidArgument("array elements must have one type: {} is no {}, at {}",
                               PrintLiteral(*child->literal), PrintType(*type), Where(node));
      }
      ARROW_RETURN_NOT_OK(value->is_valid ? builder->AppendScalar(*value) : builder->AppendNull());
    }
    ARROW_ASSIGN_OR_RAISE(auto values, builder->Finish());
    return MakeLiteral(std::make_shared<arrow::ListScalar>(std::move(values)));
  }

  Result<LogicalPtr> Index(const Syntax& node) {
    ARROW_ASSIGN_OR_RAISE(LogicalPtr child, Bind(*node.children[0]));
    if (node.children[1]->kind == SyntaxKind::kString)
      return Field(std::move(child), node.children[1]->text, node);
    ARROW_ASSIGN_OR_RAISE(LogicalPtr key, Bind(*node.children[1]));
    auto out = std::make_shared<Logical>();
    out->kind = LogicalKind::kFunction;
    out->function = FindFunction("array_element");
    out->name = "array_element";
    out->type = ElementType(*child);
    out->children = {std::move(child), std::move(key)};
    return out;
  }

  std::string_view sql_;
  const arrow::Schema& schema_;
};

}  // namespace

Result<LogicalPtr> Bind(const Syntax& syntax, std::string_view sql, const arrow::Schema& schema) {
  return Binder(sql, schema).Bind(syntax);
}

}  // namespace lance::expr
