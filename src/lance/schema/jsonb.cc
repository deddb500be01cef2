#include "lance/schema/jsonb.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace lance::schema {
namespace {

// A container starts with a word: its kind and the number of its entries. An entry is a word: the kind of a
// value and the bytes it takes in the data behind all entries. Words and numbers are big-endian. An object
// has the entries of its keys first, then those of its values.
constexpr uint32_t kContainerKind = 0xE0000000;
constexpr uint32_t kScalar = 0x20000000;
constexpr uint32_t kObject = 0x40000000;
constexpr uint32_t kArray = 0x80000000;
constexpr uint32_t kContainerCount = 0x1FFFFFFF;

constexpr uint32_t kEntryKind = 0x70000000;
constexpr uint32_t kEntryLength = 0x0FFFFFFF;
enum EntryKind : uint32_t {
  kNull = 0x00000000,
  kString = 0x10000000,
  kNumber = 0x20000000,
  kFalse = 0x30000000,
  kTrue = 0x40000000,
  kContainer = 0x50000000,
};

constexpr int kMaxDepth = 256;

using Bytes = std::span<const uint8_t>;

Result<uint32_t> ReadWord(Bytes bytes, size_t at) {
  if (at > bytes.size() || bytes.size() - at < 4) {
    return Corruption("JSONB value of {} bytes ends inside a header at {}", bytes.size(), at);
  }
  return static_cast<uint32_t>(bytes[at]) << 24 | static_cast<uint32_t>(bytes[at + 1]) << 16 |
         static_cast<uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

void AppendString(Bytes bytes, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (uint8_t c : bytes) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      default:
        if (c < 0x20) {
          *out += "\\u00";
          out->push_back(kHex[c >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(static_cast<char>(c));
        }
    }
  }
  out->push_back('"');
}

// Shortest digits that read back the same; plain between 1e-5 and 1e16, with an exponent outside.
void AppendDouble(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  char buffer[64];
  const double size = std::abs(value);
  const bool plain = value == 0 || (size >= 1e-5 && size < 1e16);
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                           plain ? std::chars_format::fixed : std::chars_format::scientific)
                 .ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  if (plain) {
    *out += text;
    if (text.find('.') == std::string_view::npos) *out += ".0";
    return;
  }
  // to_chars pads exponents to two digits.
  const size_t exponent = text.find('e') + 2;
  *out += text.substr(0, exponent);
  *out += text.substr(text[exponent] == '0' ? exponent + 1 : exponent);
}

Status AppendNumber(Bytes bytes, std::string* out) {
  if (bytes.empty()) return Corruption("JSONB number without bytes");
  const uint8_t kind = bytes[0] & 0xF0;
  const Bytes digits = bytes.subspan(1);
  if (kind == 0x00) {
    *out += "0";
    return Status::OK();
  }
  if (kind == 0x10 || kind == 0x20 || kind == 0x30) {  // not a number, and the infinities
    *out += "null";
    return Status::OK();
  }
  if (kind != 0x40 && kind != 0x50 && kind != 0x60) {
    return NotSupported("JSONB number of kind {:#04x}", bytes[0]);
  }
  const size_t size = digits.size();
  if (size != 1 && size != 2 && size != 4 && size != 8) {
    return Corruption("JSONB number of {} bytes", size);
  }
  uint64_t raw = 0;
  for (uint8_t byte : digits) raw = raw << 8 | byte;
  if (kind == 0x50) {
    *out += std::to_string(raw);
  } else if (kind == 0x40) {
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    *out += std::to_string(static_cast<int64_t>(raw << unused) >> unused);
  } else if (size == 8) {
    AppendDouble(std::bit_cast<double>(raw), out);
  } else {
    return Corruption("JSONB floating-point number of {} bytes", size);
  }
  return Status::OK();
}

Status AppendContainer(Bytes bytes, int depth, std::string* out);

Status AppendEntry(uint32_t entry, Bytes data, int depth, std::string* out) {
  switch (entry & kEntryKind) {
    case kNull:
      *out += "null";
      return Status::OK();
    case kFalse:
      *out += "false";
      return Status::OK();
    case kTrue:
      *out += "true";
      return Status::OK();
    case kString:
      AppendString(data, out);
      return Status::OK();
    case kNumber:
      return AppendNumber(data, out);
    case kContainer:
      return AppendContainer(data, depth + 1, out);
    default:
      return NotSupported("JSONB value of kind {:#010x}", entry & kEntryKind);
  }
}

// Walks entries and the data behind them.
class EntryCursor {
 public:
  EntryCursor(Bytes bytes, size_t entries) : bytes_(bytes), data_(4 + 4 * entries) {}

  struct Entry {
    uint32_t word;
    Bytes data;
  };
  Result<Entry> Next() {
    ARROW_ASSIGN_OR_RAISE(uint32_t word, ReadWord(bytes_, entry_));
    const size_t length = word & kEntryLength;
    if (data_ > bytes_.size() || length > bytes_.size() - data_) {
      return Corruption("JSONB value of {} bytes ends inside an entry of {} bytes", bytes_.size(), length);
    }
    Entry out{word, bytes_.subspan(data_, length)};
    entry_ += 4;
    data_ += length;
    return out;
  }

 private:
  Bytes bytes_;
  size_t entry_ = 4;
  size_t data_;
};

Status AppendObject(Bytes bytes, size_t count, int depth, std::string* out) {
  EntryCursor cursor(bytes, 2 * count);
  std::vector<Bytes> keys;
  keys.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(EntryCursor::Entry key, cursor.Next());
    keys.push_back(key.data);
  }
  out->push_back('{');
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    AppendString(keys[i], out);
    out->push_back(':');
    ARROW_ASSIGN_OR_RAISE(EntryCursor::Entry value, cursor.Next());
    ARROW_RETURN_NOT_OK(AppendEntry(value.word, value.data, depth, out));
  }
  out->push_back('}');
  return Status::OK();
}

Status AppendContainer(Bytes bytes, int depth, std::string* out) {
  if (depth > kMaxDepth) return Corruption("JSONB value is nested deeper than {}", kMaxDepth);
  ARROW_ASSIGN_OR_RAISE(uint32_t header, ReadWord(bytes, 0));
  const size_t count = header & kContainerCount;
  const uint32_t kind = header & kContainerKind;
  const size_t words = kind == kObject ? 2 * count : count;
  if (kind != kScalar && words > (bytes.size() - 4) / 4) {
    return Corruption("JSONB container of {} entries has {} bytes", count, bytes.size());
  }
  if (kind == kScalar) {
    EntryCursor cursor(bytes, 1);
    ARROW_ASSIGN_OR_RAISE(EntryCursor::Entry value, cursor.Next());
    return AppendEntry(value.word, value.data, depth, out);
  }
  if (kind == kObject) return AppendObject(bytes, count, depth, out);
  if (kind != kArray) return Corruption("JSONB container of kind {:#010x}", kind);
  EntryCursor cursor(bytes, count);
  out->push_back('[');
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    ARROW_ASSIGN_OR_RAISE(EntryCursor::Entry value, cursor.Next());
    ARROW_RETURN_NOT_OK(AppendEntry(value.word, value.data, depth, out));
  }
  out->push_back(']');
  return Status::OK();
}

}  // namespace

Status AppendJsonText(std::span<const uint8_t> jsonb, std::string* out) {
  return AppendContainer(jsonb, 0, out);
}

}  // namespace lance::schema
