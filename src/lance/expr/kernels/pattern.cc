#include "lance/expr/kernels/pattern.h"

#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"

namespace lance::expr {
namespace {

constexpr char kLiteral = '\x01';

size_t CharLength(std::string_view text, size_t at) {
  auto lead = static_cast<unsigned char>(text[at]);
  size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - at);
}

// Greedy wildcard match: on a mismatch only the last % takes one character more.
bool MatchWildcard(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = ++p;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t += CharLength(text, t);
    } else if (p < pattern.size() && pattern[p] == kLiteral && pattern[p + 1] == text[t]) {
      p += 2;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      star_text += CharLength(text, star_text);
      t = star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

bool Contains(std::string_view text, std::string_view piece) {
  return piece.empty() || (text.size() >= piece.size() &&
                           memmem(text.data(), text.size(), piece.data(), piece.size()) != nullptr);
}

// Classes that know Unicode in the reference but only ASCII in RE2.
std::string_view UnicodeClass(char letter, bool inside_class) {
  switch (letter) {
    case 'd':
      return "\\p{Nd}";
    case 'D':
      return "\\P{Nd}";
    case 'w':
      return inside_class ? "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}" : "[\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}]";
    case 'W':
      return inside_class ? "" : "[^\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}]";
    case 's':
      return inside_class ? "\\t\\n\\v\\f\\r\\x{85}\\p{Z}" : "[\\t\\n\\v\\f\\r\\x{85}\\p{Z}]";
    case 'S':
      return inside_class ? "" : "[^\\t\\n\\v\\f\\r\\x{85}\\p{Z}]";
    default:
      return "";
  }
}

std::string TranslateRegex(std::string_view pattern) {
  std::string out;
  bool inside_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      std::string_view replacement = UnicodeClass(pattern[i + 1], inside_class);
      if (replacement.empty()) {
        out.push_back(c);
        out.push_back(pattern[i + 1]);
      } else {
        out.append(replacement);
      }
      ++i;
      continue;
    }
    if (!inside_class && pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
        pattern[i + 3] != '!') {
      out.append("(?P<");
      i += 2;
      continue;
    }
    if (c == '[' && !inside_class) {
      inside_class = true;
    } else if (c == ']' && inside_class && i > 0 && pattern[i - 1] != '[') {
      inside_class = false;
    }
    out.push_back(c);
  }
  return out;
}

}  // namespace

Result<LikePattern> LikePattern::Make(std::string_view pattern, char escape, bool case_insensitive) {
  LikePattern out;
  std::string literal;
  std::string regex = "(?is)^";
  size_t percents = 0;
  bool underscore = false;
  bool inner_percent = false;  // a % that is neither first nor last
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '%') {
      ++percents;
      inner_percent |= i != 0 && i + 1 != pattern.size();
      if (out.wildcard_.empty() || out.wildcard_.back() != '%' ||
          (out.wildcard_.size() > 1 && out.wildcard_[out.wildcard_.size() - 2] == kLiteral)) {
        out.wildcard_.push_back('%');
        regex += ".*";
      }
      continue;
    }
    if (c == '_') {
      underscore = true;
      out.wildcard_.push_back('_');
      regex += ".";
      continue;
    }
    if (c == escape && i + 1 < pattern.size()) c = pattern[++i];
    literal.push_back(c);
    out.wildcard_.push_back(kLiteral);
    out.wildcard_.push_back(c);
    if (!isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 0x80)
      regex.push_back('\\');
    regex.push_back(c);
  }
  bool first = !pattern.empty() && pattern.front() == '%';
  bool last = out.wildcard_.size() > 0 && out.wildcard_.back() == '%' &&
              !(out.wildcard_.size() > 1 && out.wildcard_[out.wildcard_.size() - 2] == kLiteral);
  out.text_ = std::move(literal);
  if (case_insensitive && !(percents > 0 && out.text_.empty() && !underscore)) {
    auto compiled = Regex::Make(regex + "$", "");
    if (!compiled.ok()) return InvalidArgument("the ILIKE pattern '{}' is not valid text", pattern);
    out.regex_ = std::move(*compiled);
    out.kind_ = Kind::kRegex;
  } else if (underscore || inner_percent) {
    out.kind_ = Kind::kGeneral;
  } else if (percents == 0) {
    out.kind_ = Kind::kExact;
  } else if (out.text_.empty()) {
    out.kind_ = Kind::kAny;
  } else {
    out.kind_ = first && last ? Kind::kContains : first ? Kind::kSuffix : Kind::kPrefix;
  }
  return out;
}

bool LikePattern::Test(std::string_view text) const {
  switch (kind_) {
    case Kind::kExact:
      return text == text_;
    case Kind::kPrefix:
      return text.size() >= text_.size() && std::memcmp(text.data(), text_.data(), text_.size()) == 0;
    case Kind::kSuffix:
      return text.size() >= text_.size() &&
             std::memcmp(text.data() + (text.size() - text_.size()), text_.data(), text_.size()) == 0;
    case Kind::kContains:
      return Contains(text, text_);
    case Kind::kAny:
      return true;
    case Kind::kGeneral:
      return MatchWildcard(wildcard_, text);
    case Kind::kRegex:
      break;
  }
  return false;
}

Result<bool> LikePattern::Matches(std::string_view text) const {
  return kind_ == Kind::kRegex ? regex_->Finds(text) : Result<bool>(Test(text));
}

Result<arrow::Datum> LikePattern::Matches(const arrow::Datum& texts, bool negated, int64_t rows) const {
  if (texts.is_array() && texts.type()->id() == arrow::Type::DICTIONARY) {
    arrow::DictionaryArray array(texts.array());
    auto values = array.dictionary();
    ARROW_ASSIGN_OR_RAISE(arrow::Datum verdicts, Matches(arrow::Datum(values), negated, values->length()));
    return arrow::compute::Take(verdicts, array.indices(), arrow::compute::TakeOptions::NoBoundsCheck());
  }
  if (kind_ == Kind::kRegex) {
    ARROW_ASSIGN_OR_RAISE(arrow::Datum found, regex_->Finds(texts));
    return negated ? arrow::compute::CallFunction("invert", {found}) : Result<arrow::Datum>(found);
  }
  BytesView view(texts);
  if (texts.is_scalar()) {
    if (view.IsNull(0)) return arrow::Datum(arrow::MakeNullScalar(arrow::boolean()));
    return arrow::Datum(std::make_shared<arrow::BooleanScalar>(Test(view[0]) != negated));
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, CopyValidity(texts, rows));
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  FillBitmap(rows, out->mutable_data(), [&](int64_t i) { return Test(view[i]) != negated; });
  return arrow::Datum(MakeBoolArray(rows, std::move(out), std::move(validity)));
}

Result<Regex> Regex::Make(std::string_view pattern, std::string_view flags) {
  std::string prefix;
  for (char flag : flags) {
    if (flag == 'x') return NotSupported("the regular expression flag 'x'");
    if (flag == 'g')
      return InvalidArgument("this regular expression function does not support the flag \"g\"");
    if (std::strchr("imsU", flag) != nullptr) {
      prefix.push_back(flag);
    } else if (flag != 'u' && flag != 'R') {
      return InvalidArgument("unknown regular expression flag '{}'", flag);
    }
  }
  Regex out;
  out.text_ = (prefix.empty() ? "" : "(?" + prefix + ")") + TranslateRegex(pattern);
  auto tried = out.Finds(std::string_view());
  if (!tried.ok()) {
    return InvalidArgument("cannot compile the regular expression '{}': {}", pattern,
                           tried.status().message());
  }
  return out;
}

Result<arrow::Datum> Regex::Finds(const arrow::Datum& texts) const {
  if (texts.is_array() && texts.type()->id() == arrow::Type::DICTIONARY) {
    arrow::DictionaryArray array(texts.array());
    ARROW_ASSIGN_OR_RAISE(arrow::Datum verdicts, Finds(arrow::Datum(array.dictionary())));
    return arrow::compute::Take(verdicts, array.indices(), arrow::compute::TakeOptions::NoBoundsCheck());
  }
  arrow::compute::MatchSubstringOptions options(text_);
  auto found = arrow::compute::CallFunction("match_substring_regex", {texts}, &options);
  if (!found.ok()) return InvalidArgument("{}", found.status().message());
  return found;
}

Result<bool> Regex::Finds(std::string_view text) const {
  arrow::Datum value(std::make_shared<arrow::StringScalar>(std::string(text)));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum found, Finds(value));
  return static_cast<const arrow::BooleanScalar&>(*found.scalar()).value;
}

}  // namespace lance::expr
