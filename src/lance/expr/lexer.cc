#include "lance/expr/token.h"

#include <algorithm>
#include <array>

namespace lance::expr {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '#' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c) || c == '$'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

// Longest first: the first that matches wins.
constexpr std::array<std::string_view, 42> kSymbols = {
    "!~~*", "!~~", "!~*", "~~*", "<=>", "->>", "||", "::", "<=", ">=", "<>", "!=", "==", "<<",
    ">>",   "!~",  "~~",  "~*",  "->",  "=>",  "=",  "<",  ">",  "+",  "-",  "*",  "/",  "%",
    "(",    ")",   "[",   "]",   ",",   ".",   ";",  ":",  "~",  "&",  "|",  "^",  "{",  "}"};

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      ARROW_RETURN_NOT_OK(SkipBlanks());
      size_t start = at_;
      if (at_ >= sql_.size()) {
        tokens.push_back({TokenKind::kEnd, "", start, start});
        return tokens;
      }
      ARROW_ASSIGN_OR_RAISE(Token token, Next());
      token.offset = start;
      token.end = at_;
      // `==` is read as `=`, also when it is written as two tokens.
      bool doubled = token.kind == TokenKind::kSymbol && token.text == "=" && !tokens.empty() &&
                     tokens.back().kind == TokenKind::kSymbol && tokens.back().text == "=" &&
                     tokens.back().end == start;
      if (!doubled) tokens.push_back(std::move(token));
    }
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  Status SkipBlanks() {
    while (at_ < sql_.size()) {
      if (IsSpace(Peek())) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        ARROW_RETURN_NOT_OK(SkipComment());
      } else {
        break;
      }
    }
    return Status::OK();
  }

  Status SkipComment() {
    size_t start = at_;
    int depth = 0;  // comments nest
    while (at_ + 1 < sql_.size()) {
      if (Peek() == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        at_ += 2;
        if (--depth == 0) return Status::OK();
      } else {
        ++at_;
      }
    }
    return InvalidArgument("comment is not closed, opened at {}", DescribePosition(sql_, start));
  }

  Result<Token> Next() {
    char c = Peek();
    if (c == '\'' || c == '"') return Quoted(c, TokenKind::kString);
    if (c == '`') return Quoted(c, TokenKind::kQuotedName);
    if ((c == 'x' || c == 'X') && Peek(1) == '\'') {
      ++at_;
      return Quoted('\'', TokenKind::kHexString);
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (IsNameStart(c)) {
      size_t start = at_;
      while (at_ < sql_.size() && IsNamePart(Peek())) ++at_;
      return Token{TokenKind::kWord, std::string(sql_.substr(start, at_ - start))};
    }
    for (std::string_view symbol : kSymbols) {
      if (sql_.substr(at_, symbol.size()) == symbol) {
        at_ += symbol.size();
        return Token{TokenKind::kSymbol, symbol == "==" ? "=" : std::string(symbol)};
      }
    }
    return InvalidArgument("unexpected character at {}", DescribePosition(sql_, at_));
  }

  Result<Token> Quoted(char quote, TokenKind kind) {
    size_t start = at_++;
    std::string text;
    while (true) {
      size_t close = sql_.find(quote, at_);
      if (close == std::string_view::npos) {
        return InvalidArgument("unterminated {} that begins at {}",
                               kind == TokenKind::kQuotedName ? "name" : "string literal",
                               DescribePosition(sql_, start));
      }
      text.append(sql_.substr(at_, close - at_));
      at_ = close + 1;
      if (Peek() != quote || at_ >= sql_.size()) return Token{kind, std::move(text)};
      text.push_back(quote);
      ++at_;
    }
  }

  Result<Token> Number() {
    size_t start = at_;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X') &&
        isxdigit(static_cast<unsigned char>(Peek(2)))) {
      at_ += 2;
      size_t digits = at_;
      while (isxdigit(static_cast<unsigned char>(Peek()))) ++at_;
      return Token{TokenKind::kHexString, std::string(sql_.substr(digits, at_ - digits))};
    }
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') ++at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == 'e' || Peek() == 'E') {
      size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (IsDigit(Peek(1 + sign))) {
        at_ += 1 + sign;
        while (IsDigit(Peek())) ++at_;
      }
    }
    return Token{TokenKind::kNumber, std::string(sql_.substr(start, at_ - start))};
  }

  std::string_view sql_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view sql) { return Lexer(sql).Run(); }

std::string DescribePosition(std::string_view sql, size_t offset) {
  offset = std::min(offset, sql.size());
  std::string_view before = sql.substr(0, offset);
  size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  size_t column = 1;
  for (char c : before.substr(line_start)) column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (offset == sql.size()) return fmt::format("line {}, column {} (the end of the text)", line, column);
  size_t length = std::min<size_t>(sql.size() - offset, 24);
  while (offset + length < sql.size() && (static_cast<unsigned char>(sql[offset + length]) & 0xC0) == 0x80)
    --length;
  std::string piece(sql.substr(offset, length));
  std::replace(piece.begin(), piece.end(), '\n', ' ');
  return fmt::format("line {}, column {} (near \"{}\")", line, column, piece);
}

}  // namespace lance::expr
