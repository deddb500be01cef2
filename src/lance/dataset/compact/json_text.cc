#include "lance/dataset/compact/json_text.h"

#include <fmt/format.h>

namespace lance::dataset {
namespace {

void Append(const JsonValue& value, std::string* out) {
  switch (value.kind()) {
    case JsonValue::Kind::kNull:
      *out += "null";
      return;
    case JsonValue::Kind::kBool:
      *out += value.boolean() ? "true" : "false";
      return;
    case JsonValue::Kind::kNumber:
      *out += value.text();
      return;
    case JsonValue::Kind::kString:
      *out += QuoteJson(value.text());
      return;
    case JsonValue::Kind::kArray: {
      char separator = '[';
      for (const JsonValue& item : value.items()) {
        *out += separator;
        Append(item, out);
        separator = ',';
      }
      *out += value.items().empty() ? "[]" : "]";
      return;
    }
    case JsonValue::Kind::kObject: {
      char separator = '{';
      for (const auto& [name, member] : value.members()) {
        *out += separator;
        *out += QuoteJson(name);
        *out += ':';
        Append(member, out);
        separator = ',';
      }
      *out += value.members().empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

std::string PrintJson(const JsonValue& value) {
  std::string out;
  Append(value, &out);
  return out;
}

}  // namespace lance::dataset
