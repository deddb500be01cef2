// JSON text to the stored form; jsonb.cc reads it back and says how it is laid out.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "lance/base/json.h"
#include "lance/schema/jsonb.h"

namespace lance::schema {
namespace {

constexpr uint32_t kScalar = 0x20000000;
constexpr uint32_t kObject = 0x40000000;
constexpr uint32_t kArray = 0x80000000;
constexpr uint32_t kMaxCount = 0x1FFFFFFF;
constexpr uint32_t kMaxLength = 0x0FFFFFFF;

constexpr uint32_t kNull = 0x00000000;
constexpr uint32_t kString = 0x10000000;
constexpr uint32_t kNumber = 0x20000000;
constexpr uint32_t kFalse = 0x30000000;
constexpr uint32_t kTrue = 0x40000000;
constexpr uint32_t kContainer = 0x50000000;

void AppendWord(uint32_t word, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(word >> shift));
}

void PutWord(uint32_t word, size_t at, std::string* out) {
  for (size_t i = 0; i < 4; ++i) (*out)[at + i] = static_cast<char>(word >> (24 - 8 * i));
}

// The kind, then the fewest of 1, 2, 4 and 8 bytes that keep the value.
void AppendInteger(uint8_t kind, uint64_t bits, int bytes, std::string* out) {
  out->push_back(static_cast<char>(kind));
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(bits >> (8 * i)));
}

void AppendNumber(const std::string& text, std::string* out) {
  const char* end = text.data() + text.size();
  if (text.find_first_of(".eE") == std::string::npos) {
    uint64_t positive = 0;
    if (std::from_chars(text.data(), end, positive).ec == std::errc() && text[0] != '-') {
      if (positive == 0) {
        out->push_back('\0');
      } else {
        AppendInteger(0x50, positive,
                      positive < 256        ? 1
                      : positive < 65536    ? 2
                      : positive >> 32 == 0 ? 4
                                            : 8,
                      out);
      }
      return;
    }
    int64_t value = 0;
    if (std::from_chars(text.data(), end, value).ec == std::errc()) {
      if (value == 0) {
        out->push_back('\0');
      } else {
        const int bytes = value >= INT8_MIN ? 1 : value >= INT16_MIN ? 2 : value >= INT32_MIN ? 4 : 8;
        AppendInteger(0x40, static_cast<uint64_t>(value), bytes, out);
      }
      return;
    }
  }
  double value = 0;
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc::result_out_of_range) value = std::strtod(text.c_str(), nullptr);
  if (std::isinf(value)) {
    out->push_back(value > 0 ? '\x20' : '\x30');
  } else {
    AppendInteger(0x60, std::bit_cast<uint64_t>(value), 8, out);
  }
}

Status AppendContainer(const JsonValue& value, std::string* out);

// Writes the bytes of a value; its entry goes to `entry_at`.
Status AppendValue(const JsonValue& value, size_t entry_at, std::string* out) {
  const size_t start = out->size();
  uint32_t kind = kContainer;
  switch (value.kind()) {
    case JsonValue::Kind::kNull:
      kind = kNull;
      break;
    case JsonValue::Kind::kBool:
      kind = value.boolean() ? kTrue : kFalse;
      break;
    case JsonValue::Kind::kNumber:
      kind = kNumber;
      AppendNumber(value.text(), out);
      break;
    case JsonValue::Kind::kString:
      kind = kString;
      *out += value.text();
      break;
    default:
      ARROW_RETURN_NOT_OK(AppendContainer(value, out));
  }
  const size_t length = out->size() - start;
  LANCE_CHECK_ARG(length <= kMaxLength, "Failed to encode JSON: a value of {} bytes", length);
  PutWord(kind | static_cast<uint32_t>(length), entry_at, out);
  return Status::OK();
}

Status AppendObject(const JsonValue& value, std::string* out) {
  std::vector<const JsonValue::Member*> members;
  for (const JsonValue::Member& member : value.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->first < b->first; });
  for (size_t i = 1; i < members.size(); ++i) {
    LANCE_CHECK_ARG(members[i]->first != members[i - 1]->first,
                    "Failed to encode JSON: duplicate object attribute \"{}\"", members[i]->first);
  }
  LANCE_CHECK_ARG(members.size() <= kMaxCount, "Failed to encode JSON: {} members", members.size());
  AppendWord(kObject | static_cast<uint32_t>(members.size()), out);
  size_t entry = out->size();
  out->append(8 * members.size(), '\0');
  for (const JsonValue::Member* member : members) {
    LANCE_CHECK_ARG(member->first.size() <= kMaxLength, "Failed to encode JSON: a key of {} bytes",
                    member->first.size());
    PutWord(kString | static_cast<uint32_t>(member->first.size()), entry, out);
    *out += member->first;
    entry += 4;
  }
  for (const JsonValue::Member* member : members) {
    ARROW_RETURN_NOT_OK(AppendValue(member->second, entry, out));
    entry += 4;
  }
  return Status::OK();
}

// Depth is bounded by the parser.
Status AppendContainer(const JsonValue& value, std::string* out) {
  if (value.kind() == JsonValue::Kind::kObject) return AppendObject(value, out);
  const bool array = value.kind() == JsonValue::Kind::kArray;
  const size_t count = array ? value.items().size() : 1;
  LANCE_CHECK_ARG(count <= kMaxCount, "Failed to encode JSON: {} items", count);
  AppendWord(array ? kArray | static_cast<uint32_t>(count) : kScalar, out);
  size_t entry = out->size();
  out->append(4 * count, '\0');
  if (!array) return AppendValue(value, entry, out);
  for (const JsonValue& item : value.items()) {
    ARROW_RETURN_NOT_OK(AppendValue(item, entry, out));
    entry += 4;
  }
  return Status::OK();
}

}  // namespace

Status AppendJsonb(std::string_view text, std::string* out) {
  Result<JsonValue> parsed = ParseJson(text);
  if (!parsed.ok()) return InvalidArgument("Failed to encode JSON: {}", parsed.status().message());
  return AppendContainer(*parsed, out);
}

}  // namespace lance::schema
