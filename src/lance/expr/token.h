#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::expr {

enum class TokenKind {
  kEnd,
  kWord,        ///< unquoted name or keyword
  kQuotedName,  ///< `name`
  kNumber,
  kString,     ///< 'text' or "text"
  kHexString,  ///< x'6162', text holds the digits
  kSymbol,     ///< operator or punctuation, text holds it
};

/// One lexical piece of a filter. `text` is unescaped: without quotes, doubled quotes made single.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  size_t offset = 0;  ///< first byte in the source
  size_t end = 0;     ///< one past the last byte
};

/// Splits `sql` into tokens, the last one kEnd. Linear in the size of the text.
/// \retval InvalidArgument  an unterminated string, name or comment, or a character that starts no token
Result<std::vector<Token>> Tokenize(std::string_view sql);

/// "line 1, column 8 (near "x y z")" for messages about `sql` at `offset`; columns count code points from 1.
std::string DescribePosition(std::string_view sql, size_t offset);

}  // namespace lance::expr
