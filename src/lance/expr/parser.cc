// Operator-precedence (Pratt) parser; the binding powers are those of the SQL dialect that Lance filters use.
#include "lance/expr/syntax.h"

#include <algorithm>
#include <array>

#include "lance/expr/token.h"

namespace lance::expr {
namespace {

enum Power : int {
  kNone = 0,
  kOr = 5,
  kAnd = 10,
  kNot = 15,
  kIsPower = 17,
  kLikePower = 19,
  kComparison = 20,
  kBitOr = 21,
  kBitXor = 22,
  kBitAnd = 23,
  kAdditive = 30,
  kMultiplicative = 40,
  kPostfix = 50,
};

struct SymbolPower {
  std::string_view symbol;
  int power;
};
constexpr std::array<SymbolPower, 34> kSymbolPowers = {{
    {"=", kComparison},     {"<", kComparison},     {">", kComparison},
    {"<=", kComparison},    {">=", kComparison},    {"<>", kComparison},
    {"!=", kComparison},    {"<=>", kComparison},   {"~", kComparison},
    {"~*", kComparison},    {"!~", kComparison},    {"!~*", kComparison},
    {"~~", kComparison},    {"~~*", kComparison},   {"!~~", kComparison},
    {"!~~*", kComparison},  {"|", kBitOr},          {"^", kBitXor},
    {"<<", kBitXor},        {">>", kBitXor},        {"&", kBitAnd},
    {"+", kAdditive},       {"-", kAdditive},       {"*", kMultiplicative},
    {"/", kMultiplicative}, {"%", kMultiplicative}, {"||", kMultiplicative},
    {"::", kPostfix},       {"[", kPostfix},        {".", 100},
    {"->", kBitOr},         {"->>", kBitOr},        {":", kNone},
    {"=>", kNone},
}};

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

// Words that cannot be column names unless quoted: they would start something else.
constexpr std::array<std::string_view, 30> kReserved = {
    "SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER",   "LIMIT",     "OFFSET", "UNION",   "AND",
    "OR",     "IN",   "IS",    "LIKE",  "ILIKE",  "BETWEEN", "WHEN",      "THEN",   "ELSE",    "END",
    "AS",     "ON",   "USING", "JOIN",  "WITH",   "EXCEPT",  "INTERSECT", "ESCAPE", "SIMILAR", "FETCH"};

class Parser {
 public:
  Parser(std::string_view sql, std::vector<Token> tokens) : sql_(sql), tokens_(std::move(tokens)) {}

  Result<SyntaxPtr> ParseAll() {
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr root, Expression(kNone));
    AcceptSymbol(";");
    if (Peek().kind != TokenKind::kEnd) return Expected("the end of the expression");
    return root;
  }

 private:
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == symbol;
  }
  bool IsWord(std::string_view upper, size_t ahead = 0) const {
    const Token& token = Peek(ahead);
    return token.kind == TokenKind::kWord && token.text.size() == upper.size() && Upper(token.text) == upper;
  }
  bool AcceptSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  bool AcceptWord(std::string_view upper) {
    if (!IsWord(upper)) return false;
    ++at_;
    return true;
  }
  Status Expected(std::string_view what) const {
    return InvalidArgument("cannot parse the expression: expected {} at {}", what,
                           DescribePosition(sql_, Peek().offset));
  }
  Status NeedSymbol(std::string_view symbol) {
    return AcceptSymbol(symbol) ? Status::OK() : Expected(fmt::format("'{}'", symbol));
  }
  Status NeedWord(std::string_view word) { return AcceptWord(word) ? Status::OK() : Expected(word); }

  SyntaxPtr Make(SyntaxKind kind, size_t offset, std::string text = "") {
    auto node = std::make_unique<Syntax>();
    node->kind = kind;
    node->offset = offset;
    node->text = std::move(text);
    return node;
  }
  Status Add(const SyntaxPtr& parent, SyntaxPtr child) {
    parent->depth = std::max(parent->depth, child->depth + 1);
    parent->children.push_back(std::move(child));
    if (parent->depth > kMaxDepth) return TooDeep(parent->offset);
    return Status::OK();
  }
  Status TooDeep(size_t offset) const {
    return InvalidArgument("the expression is nested deeper than {} levels at {}", kMaxDepth,
                           DescribePosition(sql_, offset));
  }

  Result<SyntaxPtr> Expression(int power) {
    if (++nesting_ > kMaxDepth) return TooDeep(Peek().offset);
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr left, Prefix());
    while (true) {
      int next = InfixPower();
      if (next <= power) break;
      ARROW_ASSIGN_OR_RAISE(left, Infix(std::move(left), next));
    }
    --nesting_;
    return left;
  }

  int InfixPower() const {
    const Token& token = Peek();
    if (token.kind == TokenKind::kSymbol) {
      for (const SymbolPower& entry : kSymbolPowers) {
        if (entry.symbol == token.text) return entry.power;
      }
      return kNone;
    }
    if (token.kind != TokenKind::kWord) return kNone;
    size_t ahead = 0;
    if (IsWord("NOT")) ahead = 1;
    if (IsWord("LIKE", ahead) || IsWord("ILIKE", ahead) || IsWord("SIMILAR", ahead) ||
        IsWord("RLIKE", ahead) || IsWord("REGEXP", ahead)) {
      return kLikePower;
    }
    if (IsWord("IN", ahead) || IsWord("BETWEEN", ahead)) return kComparison;
    if (ahead == 1) return kNone;
    if (IsWord("OR")) return kOr;
    if (IsWord("AND")) return kAnd;
    if (IsWord("IS")) return kIsPower;
    return kNone;
  }

  Result<SyntaxPtr> Infix(SyntaxPtr left, int power) {
    size_t offset = Peek().offset;
    if (Peek().kind == TokenKind::kWord) return WordInfix(std::move(left), power);
    std::string symbol = Peek().text;
    ++at_;
    if (symbol == "::") {
      SyntaxPtr cast = Make(SyntaxKind::kCast, offset);
      ARROW_RETURN_NOT_OK(Add(cast, std::move(left)));
      ARROW_RETURN_NOT_OK(TypeName(cast.get()));
      return cast;
    }
    if (symbol == "[") {
      SyntaxPtr index = Make(SyntaxKind::kIndex, offset);
      ARROW_RETURN_NOT_OK(Add(index, std::move(left)));
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr key, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(index, std::move(key)));
      if (IsSymbol(":"))
        return InvalidArgument("slices are not supported, at {}", DescribePosition(sql_, offset));
      ARROW_RETURN_NOT_OK(NeedSymbol("]"));
      return index;
    }
    if (symbol == ".") {
      if (Peek().kind != TokenKind::kWord && Peek().kind != TokenKind::kQuotedName)
        return Expected("a field name");
      SyntaxPtr field = Make(SyntaxKind::kField, offset, Peek().text);
      ++at_;
      ARROW_RETURN_NOT_OK(Add(field, std::move(left)));
      return field;
    }
    if (symbol == "->" || symbol == "->>") {
      return InvalidArgument("JSON access with {} is not supported, use json_get or json_extract, at {}",
                             symbol, DescribePosition(sql_, offset));
    }
    if (symbol == "<>") symbol = "!=";
    SyntaxPtr node = Make(SyntaxKind::kBinary, offset, symbol);
    ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr right, Expression(power));
    ARROW_RETURN_NOT_OK(Add(node, std::move(right)));
    return node;
  }

  Result<SyntaxPtr> WordInfix(SyntaxPtr left, int power) {
    size_t offset = Peek().offset;
    if (IsWord("AND") || IsWord("OR")) return Chain(std::move(left), power);
    if (AcceptWord("IS")) return IsPredicate(std::move(left), offset);
    bool negated = AcceptWord("NOT");
    if (AcceptWord("IN")) return InList(std::move(left), offset, negated);
    if (AcceptWord("BETWEEN")) {
      SyntaxPtr node = Make(SyntaxKind::kBetween, offset);
      node->negated = negated;
      ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr low, Expression(kComparison));
      ARROW_RETURN_NOT_OK(Add(node, std::move(low)));
      ARROW_RETURN_NOT_OK(NeedWord("AND"));
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr high, Expression(kComparison));
      ARROW_RETURN_NOT_OK(Add(node, std::move(high)));
      return node;
    }
    std::string word = Upper(Peek().text);
    ++at_;
    if (word == "SIMILAR") ARROW_RETURN_NOT_OK(NeedWord("TO"));
    if (word == "REGEXP") word = "RLIKE";
    SyntaxPtr node = Make(SyntaxKind::kLike, offset, word);
    node->negated = negated;
    ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr pattern, Expression(kLikePower));
    ARROW_RETURN_NOT_OK(Add(node, std::move(pattern)));
    if (word != "RLIKE" && AcceptWord("ESCAPE")) {
      if (Peek().kind != TokenKind::kString) return Expected("an escape character in quotes");
      ARROW_RETURN_NOT_OK(Add(node, Make(SyntaxKind::kString, Peek().offset, Peek().text)));
      ++at_;
    }
    return node;
  }

  // AND and OR chains stay flat, so that their length is not a depth.
  Result<SyntaxPtr> Chain(SyntaxPtr left, int power) {
    std::string word = power == kAnd ? "AND" : "OR";
    SyntaxPtr node = Make(SyntaxKind::kChain, Peek().offset, word);
    ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
    while (AcceptWord(word)) {
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr right, Expression(power));
      ARROW_RETURN_NOT_OK(Add(node, std::move(right)));
    }
    return node;
  }

  Result<SyntaxPtr> IsPredicate(SyntaxPtr left, size_t offset) {
    bool negated = AcceptWord("NOT");
    if (AcceptWord("DISTINCT")) {
      ARROW_RETURN_NOT_OK(NeedWord("FROM"));
      SyntaxPtr node =
          Make(SyntaxKind::kBinary, offset, negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM");
      ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr right, Expression(kNone + kAnd));
      ARROW_RETURN_NOT_OK(Add(node, std::move(right)));
      return node;
    }
    for (const char* word : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
      if (!AcceptWord(word)) continue;
      SyntaxPtr node = Make(SyntaxKind::kIs, offset, word);
      node->negated = negated;
      ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
      return node;
    }
    return Expected("[NOT] NULL, TRUE, FALSE, UNKNOWN or [NOT] DISTINCT FROM after IS");
  }

  Result<SyntaxPtr> InList(SyntaxPtr left, size_t offset, bool negated) {
    SyntaxPtr node = Make(SyntaxKind::kInList, offset);
    node->negated = negated;
    ARROW_RETURN_NOT_OK(Add(node, std::move(left)));
    ARROW_RETURN_NOT_OK(NeedSymbol("("));
    if (IsWord("SELECT")) {
      return InvalidArgument("subqueries are not supported, at {}", DescribePosition(sql_, Peek().offset));
    }
    ARROW_RETURN_NOT_OK(ListUntil(")", node));
    if (node->children.size() == 1) return Expected("an expression");
    return node;
  }

  Status ListUntil(std::string_view close, const SyntaxPtr& node) {
    if (AcceptSymbol(close)) return Status::OK();
    while (true) {
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr item, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(item)));
      if (AcceptSymbol(close)) return Status::OK();
      if (!AcceptSymbol(",")) return Expected(fmt::format("',' or '{}'", close));
    }
  }

  Result<SyntaxPtr> Prefix() {
    const Token& token = Peek();
    size_t offset = token.offset;
    switch (token.kind) {
      case TokenKind::kNumber:
        ++at_;
        return Make(SyntaxKind::kNumber, offset, token.text);
      case TokenKind::kString:
        ++at_;
        return Make(SyntaxKind::kString, offset, token.text);
      case TokenKind::kHexString:
        ++at_;
        return Make(SyntaxKind::kHex, offset, token.text);
      case TokenKind::kQuotedName:
        return Name();
      case TokenKind::kWord:
        return Word();
      case TokenKind::kSymbol:
        return SymbolPrefix();
      case TokenKind::kEnd:
        break;
    }
    return Expected("an expression");
  }

  Result<SyntaxPtr> SymbolPrefix() {
    size_t offset = Peek().offset;
    for (const char* sign : {"-", "+", "~"}) {
      if (!AcceptSymbol(sign)) continue;
      SyntaxPtr node = Make(SyntaxKind::kUnary, offset, sign);
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr child, Expression(kMultiplicative));
      ARROW_RETURN_NOT_OK(Add(node, std::move(child)));
      return node;
    }
    if (AcceptSymbol("(")) {
      if (IsWord("SELECT")) {
        return InvalidArgument("subqueries are not supported, at {}", DescribePosition(sql_, Peek().offset));
      }
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr inner, Expression(kNone));
      if (IsSymbol(","))
        return InvalidArgument("tuples are not supported, at {}", DescribePosition(sql_, offset));
      ARROW_RETURN_NOT_OK(NeedSymbol(")"));
      return inner;
    }
    if (AcceptSymbol("[")) return ArrayLiteral(offset);
    return Expected("an expression");
  }

  Result<SyntaxPtr> ArrayLiteral(size_t offset) {
    SyntaxPtr node = Make(SyntaxKind::kArray, offset);
    ARROW_RETURN_NOT_OK(ListUntil("]", node));
    return node;
  }

  Result<SyntaxPtr> Word() {
    size_t offset = Peek().offset;
    std::string word = Upper(Peek().text);
    bool call = IsSymbol("(", 1);
    if (!call) {
      if (word == "TRUE" || word == "FALSE" || word == "NULL") {
        ++at_;
        return Make(word == "TRUE"    ? SyntaxKind::kTrue
                    : word == "FALSE" ? SyntaxKind::kFalse
                                      : SyntaxKind::kNull,
                    offset);
      }
      if (word == "CURRENT_DATE" || word == "CURRENT_TIMESTAMP" || word == "CURRENT_TIME") {
        std::string name = word == "CURRENT_DATE"   ? "current_date"
                           : word == "CURRENT_TIME" ? "current_time"
                                                    : "now";
        ++at_;
        return Make(SyntaxKind::kFunction, offset, name);
      }
      if (word == "CASE") return Case();
      if (word == "INTERVAL") return Interval();
      if (word == "ARRAY" && IsSymbol("[", 1)) {
        at_ += 2;
        return ArrayLiteral(offset);
      }
      if (IsTypedString(word)) return TypedString();
    }
    if (word == "NOT") {
      ++at_;
      SyntaxPtr node = Make(SyntaxKind::kUnary, offset, "NOT");
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr child, Expression(kNot));
      ARROW_RETURN_NOT_OK(Add(node, std::move(child)));
      return node;
    }
    if (call) {
      if (word == "CAST" || word == "TRY_CAST" || word == "SAFE_CAST") return Cast(word != "CAST");
      if (word == "EXTRACT") return Extract();
      if (word == "SUBSTRING" || word == "SUBSTR") return Substring();
      if (word == "POSITION") return Position();
      if (word == "TRIM") return Trim();
      if (word == "EXISTS") {
        return InvalidArgument("subqueries are not supported, at {}", DescribePosition(sql_, offset));
      }
      if (IsTypedStringWithNumbers(word)) return TypedString();  // decimal(5, 3) '...'
      return Call();
    }
    if (std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end())
      return Expected("an expression");
    return Name();
  }

  bool IsTypedString(const std::string& word) const {
    static constexpr std::array<std::string_view, 16> kTypes = {
        "DATE",    "TIMESTAMP", "DATETIME", "TIME",     "STRING", "BINARY",  "FLOAT",  "DOUBLE",
        "BOOLEAN", "BOOL",      "TINYINT",  "SMALLINT", "INT",    "INTEGER", "BIGINT", "JSONB"};
    return Peek(1).kind == TokenKind::kString &&
           std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end();
  }

  bool IsTypedStringWithNumbers(const std::string& word) const {
    if (word != "TIMESTAMP" && word != "DATETIME" && word != "DECIMAL") return false;
    size_t at = 2;
    while (Peek(at).kind == TokenKind::kNumber && IsSymbol(",", at + 1)) at += 2;
    return Peek(at).kind == TokenKind::kNumber && IsSymbol(")", at + 1) &&
           Peek(at + 2).kind == TokenKind::kString;
  }

  Result<SyntaxPtr> TypedString() {
    SyntaxPtr node = Make(SyntaxKind::kTyped, Peek().offset);
    ARROW_RETURN_NOT_OK(TypeName(node.get()));
    if (Peek().kind != TokenKind::kString) return Expected("a string");
    ARROW_RETURN_NOT_OK(Add(node, Make(SyntaxKind::kString, Peek().offset, Peek().text)));
    ++at_;
    return node;
  }

  // Column path: a, a.b.c, `a b`.c
  Result<SyntaxPtr> Name() {
    SyntaxPtr node = Make(SyntaxKind::kName, Peek().offset);
    node->quoted = Peek().kind == TokenKind::kQuotedName;
    node->texts.push_back(Peek().text);
    ++at_;
    while (IsSymbol(".") && (Peek(1).kind == TokenKind::kWord || Peek(1).kind == TokenKind::kQuotedName)) {
      node->texts.push_back(Peek(1).text);
      at_ += 2;
      if (node->texts.size() > kMaxDepth) return TooDeep(node->offset);
    }
    node->depth = node->texts.size();
    return node;
  }

  Result<SyntaxPtr> Call() {
    SyntaxPtr node = Make(SyntaxKind::kFunction, Peek().offset, Peek().text);
    at_ += 2;
    if (IsSymbol("*") && IsSymbol(")", 1)) {
      return InvalidArgument("aggregate functions are not supported, at {}",
                             DescribePosition(sql_, node->offset));
    }
    ARROW_RETURN_NOT_OK(ListUntil(")", node));
    return node;
  }

  Result<SyntaxPtr> Cast(bool is_try) {
    SyntaxPtr node = Make(SyntaxKind::kCast, Peek().offset);
    node->negated = is_try;
    at_ += 2;
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr child, Expression(kNone));
    ARROW_RETURN_NOT_OK(Add(node, std::move(child)));
    ARROW_RETURN_NOT_OK(NeedWord("AS"));
    ARROW_RETURN_NOT_OK(TypeName(node.get()));
    ARROW_RETURN_NOT_OK(NeedSymbol(")"));
    return node;
  }

  // bigint unsigned, timestamp(6), decimal(10, 2), timestamp with time zone
  Status TypeName(Syntax* into) {
    if (Peek().kind != TokenKind::kWord) return Expected("a type name");
    into->text = Upper(Peek().text);
    ++at_;
    if (into->text == "DOUBLE") AcceptWord("PRECISION");
    if (AcceptSymbol("(")) {
      while (!AcceptSymbol(")")) {
        if (Peek().kind != TokenKind::kNumber) return Expected("a number");
        into->texts.push_back(Peek().text);
        ++at_;
        if (!AcceptSymbol(",") && !IsSymbol(")")) return Expected("')'");
      }
    }
    if (AcceptWord("UNSIGNED")) into->text += " UNSIGNED";
    if ((IsWord("WITH") || IsWord("WITHOUT")) && IsWord("TIME", 1) && IsWord("ZONE", 2)) {
      if (IsWord("WITH")) into->text += " WITH TIME ZONE";
      at_ += 3;
    }
    return Status::OK();
  }

  Result<SyntaxPtr> Case() {
    SyntaxPtr node = Make(SyntaxKind::kCase, Peek().offset);
    ++at_;
    if (!IsWord("WHEN")) {
      node->has_operand = true;
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr operand, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(operand)));
    }
    if (!IsWord("WHEN")) return Expected("WHEN");
    while (AcceptWord("WHEN")) {
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr when, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(when)));
      ARROW_RETURN_NOT_OK(NeedWord("THEN"));
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr then, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(then)));
    }
    if (AcceptWord("ELSE")) {
      node->has_else = true;
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr otherwise, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(otherwise)));
    }
    ARROW_RETURN_NOT_OK(NeedWord("END"));
    return node;
  }

  Result<SyntaxPtr> Interval() {
    SyntaxPtr node = Make(SyntaxKind::kInterval, Peek().offset);
    ++at_;
    if (Peek().kind != TokenKind::kString && Peek().kind != TokenKind::kNumber)
      return Expected("an interval amount");
    node->text = Peek().text;
    ++at_;
    static constexpr std::array<std::string_view, 20> kUnits = {
        "YEAR",        "YEARS",        "MONTH",       "MONTHS",       "WEEK",       "WEEKS",      "DAY",
        "DAYS",        "HOUR",         "HOURS",       "MINUTE",       "MINUTES",    "SECOND",     "SECONDS",
        "MILLISECOND", "MILLISECONDS", "MICROSECOND", "MICROSECONDS", "NANOSECOND", "NANOSECONDS"};
    if (Peek().kind == TokenKind::kWord &&
        std::find(kUnits.begin(), kUnits.end(), Upper(Peek().text)) != kUnits.end()) {
      node->text += " " + Upper(Peek().text);
      ++at_;
    }
    return node;
  }

  Result<SyntaxPtr> Extract() {
    SyntaxPtr node = Make(SyntaxKind::kFunction, Peek().offset, "date_part");
    at_ += 2;
    if (Peek().kind != TokenKind::kWord && Peek().kind != TokenKind::kString) return Expected("a date part");
    ARROW_RETURN_NOT_OK(Add(node, Make(SyntaxKind::kString, Peek().offset, Peek().text)));
    ++at_;
    ARROW_RETURN_NOT_OK(NeedWord("FROM"));
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr value, Expression(kNone));
    ARROW_RETURN_NOT_OK(Add(node, std::move(value)));
    ARROW_RETURN_NOT_OK(NeedSymbol(")"));
    return node;
  }

  Result<SyntaxPtr> Substring() {
    SyntaxPtr node = Make(SyntaxKind::kFunction, Peek().offset, "substr");
    at_ += 2;
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr value, Expression(kNone));
    ARROW_RETURN_NOT_OK(Add(node, std::move(value)));
    bool from = AcceptWord("FROM") || AcceptSymbol(",");
    if (from) {
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr start, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(start)));
    } else if (IsWord("FOR")) {
      ARROW_RETURN_NOT_OK(Add(node, Make(SyntaxKind::kNumber, Peek().offset, "1")));
    }
    if (AcceptWord("FOR") || AcceptSymbol(",")) {
      ARROW_ASSIGN_OR_RAISE(SyntaxPtr length, Expression(kNone));
      ARROW_RETURN_NOT_OK(Add(node, std::move(length)));
    }
    ARROW_RETURN_NOT_OK(NeedSymbol(")"));
    return node;
  }

  Result<SyntaxPtr> Position() {
    SyntaxPtr node = Make(SyntaxKind::kFunction, Peek().offset, "strpos");
    at_ += 2;
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr needle, Expression(kComparison));
    ARROW_RETURN_NOT_OK(NeedWord("IN"));
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr text, Expression(kNone));
    ARROW_RETURN_NOT_OK(Add(node, std::move(text)));
    ARROW_RETURN_NOT_OK(Add(node, std::move(needle)));
    ARROW_RETURN_NOT_OK(NeedSymbol(")"));
    return node;
  }

  Result<SyntaxPtr> Trim() {
    SyntaxPtr node = Make(SyntaxKind::kFunction, Peek().offset, "btrim");
    at_ += 2;
    if (AcceptWord("LEADING")) {
      node->text = "ltrim";
    } else if (AcceptWord("TRAILING")) {
      node->text = "rtrim";
    } else {
      AcceptWord("BOTH");
    }
    SyntaxPtr what;
    ARROW_ASSIGN_OR_RAISE(SyntaxPtr value, Expression(kNone));
    if (AcceptWord("FROM")) {
      what = std::move(value);
      ARROW_ASSIGN_OR_RAISE(value, Expression(kNone));
    } else if (AcceptSymbol(",")) {
      ARROW_ASSIGN_OR_RAISE(what, Expression(kNone));
    }
    ARROW_RETURN_NOT_OK(Add(node, std::move(value)));
    if (what) ARROW_RETURN_NOT_OK(Add(node, std::move(what)));
    ARROW_RETURN_NOT_OK(NeedSymbol(")"));
    return node;
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t nesting_ = 0;
};

}  // namespace

Result<SyntaxPtr> Parse(std::string_view sql) {
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Tokenize(sql));
  return Parser(sql, std::move(tokens)).ParseAll();
}

}  // namespace lance::expr
