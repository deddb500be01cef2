#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::expr {

/// One value inside stored JSON. Views bytes that others own; layout as in lance/schema/jsonb.cc.
class JsonItem {
 public:
  enum class Kind { kNull, kString, kNumber, kFalse, kTrue, kArray, kObject };

  /// The root of a stored value. \retval Corruption  a header that does not fit
  static Result<JsonItem> Root(std::string_view jsonb);

  Kind kind() const { return kind_; }
  /// The text of a string, the raw bytes of a number, the container of an array or object.
  std::string_view bytes() const { return bytes_; }
  uint32_t count() const { return count_; }

  Result<std::vector<JsonItem>> Elements() const;
  /// The member of an object; none when it has no such key.
  Result<std::optional<JsonItem>> Member(std::string_view key) const;
  Result<std::vector<JsonItem>> Members() const;

  /// The number of a kNumber.
  Result<double> AsDouble() const;
  /// Whole numbers, and floats rounded; none when it does not fit.
  Result<std::optional<int64_t>> AsInt() const;
  /// JSON text.
  Status AppendText(std::string* out) const;
  /// The value as stored JSON of its own.
  std::string ToStored() const;

 private:
  static Result<JsonItem> FromEntry(uint32_t entry, std::string_view data);
  Result<std::vector<JsonItem>> Entries(size_t from, size_t to) const;
  Kind kind_ = Kind::kNull;
  std::string_view bytes_;
  uint32_t count_ = 0;
};

/// A JSON path: $, .name, ["name"], [0], [last], [*], .* in any order. \retval InvalidArgument  no path;
/// NotSupported  filters, ranges and recursive descent
class JsonPath {
 public:
  static Result<JsonPath> Parse(std::string_view text);
  /// All values the path reaches, in order.
  Result<std::vector<JsonItem>> Select(const JsonItem& root) const;

 private:
  struct Step {
    enum class Kind { kMember, kAllMembers, kIndex, kLast, kAllElements } kind;
    std::string name;
    uint32_t index = 0;
  };
  std::vector<Step> steps_;
};

}  // namespace lance::expr
