#pragma once

#include <string>
#include <string_view>

namespace lance::cli {

/// Tells where the first SQL statement of `text` ends: one past its semicolon, or npos when it is not
/// finished. Semicolons in quotes ('', "", $$ $$, $tag$ $tag$) and comments (-- and nested /* */) do not
/// count.
size_t EndOfStatement(std::string_view text);

/// True when `text` holds nothing but blanks and comments.
bool IsBlank(std::string_view text);

}  // namespace lance::cli
