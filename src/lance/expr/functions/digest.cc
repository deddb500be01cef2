// Digests and encodings of bytes: md5, sha256, digest, encode, decode, to_hex.
#include <array>

#include <arrow/api.h>

#include "lance/base/digest.h"
#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using Digest = std::string (*)(std::string_view);

struct NamedDigest {
  std::string_view name;
  Digest make;
};
constexpr std::array<NamedDigest, 5> kDigests = {
    {{"md5", Md5}, {"sha224", Sha224}, {"sha256", Sha256}, {"sha384", Sha384}, {"sha512", Sha512}}};

// utf8 and large_utf8, binary and large_binary as they are; null as utf8; nullptr for anything else.
TypePtr BytesOrNull(const TypePtr& type) {
  if (type->id() == arrow::Type::BINARY || type->id() == arrow::Type::LARGE_BINARY) return type;
  return TextOrNull(type);
}

Result<Signature> SignDigest(const FunctionInfo& self, const Types& types) {
  const TypePtr bytes = types.size() == 1 ? BytesOrNull(types[0]) : nullptr;
  if (!bytes) return BadArguments(self, types, "one text or binary");
  return Signature{{bytes}, self.name == std::string_view("md5") ? arrow::utf8() : arrow::binary()};
}

Result<Signature> SignNamed(const FunctionInfo& self, const Types& types) {
  const bool fits = types.size() == 2 && BytesOrNull(types[0]) && TextOrNull(types[1]);
  if (!fits) return BadArguments(self, types, "a text or binary and the name of an algorithm");
  return Signature{{BytesOrNull(types[0]), arrow::utf8()}, arrow::binary()};
}

Result<Datum> MapBinary(const Datum& value, int64_t rows, Digest make) {
  BytesView bytes(value);
  arrow::BinaryBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    ARROW_RETURN_NOT_OK(bytes.IsNull(i) ? builder.AppendNull() : builder.Append(make(bytes[i])));
  }
  return Finished(&builder);
}

Result<Datum> Md5Text(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView bytes(values[0]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        *scratch = Hex(Md5(bytes[i]));
        return *scratch;
      },
      bytes);
}

template <Digest kMake>
Result<Datum> Sha(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return MapBinary(values[0], rows, kMake);
}

Result<Datum> Named(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (!values[1].is_scalar()) return NotSupported("a digest algorithm that is not a literal");
  BytesView name(values[1]);
  if (name.IsNull(0)) return Datum(arrow::MakeNullScalar(type));
  for (const NamedDigest& digest : kDigests) {
    if (digest.name == name[0]) return MapBinary(values[0], rows, digest.make);
  }
  if (name[0].starts_with("blake")) return NotSupported("the digest algorithm '{}'", name[0]);
  return InvalidArgument("There is no built-in digest algorithm named '{}'", name[0]);
}

enum class Encoding { kHex, kBase64, kBase64Padded };

Result<Encoding> FindEncoding(const Datum& name) {
  if (!name.is_scalar()) return NotSupported("an encoding that is not a literal");
  BytesView text(name);
  const std::string_view wanted = text.IsNull(0) ? "null" : text[0];
  if (wanted == "hex") return Encoding::kHex;
  if (wanted == "base64") return Encoding::kBase64;
  if (wanted == "base64pad") return Encoding::kBase64Padded;
  return InvalidArgument(
      "There is no built-in encoding named '{}', currently supported encodings are: base64, base64pad, hex",
      wanted);
}

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648, section 4.
std::string Base64(std::string_view bytes, bool padded) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? static_cast<uint8_t>(bytes[at + i]) : 0);
    for (size_t i = 0; i <= count; ++i) out.push_back(kBase64Digits[(group >> (18 - 6 * i)) & 63]);
    if (padded) out.append(3 - count, '=');
  }
  return out;
}

Result<std::string> FromBase64(std::string_view text) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  LANCE_CHECK_ARG(text.size() % 4 != 1, "Failed to decode from base64: invalid input length: {}",
                  text.size());
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const size_t digit = kBase64Digits.find(c);
    LANCE_CHECK_ARG(digit != std::string_view::npos, "Failed to decode from base64: invalid symbol {}",
                    static_cast<int>(static_cast<uint8_t>(c)));
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(bits >> have));
    }
  }
  LANCE_CHECK_ARG((bits & ((1u << have) - 1)) == 0, "Failed to decode from base64: invalid last symbol");
  return out;
}

Result<std::string> FromHex(std::string_view text) {
  LANCE_CHECK_ARG(text.size() % 2 == 0, "Failed to decode from hex: odd number of digits");
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const char lower = text[at] >= 'A' && text[at] <= 'F' ? static_cast<char>(text[at] + 32) : text[at];
    const size_t digit = std::string_view("0123456789abcdef").find(lower);
    LANCE_CHECK_ARG(digit != std::string_view::npos, "Failed to decode from hex: invalid character at {}",
                    at);
    if (at % 2 == 0) {
      out.push_back(static_cast<char>(digit << 4));
    } else {
      out.back() = static_cast<char>(out.back() | static_cast<char>(digit));
    }
  }
  return out;
}

template <bool kDecode>
Result<Signature> SignEncoding(const FunctionInfo& self, const Types& types) {
  TypePtr bytes = types.size() == 2 ? BytesOrNull(types[0]) : nullptr;
  if (types.size() == 2 && types[0]->id() == arrow::Type::FIXED_SIZE_BINARY) bytes = types[0];
  if (!bytes || !TextOrNull(types[1])) return BadArguments(self, types, "a text or binary and an encoding");
  const bool large = bytes->id() == arrow::Type::LARGE_STRING || bytes->id() == arrow::Type::LARGE_BINARY;
  const TypePtr text = large ? arrow::large_utf8() : arrow::utf8();
  const TypePtr binary = large ? arrow::large_binary() : arrow::binary();
  return Signature{{bytes, arrow::utf8()}, kDecode ? binary : text};
}

Result<Datum> Encode(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(const Encoding encoding, FindEncoding(values[1]));
  BytesView bytes(values[0]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        *scratch = encoding == Encoding::kHex ? Hex(bytes[i])
                                              : Base64(bytes[i], encoding == Encoding::kBase64Padded);
        return *scratch;
      },
      bytes);
}

template <typename Builder>
Result<Datum> DecodeInto(const BytesView& texts, int64_t rows, Encoding encoding) {
  Builder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (texts.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                          encoding == Encoding::kHex ? FromHex(texts[i]) : FromBase64(texts[i]));
    ARROW_RETURN_NOT_OK(builder.Append(bytes));
  }
  return Finished(&builder);
}

Result<Datum> Decode(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(const Encoding encoding, FindEncoding(values[1]));
  const BytesView texts(values[0]);
  return type->id() == arrow::Type::LARGE_BINARY
             ? DecodeInto<arrow::LargeBinaryBuilder>(texts, rows, encoding)
             : DecodeInto<arrow::BinaryBuilder>(texts, rows, encoding);
}

Result<Signature> SignToHex(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !(IsIntegerType(*types[0]) || IsNullType(*types[0]))) {
    return BadArguments(self, types, "an integer");
  }
  const bool wide = types[0]->id() == arrow::Type::UINT64;
  return Signature{{wide ? types[0] : arrow::int64()}, arrow::utf8()};
}

// Negative numbers in two's complement of 64 bits.
Result<Datum> ToHex(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  NumberView<uint64_t> number(values[0]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        *scratch = fmt::format("{:x}", number[i]);
        return *scratch;
      },
      number);
}

const FunctionInfo kFunctions[] = {
    {"md5", SignDigest, Md5Text},
    {"sha224", SignDigest, Sha<Sha224>},
    {"sha256", SignDigest, Sha<Sha256>},
    {"sha384", SignDigest, Sha<Sha384>},
    {"sha512", SignDigest, Sha<Sha512>},
    {"digest", SignNamed, Named},
    {"encode", SignEncoding<false>, Encode},
    {"decode", SignEncoding<true>, Decode},
    {"to_hex", SignToHex, ToHex},
};

}  // namespace

std::span<const FunctionInfo> DigestFunctions() { return kFunctions; }

}  // namespace lance::expr
