#include "lance/expr/functions/jsonb.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "lance/schema/jsonb.h"

namespace lance::expr {
namespace {

constexpr uint32_t kScalar = 0x20000000;
constexpr uint32_t kObject = 0x40000000;
constexpr uint32_t kArray = 0x80000000;

uint32_t Word(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
  return word;
}

Status Cut() { return Corruption("a stored JSON value ends too early"); }

}  // namespace

Result<JsonItem> JsonItem::Root(std::string_view jsonb) {
  if (jsonb.size() < 4) return Cut();
  uint32_t header = Word(jsonb, 0);
  uint32_t count = header & 0x1FFFFFFF;
  uint32_t kind = header & 0xE0000000;
  if (kind == kScalar) {
    if (jsonb.size() < 8) return Cut();
    return FromEntry(Word(jsonb, 4), jsonb.substr(8));
  }
  if (kind != kObject && kind != kArray) return Corruption("stored JSON of unknown kind {:#x}", kind);
  uint64_t words = kind == kObject ? uint64_t{2} * count : count;
  if (words > (jsonb.size() - 4) / 4) return Cut();
  JsonItem out;
  out.kind_ = kind == kObject ? Kind::kObject : Kind::kArray;
  out.bytes_ = jsonb;
  out.count_ = count;
  return out;
}

Result<JsonItem> JsonItem::FromEntry(uint32_t entry, std::string_view data) {
  static constexpr Kind kKinds[] = {Kind::kNull, Kind::kString, Kind::kNumber, Kind::kFalse, Kind::kTrue};
  size_t length = entry & 0x0FFFFFFF;
  if (length > data.size()) return Cut();
  uint32_t kind = (entry & 0x70000000) >> 28;
  if (kind == 5) return Root(data.substr(0, length));
  if (kind > 5) return NotSupported("a stored JSON value of kind {}", kind);
  JsonItem out;
  out.kind_ = kKinds[kind];
  out.bytes_ = data.substr(0, length);
  return out;
}

Result<std::vector<JsonItem>> JsonItem::Entries(size_t from, size_t to) const {
  size_t words = kind_ == Kind::kObject ? size_t{2} * count_ : count_;
  size_t data = 4 + 4 * words;
  std::vector<JsonItem> out;
  for (size_t i = 0; i < to; ++i) {
    uint32_t entry = Word(bytes_, 4 + 4 * i);
    size_t length = entry & 0x0FFFFFFF;
    if (data > bytes_.size() || length > bytes_.size() - data) return Cut();
    if (i >= from) {
      ARROW_ASSIGN_OR_RAISE(JsonItem item, FromEntry(entry, bytes_.substr(data, length)));
      out.push_back(item);
    }
    data += length;
  }
  return out;
}

Result<std::vector<JsonItem>> JsonItem::Elements() const {
  if (kind_ != Kind::kArray) return std::vector<JsonItem>();
  return Entries(0, count_);
}

Result<std::vector<JsonItem>> JsonItem::Members() const {
  if (kind_ != Kind::kObject) return std::vector<JsonItem>();
  return Entries(count_, size_t{2} * count_);
}

Result<std::optional<JsonItem>> JsonItem::Member(std::string_view key) const {
  if (kind_ != Kind::kObject) return std::optional<JsonItem>();
  ARROW_ASSIGN_OR_RAISE(std::vector<JsonItem> all, Entries(0, size_t{2} * count_));
  for (size_t i = 0; i < count_; ++i) {
    if (all[i].bytes_ == key) return std::optional<JsonItem>(all[count_ + i]);
  }
  return std::optional<JsonItem>();
}

Result<double> JsonItem::AsDouble() const {
  if (bytes_.empty()) return Cut();
  unsigned kind = static_cast<unsigned char>(bytes_[0]) & 0xF0;
  if (kind == 0x00) return 0.0;
  if (kind == 0x10) return std::numeric_limits<double>::quiet_NaN();
  if (kind == 0x20) return std::numeric_limits<double>::infinity();
  if (kind == 0x30) return -std::numeric_limits<double>::infinity();
  size_t size = bytes_.size() - 1;
  if (size == 0 || size > 8) return Cut();
  uint64_t raw = 0;
  for (size_t i = 1; i < bytes_.size(); ++i) raw = raw << 8 | static_cast<unsigned char>(bytes_[i]);
  if (kind == 0x50) return static_cast<double>(raw);
  if (kind == 0x40) {
    auto unused = static_cast<unsigned>(64 - 8 * size);
    return static_cast<double>(static_cast<int64_t>(raw << unused) >> unused);
  }
  if (kind == 0x60 && size == 8) return std::bit_cast<double>(raw);
  return NotSupported("a stored JSON number of kind {:#x}", kind);
}

Result<std::optional<int64_t>> JsonItem::AsInt() const {
  std::string text;
  ARROW_RETURN_NOT_OK(AppendText(&text));
  int64_t whole = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc() && end == text.data() + text.size()) return std::optional<int64_t>(whole);
  ARROW_ASSIGN_OR_RAISE(double value, AsDouble());
  value = std::round(value);
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::optional<int64_t>();
  return std::optional<int64_t>(static_cast<int64_t>(value));
}

std::string JsonItem::ToStored() const {
  if (kind_ == Kind::kArray || kind_ == Kind::kObject) return std::string(bytes_);
  uint32_t entry = static_cast<uint32_t>(kind_) << 28 | static_cast<uint32_t>(bytes_.size());
  std::string out;
  for (uint32_t word : {kScalar, entry}) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(word >> shift & 0xFF));
  }
  return out.append(bytes_);
}

Status JsonItem::AppendText(std::string* out) const {
  std::string stored = ToStored();
  return schema::AppendJsonText({reinterpret_cast<const uint8_t*>(stored.data()), stored.size()}, out);
}

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  JsonPath out;
  size_t at = 0;
  auto blanks = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  auto invalid = [&] { return InvalidArgument("Invalid JSONPath '{}'", text.substr(0, 200)); };
  auto name = [&](std::string* into) {
    static constexpr std::string_view kStops = " ,.:{}[]()?@$|<>!=+-*/%\"'";
    if (at < text.size() && text[at] == '"') {
      size_t close = text.find('"', at + 1);
      if (close == std::string_view::npos) return false;
      *into = text.substr(at + 1, close - at - 1);
      at = close + 1;
      return true;
    }
    size_t end = std::min(text.find_first_of(kStops, at), text.size());
    *into = text.substr(at, end - at);
    at = end;
    return !into->empty();
  };
  blanks();
  if (at < text.size() && text[at] == '$') {
    ++at;
  } else {
    Step first{Step::Kind::kMember, "", 0};
    if (!name(&first.name)) return invalid();
    out.steps_.push_back(std::move(first));
  }
  for (blanks(); at < text.size(); blanks()) {
    char c = text[at++];
    if (c == '.' || c == ':') {
      if (at < text.size() && text[at] == '*') {
        ++at;
        if (at < text.size() && text[at] == '*') return NotSupported("recursive JSON paths: '{}'", text);
        out.steps_.push_back({Step::Kind::kAllMembers, "", 0});
        continue;
      }
      Step step{Step::Kind::kMember, "", 0};
      if (!name(&step.name)) return invalid();
      out.steps_.push_back(std::move(step));
      continue;
    }
    if (c == '?') return NotSupported("filters in JSON paths: '{}'", text);
    if (c != '[') return invalid();
    size_t close = text.find(']', at);
    if (close == std::string_view::npos) return invalid();
    std::string_view inside = text.substr(at, close - at);
    at = close + 1;
    uint32_t index = 0;
    auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
    if (inside == "*") {
      out.steps_.push_back({Step::Kind::kAllElements, "", 0});
    } else if (inside == "last") {
      out.steps_.push_back({Step::Kind::kLast, "", 0});
    } else if (inside.size() >= 2 && (inside[0] == '"' || inside[0] == '\'') && inside.back() == inside[0]) {
      out.steps_.push_back({Step::Kind::kMember, std::string(inside.substr(1, inside.size() - 2)), 0});
    } else if (error == std::errc() && end == inside.data() + inside.size()) {
      out.steps_.push_back({Step::Kind::kIndex, "", index});
    } else {
      return NotSupported("'[{}]' in the JSON path '{}'", inside, text);
    }
  }
  return out;
}

Result<std::vector<JsonItem>> JsonPath::Select(const JsonItem& root) const {
  std::vector<JsonItem> current = {root};
  for (const Step& step : steps_) {
    std::vector<JsonItem> next;
    for (const JsonItem& item : current) {
      if (step.kind == Step::Kind::kMember) {
        ARROW_ASSIGN_OR_RAISE(auto member, item.Member(step.name));
        if (member) next.push_back(*member);
        continue;
      }
      bool members = step.kind == Step::Kind::kAllMembers;
      ARROW_ASSIGN_OR_RAISE(auto items, members ? item.Members() : item.Elements());
      if (step.kind == Step::Kind::kIndex || step.kind == Step::Kind::kLast) {
        size_t index = step.kind == Step::Kind::kLast ? items.size() - 1 : step.index;
        if (index < items.size()) next.push_back(items[index]);
      } else {
        next.insert(next.end(), items.begin(), items.end());
      }
    }
    current = std::move(next);
  }
  return current;
}

}  // namespace lance::expr
