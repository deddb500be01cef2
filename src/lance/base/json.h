#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lance/base/status.h"

namespace lance {

/// A parsed JSON value. Numbers keep their text, so that 64-bit integers stay exact. A value type.
class JsonValue {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, JsonValue>;

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool boolean() const { return text_ == "true"; }
  /// The decoded string, or the text of a number.
  const std::string& text() const { return text_; }
  const std::vector<JsonValue>& items() const { return items_; }   ///< of an array
  const std::vector<Member>& members() const { return members_; }  ///< of an object, in order
  /// The last member of that name (duplicates: the last wins); nullptr when absent or not an object.
  const JsonValue* Find(std::string_view name) const;
  /// A number that is a non-negative integer of 64 bits.
  std::optional<uint64_t> AsUint64() const;

 private:
  friend class JsonParser;
  Kind kind_ = Kind::kNull;
  std::string text_;
  std::vector<JsonValue> items_;
  std::vector<Member> members_;
};

/// Parses one JSON document (RFC 8259, UTF-8). Errors: Corruption with the byte offset; nesting deeper than
/// 256 is refused.
Result<JsonValue> ParseJson(std::string_view text);

/// The text as a JSON string, in quotes.
std::string QuoteJson(std::string_view text);

}  // namespace lance
