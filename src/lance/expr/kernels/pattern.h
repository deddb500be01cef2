#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <arrow/datum.h>

#include "lance/base/status.h"

namespace lance::expr {

/// A regular expression that is known to compile. Runs in Arrow's string kernels, whose RE2 must not meet
/// another one in the process: linking libre2 beside libarrow_compute makes their symbols clash.
class Regex {
 public:
  /// Takes the syntax of the reference (Rust's regex): \d, \w and \s know Unicode, flags are letters of
  /// "imsUu". \retval InvalidArgument  does not compile; NotSupported  flag x
  static Result<Regex> Make(std::string_view pattern, std::string_view flags);

  /// True where the expression matches anywhere in the text; null for null. `texts` is an array, a dictionary
  /// array (each distinct text is searched once) or a scalar.
  Result<arrow::Datum> Finds(const arrow::Datum& texts) const;
  /// The same for one text.
  Result<bool> Finds(std::string_view text) const;

  /// The expression in RE2 syntax.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A LIKE pattern, prepared: exact text, prefix, suffix and substring patterns run as memory searches, the
/// rest as a wildcard match without backtracking beyond the last %, case-insensitive ones as a regular
/// expression.
class LikePattern {
 public:
  /// `%` stands for any text, `_` for one character, `escape` takes their meaning away.
  static Result<LikePattern> Make(std::string_view pattern, char escape, bool case_insensitive);

  /// value LIKE pattern for every row, or NOT LIKE.
  Result<arrow::Datum> Matches(const arrow::Datum& texts, bool negated, int64_t rows) const;
  Result<bool> Matches(std::string_view text) const;

 private:
  enum class Kind { kExact, kPrefix, kSuffix, kContains, kAny, kGeneral, kRegex };
  bool Test(std::string_view text) const;
  Kind kind_ = Kind::kExact;
  std::string text_;      ///< the literal part
  std::string wildcard_;  ///< tokens: '%', '_', or kLiteral then the byte
  std::optional<Regex> regex_;
};

}  // namespace lance::expr
