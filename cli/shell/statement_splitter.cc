#include "shell/statement_splitter.h"

#include <cctype>

namespace lance::cli {

namespace {

constexpr size_t kOpen = std::string_view::npos;

bool IsWordCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Returns the position after the quoted text that starts at `at`; a doubled quote is part of it.
size_t SkipQuoted(std::string_view text, size_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); i++) {
    if (text[i] != quote) continue;
    if (i + 1 < text.size() && text[i + 1] == quote) {
      i++;
    } else {
      return i + 1;
    }
  }
  return kOpen;
}

// $$...$$ or $tag$...$tag$; `at` + 1 when the dollar starts none, such as in $1.
size_t SkipDollarQuoted(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsWordCharacter(text[end])) end++;
  if (end >= text.size() || text[end] != '$' ||
      (end > at + 1 && std::isdigit(static_cast<unsigned char>(text[at + 1])))) {
    return at + 1;
  }
  const std::string_view tag = text.substr(at, end - at + 1);
  const size_t close = text.find(tag, end + 1);
  return close == kOpen ? kOpen : close + tag.size();
}

size_t SkipBlockComment(std::string_view text, size_t at) {
  int depth = 0;
  for (size_t i = at; i + 1 < text.size(); i++) {
    if (text[i] == '/' && text[i + 1] == '*') {
      depth++;
      i++;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      i++;
      if (--depth == 0) return i + 1;
    }
  }
  return kOpen;
}

// Position after a quote or comment at `at`; `at` itself when there is none; kOpen when it does not end.
size_t SkipSpecial(std::string_view text, size_t at, bool* comment) {
  const char c = text[at];
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  *comment = (c == '-' && next == '-') || (c == '/' && next == '*');
  if (c == '\'' || c == '"') return SkipQuoted(text, at);
  if (c == '$' && (at == 0 || !IsWordCharacter(text[at - 1]))) return SkipDollarQuoted(text, at);
  if (c == '-' && next == '-') return std::min(text.find('\n', at), text.size());
  if (c == '/' && next == '*') return SkipBlockComment(text, at);
  return at;
}

}  // namespace

size_t EndOfStatement(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    bool comment;
    const size_t skipped = SkipSpecial(text, at, &comment);
    if (skipped == kOpen) return kOpen;
    if (skipped != at) {
      at = skipped;
    } else if (text[at++] == ';') {
      return at;
    }
  }
  return kOpen;
}

bool IsBlank(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    bool comment;
    const size_t skipped = SkipSpecial(text, at, &comment);
    if (comment && skipped == kOpen) return false;
    if (comment && skipped != at) {
      at = skipped;
    } else if (std::isspace(static_cast<unsigned char>(text[at++])) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace lance::cli
