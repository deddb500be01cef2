#include "lance/schema/schema.h"

namespace lance::schema {

// Inside back-quotes a doubled back-quote stands for one; a dot separates only outside of quotes.
Result<std::vector<std::string>> SplitPath(std::string_view path) {
  LANCE_CHECK_ARG(!path.empty(), "Field path cannot be empty");
  std::vector<std::string> parts;
  std::string current;
  bool quoted = false;
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    char next = i + 1 < path.size() ? path[i + 1] : '\0';
    if (c == '`' && quoted && next == '`') {
      current.push_back('`');
      ++i;
    } else if (c == '`' && quoted) {
      quoted = false;
      LANCE_CHECK_ARG(next == '\0' || next == '.',
                      "Invalid field path '{}': expected '.' or end of string after closing quote", path);
    } else if (c == '`') {
      LANCE_CHECK_ARG(current.empty(),
                      "Invalid field path '{}': unexpected quote in the middle of field name", path);
      quoted = true;
    } else if (c == '.' && !quoted) {
      LANCE_CHECK_ARG(!current.empty(), "Invalid field path '{}': empty field name", path);
      parts.push_back(std::move(current));
      current.clear();
    } else {
      current.push_back(c);
    }
  }
  LANCE_CHECK_ARG(!quoted, "Invalid field path '{}': unclosed quote", path);
  LANCE_CHECK_ARG(!current.empty(), "Invalid field path '{}': empty last name", path);
  parts.push_back(std::move(current));
  return parts;
}

}  // namespace lance::schema
