#include "type_text.h"

#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include <arrow/api.h>

namespace lance::cli {

namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr int kMaxDepth = 32;

const std::map<std::string, TypePtr, std::less<>>& SimpleTypes() {
  static const std::map<std::string, TypePtr, std::less<>> types = {
      {"bool", arrow::boolean()},
      {"boolean", arrow::boolean()},
      {"int8", arrow::int8()},
      {"int16", arrow::int16()},
      {"int32", arrow::int32()},
      {"int64", arrow::int64()},
      {"uint8", arrow::uint8()},
      {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},
      {"uint64", arrow::uint64()},
      {"halffloat", arrow::float16()},
      {"float16", arrow::float16()},
      {"float", arrow::float32()},
      {"float32", arrow::float32()},
      {"double", arrow::float64()},
      {"float64", arrow::float64()},
      {"string", arrow::utf8()},
      {"utf8", arrow::utf8()},
      {"large_string", arrow::large_utf8()},
      {"large_utf8", arrow::large_utf8()},
      {"binary", arrow::binary()},
      {"large_binary", arrow::large_binary()},
      {"date32", arrow::date32()},
      {"date", arrow::date32()},
      {"date64", arrow::date64()},
  };
  return types;
}

std::optional<arrow::TimeUnit::type> ParseUnit(std::string_view text) {
  if (text == "s") return arrow::TimeUnit::SECOND;
  if (text == "ms") return arrow::TimeUnit::MILLI;
  if (text == "us") return arrow::TimeUnit::MICRO;
  if (text == "ns") return arrow::TimeUnit::NANO;
  return std::nullopt;
}

class TypeParser {
 public:
  explicit TypeParser(const std::string& text) : text_(text) {}

  arrow::Result<TypePtr> ParseAll() {
    ARROW_ASSIGN_OR_RAISE(auto type, Parse(0));
    SkipBlanks();
    if (position_ != text_.size()) return Fail("nothing more is expected");
    return type;
  }

 private:
  arrow::Status Fail(const std::string& expected) const {
    return arrow::Status::Invalid(
        "type '", text_, "': at '", text_.substr(position_), "' ", expected,
        "; types are such as int64, string, timestamp[us, UTC], decimal128(12, 2), ",
        "list<float>, struct<x: int32, y: string>, float[16]");
  }

  void SkipBlanks() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_])) != 0)
      position_++;
  }

  bool Accept(char c) {
    SkipBlanks();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    position_++;
    return true;
  }

  arrow::Status Expect(char c) {
    return Accept(c) ? arrow::Status::OK() : Fail(std::string("'") + c + "' is expected");
  }

  // Up to one of `ends`, without blanks around.
  std::string Word(std::string_view ends) {
    SkipBlanks();
    size_t end = text_.find_first_of(ends, position_);
    if (end == std::string::npos) end = text_.size();
    std::string word = text_.substr(position_, end - position_);
    position_ = end;
    while (!word.empty() && word.back() == ' ') word.pop_back();
    return word;
  }

  arrow::Result<int32_t> Number() {
    SkipBlanks();
    int32_t value = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return Fail("a number is expected");
    position_ += end - begin;
    return value;
  }

  // "item: float" or "float".
  arrow::Result<TypePtr> Element(int depth) {
    ARROW_RETURN_NOT_OK(Expect('<'));
    const size_t start = position_;
    const std::string name = Word(":<>[(,");
    if (name.empty() || !Accept(':')) position_ = start;
    ARROW_ASSIGN_OR_RAISE(auto type, Parse(depth + 1));
    ARROW_RETURN_NOT_OK(Expect('>'));
    return type;
  }

  arrow::Result<TypePtr> Struct(int depth) {
    ARROW_RETURN_NOT_OK(Expect('<'));
    arrow::FieldVector fields;
    do {
      std::string name = Word(":,<>");
      if (name.empty()) return Fail("the name of a member is expected");
      ARROW_RETURN_NOT_OK(Expect(':'));
      ARROW_ASSIGN_OR_RAISE(auto type, Parse(depth + 1));
      fields.push_back(arrow::field(std::move(name), std::move(type)));
    } while (Accept(','));
    ARROW_RETURN_NOT_OK(Expect('>'));
    return arrow::struct_(std::move(fields));
  }

  arrow::Result<TypePtr> Temporal(const std::string& name) {
    ARROW_RETURN_NOT_OK(Expect('['));
    const auto unit = ParseUnit(Word(",]"));
    if (!unit) return Fail("the unit is s, ms, us or ns");
    std::string zone;
    if (Accept(',')) {
      zone = Word("]");
      if (zone.starts_with("tz=")) zone = zone.substr(3);
    }
    ARROW_RETURN_NOT_OK(Expect(']'));
    const bool coarse = *unit == arrow::TimeUnit::SECOND || *unit == arrow::TimeUnit::MILLI;
    if (name == "timestamp") return arrow::timestamp(*unit, zone);
    if (!zone.empty()) return Fail("only a timestamp has a time zone");
    if (name == "duration") return arrow::duration(*unit);
    if (coarse != (name == "time32")) return Fail("time32 counts s or ms, time64 counts us or ns");
    return coarse ? arrow::time32(*unit) : arrow::time64(*unit);
  }

  arrow::Result<TypePtr> Decimal(bool wide) {
    ARROW_RETURN_NOT_OK(Expect('('));
    ARROW_ASSIGN_OR_RAISE(const int32_t precision, Number());
    int32_t scale = 0;
    if (Accept(',')) {
      ARROW_ASSIGN_OR_RAISE(scale, Number());
    }
    ARROW_RETURN_NOT_OK(Expect(')'));
    if (wide) return arrow::Decimal256Type::Make(precision, scale);
    return arrow::Decimal128Type::Make(precision, scale);
  }

  arrow::Result<TypePtr> Named(const std::string& name, int depth) {
    if (name == "list" || name == "large_list" || name == "fixed_size_list") {
      ARROW_ASSIGN_OR_RAISE(auto element, Element(depth));
      if (name == "list") return arrow::list(element);
      if (name == "large_list") return arrow::large_list(element);
      ARROW_RETURN_NOT_OK(Expect('['));
      ARROW_ASSIGN_OR_RAISE(const int32_t size, Number());
      ARROW_RETURN_NOT_OK(Expect(']'));
      return arrow::fixed_size_list(element, size);
    }
    if (name == "struct") return Struct(depth);
    if (name == "timestamp" || name == "duration" || name == "time32" || name == "time64")
      return Temporal(name);
    if (name == "decimal" || name == "decimal128") return Decimal(false);
    if (name == "decimal256") return Decimal(true);
    if (name == "fixed_size_binary") {
      ARROW_RETURN_NOT_OK(Expect('['));
      ARROW_ASSIGN_OR_RAISE(const int32_t size, Number());
      ARROW_RETURN_NOT_OK(Expect(']'));
      return arrow::fixed_size_binary(size);
    }
    const auto found = SimpleTypes().find(name);
    if (found == SimpleTypes().end()) return Fail("there is no type '" + name + "'");
    // Arrow prints date32[day] and date64[ms].
    const size_t start = position_;
    if (name.starts_with("date") && Accept('[')) {
      const std::string unit = Word("]");
      if (!Accept(']') || (unit != "day" && unit != "ms")) position_ = start;
    }
    return found->second;
  }

  arrow::Result<TypePtr> Parse(int depth) {
    if (depth > kMaxDepth) return Fail("types are nested too deeply");
    const std::string name = Word("<>[](),: ");
    if (name.empty()) return Fail("a type is expected");
    ARROW_ASSIGN_OR_RAISE(auto type, Named(name, depth));
    while (Accept('[')) {
      ARROW_ASSIGN_OR_RAISE(const int32_t size, Number());
      ARROW_RETURN_NOT_OK(Expect(']'));
      type = arrow::fixed_size_list(type, size);
    }
    return type;
  }

  const std::string& text_;
  size_t position_ = 0;
};

}  // namespace

arrow::Result<TypePtr> ParseType(const std::string& text) { return TypeParser(text).ParseAll(); }

}  // namespace lance::cli
