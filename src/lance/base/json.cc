#include "lance/base/json.h"

#include <charconv>

namespace lance {
namespace {

constexpr int kMaxDepth = 256;

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (auto member = members_.rbegin(); member != members_.rend(); ++member) {
    if (member->first == name) return &member->second;
  }
  return nullptr;
}

std::optional<uint64_t> JsonValue::AsUint64() const {
  if (kind_ != Kind::kNumber) return std::nullopt;
  uint64_t value = 0;
  const char* end = text_.data() + text_.size();
  auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  Result<JsonValue> Document() {
    ARROW_ASSIGN_OR_RAISE(JsonValue value, Value(0));
    SkipSpace();
    if (at_ != text_.size()) return Fail("something after the value");
    return value;
  }

 private:
  Status Fail(const char* what) const { return Corruption("JSON: {} at offset {}", what, at_); }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Accept(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool AcceptWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Result<JsonValue> Value(int depth) {
    if (depth > kMaxDepth) return Fail("nesting deeper than 256");
    SkipSpace();
    JsonValue value;
    switch (Peek()) {
      case '{':
        ARROW_RETURN_NOT_OK(Object(depth, &value));
        return value;
      case '[':
        ARROW_RETURN_NOT_OK(Array(depth, &value));
        return value;
      case '"':
        value.kind_ = JsonValue::Kind::kString;
        ARROW_RETURN_NOT_OK(String(&value.text_));
        return value;
      case 't':
      case 'f':
        value.kind_ = JsonValue::Kind::kBool;
        value.text_ = Peek() == 't' ? "true" : "false";
        if (!AcceptWord(value.text_)) return Fail("not a value");
        return value;
      case 'n':
        if (!AcceptWord("null")) return Fail("not a value");
        return value;
      default:
        value.kind_ = JsonValue::Kind::kNumber;
        ARROW_RETURN_NOT_OK(Number(&value.text_));
        return value;
    }
  }

  Status Object(int depth, JsonValue* out) {
    out->kind_ = JsonValue::Kind::kObject;
    ++at_;
    SkipSpace();
    if (Accept('}')) return Status::OK();
    while (true) {
      SkipSpace();
      std::string name;
      if (Peek() != '"') return Fail("expected a member name");
      ARROW_RETURN_NOT_OK(String(&name));
      SkipSpace();
      if (!Accept(':')) return Fail("expected ':'");
      ARROW_ASSIGN_OR_RAISE(JsonValue value, Value(depth + 1));
      out->members_.emplace_back(std::move(name), std::move(value));
      SkipSpace();
      if (Accept('}')) return Status::OK();
      if (!Accept(',')) return Fail("expected ',' or '}'");
    }
  }

  Status Array(int depth, JsonValue* out) {
    out->kind_ = JsonValue::Kind::kArray;
    ++at_;
    SkipSpace();
    if (Accept(']')) return Status::OK();
    while (true) {
      ARROW_ASSIGN_OR_RAISE(JsonValue value, Value(depth + 1));
      out->items_.push_back(std::move(value));
      SkipSpace();
      if (Accept(']')) return Status::OK();
      if (!Accept(',')) return Fail("expected ',' or ']'");
    }
  }

  Status Number(std::string* out) {
    const size_t start = at_;
    const auto digits = [this] {
      const size_t first = at_;
      while (Peek() >= '0' && Peek() <= '9') ++at_;
      return at_ > first;
    };
    Accept('-');
    if (!Accept('0') && !digits()) return Fail("not a value");
    if (Accept('.') && !digits()) return Fail("digits expected");
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (!Accept('+')) Accept('-');
      if (!digits()) return Fail("digits expected");
    }
    out->assign(text_.substr(start, at_ - start));
    return Status::OK();
  }

  Result<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      uint32_t digit;
      if (c >= '0' && c <= '9') {
        digit = c - '0';
      } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;
      } else if (c >= 'A' && c <= 'F') {
        digit = c - 'A' + 10;
      } else {
        return Fail("four hex digits expected");
      }
      code = code << 4 | digit;
    }
    return code;
  }

  Status Escape(std::string* out) {
    const char c = Peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out->push_back(c);
        return Status::OK();
      case 'b':
        out->push_back('\b');
        return Status::OK();
      case 'f':
        out->push_back('\f');
        return Status::OK();
      case 'n':
        out->push_back('\n');
        return Status::OK();
      case 'r':
        out->push_back('\r');
        return Status::OK();
      case 't':
        out->push_back('\t');
        return Status::OK();
      case 'u': {
        ARROW_ASSIGN_OR_RAISE(uint32_t code, Hex4());
        if (code >= 0xD800 && code < 0xDC00) {
          if (!AcceptWord("\\u")) return Fail("a lone surrogate");
          ARROW_ASSIGN_OR_RAISE(uint32_t low, Hex4());
          if (low < 0xDC00 || low > 0xDFFF) return Fail("a lone surrogate");
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else if (code >= 0xDC00 && code <= 0xDFFF) {
          return Fail("a lone surrogate");
        }
        AppendUtf8(code, out);
        return Status::OK();
      }
      default:
        return Fail("an unknown escape");
    }
  }

  Status String(std::string* out) {
    ++at_;
    while (true) {
      if (at_ == text_.size()) return Fail("a string without end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return Status::OK();
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a string");
      ++at_;
      if (c != '\\') {
        out->push_back(c);
      } else {
        ARROW_RETURN_NOT_OK(Escape(out));
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<JsonValue> ParseJson(std::string_view text) { return JsonParser(text).Document(); }

std::string QuoteJson(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace lance
