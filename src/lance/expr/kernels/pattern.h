#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lance/base/status.h"

namespace re2 {
class RE2;
}

namespace lance::expr {

/// A LIKE pattern, prepared: exact text, prefix, suffix and substring patterns run as memory searches, the
/// rest as a wildcard match without backtracking beyond the last %, case-insensitive ones as a regular
/// expression.
class LikePattern {
 public:
  /// `%` stands for any text, `_` for one character, `escape` takes their meaning away.
  static Result<LikePattern> Make(std::string_view pattern, char escape, bool case_insensitive);
  LikePattern(LikePattern&&) noexcept;
  LikePattern& operator=(LikePattern&&) noexcept;
  ~LikePattern();

  bool Matches(std::string_view text) const;

 private:
  enum class Kind { kExact, kPrefix, kSuffix, kContains, kAny, kGeneral, kRegex };
  LikePattern();
  Kind kind_ = Kind::kExact;
  std::string text_;      ///< the literal part
  std::string wildcard_;  ///< tokens: '%', '_', or kLiteral then the byte
  std::unique_ptr<re2::RE2> regex_;
};

/// Compiles a regular expression in the syntax of the reference (Rust's regex): \d, \w and \s know Unicode,
/// flags are letters of "imsUu". \retval InvalidArgument  does not compile; NotSupported  flag x
Result<std::unique_ptr<re2::RE2>> CompileRegex(std::string_view pattern, std::string_view flags);

/// True when the regular expression matches anywhere in the text.
bool RegexFinds(const re2::RE2& regex, std::string_view text);

}  // namespace lance::expr
