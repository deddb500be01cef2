// json_extract, json_exists, json_get..., over columns of stored JSON (large binary).
#include <charconv>

#include <arrow/api.h>

#include "lance/expr/functions/jsonb.h"
#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using Kind = JsonItem::Kind;

template <int kTexts>
Result<Signature> Sign(const FunctionInfo& self, const Types& types, const TypePtr& result) {
  bool fits =
      types.size() == kTexts + 1 && (types[0]->id() == arrow::Type::LARGE_BINARY || IsNullType(*types[0]));
  for (size_t i = 1; i < types.size(); ++i) fits = fits && TextOrNull(types[i]) != nullptr;
  if (!fits)
    return BadArguments(self, types,
                        kTexts == 1 ? "a JSON column and a text" : "a JSON column and two texts");
  Types arguments = {arrow::large_binary()};
  arguments.resize(kTexts + 1, arrow::utf8());
  return Signature{arguments, result};
}
Result<Signature> SignText(const FunctionInfo& self, const Types& types) {
  return Sign<1>(self, types, arrow::utf8());
}
Result<Signature> SignBool(const FunctionInfo& self, const Types& types) {
  return Sign<1>(self, types, arrow::boolean());
}
Result<Signature> SignInt(const FunctionInfo& self, const Types& types) {
  return Sign<1>(self, types, arrow::int64());
}
Result<Signature> SignReal(const FunctionInfo& self, const Types& types) {
  return Sign<1>(self, types, arrow::float64());
}
Result<Signature> SignJson(const FunctionInfo& self, const Types& types) {
  return Sign<1>(self, types, arrow::large_binary());
}
Result<Signature> SignContains(const FunctionInfo& self, const Types& types) {
  return Sign<2>(self, types, arrow::boolean());
}

/// Calls `row(root, key, builder)` where neither is null; the builder gets exactly one value from it.
template <typename Builder, typename Row>
Result<Datum> Map(const std::vector<Datum>& values, int64_t rows, Row row) {
  BytesView json(values[0]);
  BytesView key(values[1]);
  Builder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (json.IsNull(i) || key.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(JsonItem root, JsonItem::Root(json[i]));
    ARROW_RETURN_NOT_OK(row(root, key[i], &builder, i));
  }
  return Finished(&builder);
}

// The member of an object, or the element of an array when the key is a number.
Result<std::optional<JsonItem>> Get(const JsonItem& root, std::string_view key) {
  if (root.kind() == Kind::kObject) return root.Member(key);
  uint32_t index = 0;
  auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (root.kind() != Kind::kArray || error != std::errc() || end != key.data() + key.size())
    return std::optional<JsonItem>();
  ARROW_ASSIGN_OR_RAISE(auto elements, root.Elements());
  return index < elements.size() ? std::optional<JsonItem>(elements[index]) : std::nullopt;
}

Result<std::vector<JsonItem>> Select(const JsonItem& root, std::string_view path) {
  ARROW_ASSIGN_OR_RAISE(JsonPath parsed, JsonPath::Parse(path));
  return parsed.Select(root);
}

Result<Datum> Extract(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return Map<arrow::StringBuilder>(
      values, rows, [](const JsonItem& root, std::string_view path, auto* out, int64_t) -> Status {
        ARROW_ASSIGN_OR_RAISE(auto found, Select(root, path));
        if (found.empty()) return out->AppendNull();
        std::string text = found.size() > 1 ? "[" : "";  // several matches make an array
        for (size_t i = 0; i < found.size(); ++i) {
          if (i > 0) text += ",";
          ARROW_RETURN_NOT_OK(found[i].AppendText(&text));
        }
        if (found.size() > 1) text += "]";
        return out->Append(text);
      });
}

Result<Datum> Exists(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return Map<arrow::BooleanBuilder>(
      values, rows, [](const JsonItem& root, std::string_view path, auto* out, int64_t) -> Status {
        ARROW_ASSIGN_OR_RAISE(auto found, Select(root, path));
        return out->Append(!found.empty());
      });
}

Result<Datum> GetJson(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return Map<arrow::LargeBinaryBuilder>(
      values, rows, [](const JsonItem& root, std::string_view key, auto* out, int64_t) -> Status {
        ARROW_ASSIGN_OR_RAISE(auto item, Get(root, key));
        return item ? out->Append(item->ToStored()) : out->AppendNull();
      });
}

/// json_get_*: null for a missing or null member, else what `convert` makes of it.
template <typename Builder, typename Convert>
Result<Datum> GetAs(const std::vector<Datum>& values, int64_t rows, const char* what, Convert convert) {
  return Map<Builder>(values, rows,
                      [&](const JsonItem& root, std::string_view key, auto* out, int64_t) -> Status {
                        ARROW_ASSIGN_OR_RAISE(auto item, Get(root, key));
                        if (!item || item->kind() == Kind::kNull) return out->AppendNull();
                        ARROW_ASSIGN_OR_RAISE(auto value, convert(*item));
                        if (!value)
                          return InvalidArgument("Failed to convert the JSON value of '{}' to {}", key, what);
                        return out->Append(*value);
                      });
}

Result<Datum> GetString(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return GetAs<arrow::StringBuilder>(values, rows, "string",
                                     [](const JsonItem& item) -> Result<std::optional<std::string>> {
                                       if (item.kind() == Kind::kString)
                                         return std::optional<std::string>(item.bytes());
                                       if (item.kind() == Kind::kArray || item.kind() == Kind::kObject)
                                         return std::optional<std::string>();
                                       std::string text;
                                       ARROW_RETURN_NOT_OK(item.AppendText(&text));
                                       return std::optional<std::string>(std::move(text));
                                     });
}

Result<Datum> GetInt(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return GetAs<arrow::Int64Builder>(
      values, rows, "integer", [](const JsonItem& item) -> Result<std::optional<int64_t>> {
        if (item.kind() == Kind::kTrue || item.kind() == Kind::kFalse)
          return std::optional<int64_t>(item.kind() == Kind::kTrue);
        if (item.kind() == Kind::kNumber) return item.AsInt();
        if (item.kind() != Kind::kString) return std::optional<int64_t>();
        int64_t value = 0;
        std::string_view text = item.bytes();
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool whole = error == std::errc() && end == text.data() + text.size();
        return whole ? std::optional<int64_t>(value) : std::nullopt;
      });
}

Result<Datum> GetFloat(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return GetAs<arrow::DoubleBuilder>(
      values, rows, "float", [](const JsonItem& item) -> Result<std::optional<double>> {
        if (item.kind() == Kind::kTrue || item.kind() == Kind::kFalse)
          return std::optional<double>(item.kind() == Kind::kTrue);
        if (item.kind() == Kind::kNumber) {
          ARROW_ASSIGN_OR_RAISE(double number, item.AsDouble());
          return std::optional<double>(number);
        }
        if (item.kind() != Kind::kString) return std::optional<double>();
        double value = 0;
        std::string_view text = item.bytes();
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool whole = error == std::errc() && end == text.data() + text.size();
        return whole ? std::optional<double>(value) : std::nullopt;
      });
}

Result<Datum> GetBool(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return GetAs<arrow::BooleanBuilder>(values, rows, "boolean",
                                      [](const JsonItem& item) -> Result<std::optional<bool>> {
                                        if (item.kind() == Kind::kTrue || item.kind() == Kind::kFalse)
                                          return std::optional<bool>(item.kind() == Kind::kTrue);
                                        std::string text(item.kind() == Kind::kString ? item.bytes() : "");
                                        for (char& c : text)
                                          c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
                                        if (text == "true" || text == "yes") return std::optional<bool>(true);
                                        if (text == "false" || text == "no")
                                          return std::optional<bool>(false);
                                        return std::optional<bool>();
                                      });
}

Result<Datum> ArrayContains(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  BytesView wanted(values[2]);
  return Map<arrow::BooleanBuilder>(
      values, rows, [&](const JsonItem& root, std::string_view path, auto* out, int64_t i) -> Status {
        if (wanted.IsNull(i)) return out->AppendNull();
        ARROW_ASSIGN_OR_RAISE(auto found, Select(root, path));
        std::string quoted = "\"" + std::string(wanted[i]) + "\"";
        for (const JsonItem& item : found) {
          ARROW_ASSIGN_OR_RAISE(auto elements, item.Elements());
          for (const JsonItem& element : elements) {
            std::string text;
            ARROW_RETURN_NOT_OK(element.AppendText(&text));
            if (text == wanted[i] || text == quoted) return out->Append(true);
          }
        }
        return out->Append(false);
      });
}

Result<Datum> ArrayLength(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return Map<arrow::Int64Builder>(
      values, rows, [](const JsonItem& root, std::string_view path, auto* out, int64_t) -> Status {
        ARROW_ASSIGN_OR_RAISE(auto found, Select(root, path));
        if (found.empty()) return out->AppendNull();
        return out->Append(found[0].kind() == Kind::kArray ? found[0].count() : 0);
      });
}

const FunctionInfo kFunctions[] = {
    {"json_extract", SignText, Extract},
    {"json_exists", SignBool, Exists},
    {"json_get", SignJson, GetJson},
    {"json_get_string", SignText, GetString},
    {"json_get_int", SignInt, GetInt},
    {"json_get_float", SignReal, GetFloat},
    {"json_get_bool", SignBool, GetBool},
    {"json_array_contains", SignContains, ArrayContains},
    {"json_array_length", SignInt, ArrayLength},
};

}  // namespace

std::span<const FunctionInfo> JsonFunctions() { return kFunctions; }

}  // namespace lance::expr
