// Functions that take texts apart or pad them: substr, left, trim, lpad, split_part, repeat, chr ...
#include <arrow/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/functions/utf8.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using Piece = Result<std::string_view>;

// A row may not grow beyond this, whatever count a filter asks for.
constexpr int64_t kMaxRowBytes = int64_t{1} << 26;

Status TooLong(const char* name) {
  return InvalidArgument("the result of {} exceeds {} bytes a row", name, kMaxRowBytes);
}

// (text, integer [, integer or text]) -> text
template <int kMin, int kMax, bool kThirdIsText>
Result<Signature> SignCounted(const FunctionInfo& self, const Types& types) {
  if (types.size() < kMin || types.size() > kMax) return BadArguments(self, types, "a text and a count");
  TypePtr text = TextOrNull(types[0]);
  auto integer = [](const TypePtr& type) { return IsIntegerType(*type) || IsNullType(*type); };
  bool fits = text != nullptr && integer(types[1]);
  Types arguments = {text, arrow::int64()};
  if (types.size() == 3) {
    fits = fits && (kThirdIsText ? TextOrNull(types[2]) != nullptr : integer(types[2]));
    arguments.push_back(kThirdIsText ? TextOrNull(types[2]) : arrow::int64());
  }
  if (!fits) return BadArguments(self, types, "a text and a count");
  return Signature{arguments, text};
}

Result<Datum> Substr(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  NumberView<int64_t> start(values[1]);
  static const Datum kRest(std::make_shared<arrow::Int64Scalar>(std::numeric_limits<int64_t>::max()));
  NumberView<int64_t> length(values.size() == 3 ? values[2] : kRest);
  return MapText(
      rows, type,
      [&](int64_t i, std::string*) -> Piece {
        if (length[i] < 0)
          return InvalidArgument("negative substring length not allowed: substr(<str>, {}, {})", start[i],
                                 length[i]);
        // Characters are numbered from 1; a start before that uses up length.
        int64_t first = std::max<int64_t>(start[i], 1);
        __int128 end = static_cast<__int128>(start[i]) + length[i];
        if (end <= first) return std::string_view();
        std::string_view from = text[i].substr(ByteOfCharacter(text[i], first - 1));
        return from.substr(
            0, ByteOfCharacter(from, static_cast<int64_t>(std::min<__int128>(end - first, INT64_MAX))));
      },
      text, start, length);
}

template <bool kLeft>
Result<Datum> Side(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  NumberView<int64_t> count(values[1]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string*) -> Piece {
        int64_t total = CountCharacters(text[i]);
        int64_t n = count[i] >= 0 ? std::min(count[i], total)
                                  : std::max<int64_t>(0, total + std::max(count[i], -total));
        size_t cut = ByteOfCharacter(text[i], kLeft ? n : total - n);
        return kLeft ? text[i].substr(0, cut) : text[i].substr(cut);
      },
      text, count);
}

template <bool kLeft>
Result<Datum> Pad(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  NumberView<int64_t> width(values[1]);
  static const Datum kSpace{std::make_shared<arrow::StringScalar>(" ")};
  BytesView fill(values.size() == 3 ? values[2] : kSpace);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Piece {
        int64_t total = CountCharacters(text[i]);
        if (width[i] <= 0) return std::string_view();
        if (width[i] <= total) return text[i].substr(0, ByteOfCharacter(text[i], width[i]));
        if (fill[i].empty()) return text[i];
        if (width[i] > kMaxRowBytes / 4) return TooLong(kLeft ? "lpad" : "rpad");
        std::string padding;
        size_t at = 0;
        for (int64_t n = total; n < width[i]; ++n) {
          size_t length = CharacterLength(fill[i], at);
          padding.append(fill[i].substr(at, length));
          at = at + length >= fill[i].size() ? 0 : at + length;
        }
        *scratch = kLeft ? padding + std::string(text[i]) : std::string(text[i]) + padding;
        return *scratch;
      },
      text, width, fill);
}

Result<Datum> Repeat(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  NumberView<int64_t> count(values[1]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Piece {
        if (count[i] > 0 && !text[i].empty()) {
          if (count[i] > kMaxRowBytes / static_cast<int64_t>(text[i].size())) return TooLong("repeat");
          for (int64_t n = 0; n < count[i]; ++n) scratch->append(text[i]);
        }
        return *scratch;
      },
      text, count);
}

Result<Signature> SignSplit(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 3 && TextOrNull(types[0]) && TextOrNull(types[1]) &&
              (IsIntegerType(*types[2]) || IsNullType(*types[2]));
  if (!fits) return BadArguments(self, types, "a text, a delimiter and a number");
  return Signature{{TextOrNull(types[0]), TextOrNull(types[1]), arrow::int64()}, TextOrNull(types[0])};
}

Result<Datum> SplitPart(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView delimiter(values[1]);
  NumberView<int64_t> number(values[2]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string*) -> Piece {
        int64_t wanted = number[i];
        if (wanted == 0) return InvalidArgument("field position must not be zero");
        std::vector<std::string_view> parts;
        std::string_view rest = text[i];
        if (delimiter[i].empty()) {
          parts.push_back(rest);
        } else {
          for (size_t at = rest.find(delimiter[i]); at != std::string_view::npos;
               at = rest.find(delimiter[i])) {
            parts.push_back(rest.substr(0, at));
            rest.remove_prefix(at + delimiter[i].size());
          }
          parts.push_back(rest);
        }
        auto count = static_cast<int64_t>(parts.size());
        if (wanted < 0) wanted = wanted < -count ? 0 : count + wanted + 1;
        if (wanted < 1 || wanted > count) return std::string_view();
        return parts[static_cast<size_t>(wanted - 1)];
      },
      text, delimiter, number);
}

Result<Signature> SignTrim(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<1, 2>(self, types)));
  return Signature{arguments, arguments[0]};
}

template <bool kStart, bool kEnd>
Result<Datum> Trim(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  static const Datum kSpace{std::make_shared<arrow::StringScalar>(" ")};
  BytesView set(values.size() == 2 ? values[1] : kSpace);
  return MapText(
      rows, type,
      [&](int64_t i, std::string*) -> Piece {
        std::string_view out = text[i];
        auto in_set = [&](std::string_view character) {
          return set[i].find(character) != std::string_view::npos;
        };
        while (kStart && !out.empty()) {
          size_t length = CharacterLength(out, 0);
          if (!in_set(out.substr(0, length))) break;
          out.remove_prefix(length);
        }
        while (kEnd && !out.empty()) {
          size_t at = out.size() - 1;
          while (at > 0 && (static_cast<unsigned char>(out[at]) & 0xC0) == 0x80) --at;
          if (!in_set(out.substr(at))) break;
          out.remove_suffix(out.size() - at);
        }
        return out;
      },
      text, set);
}

Result<Signature> SignChr(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !(IsIntegerType(*types[0]) || IsNullType(*types[0])))
    return BadArguments(self, types, "an integer");
  return Signature{{arrow::int64()}, arrow::utf8()};
}
Result<Datum> Chr(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  NumberView<int64_t> point(values[0]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Piece {
        if (point[i] < 0 || point[i] > 0x10FFFF || (point[i] >= 0xD800 && point[i] < 0xE000)) {
          return InvalidArgument("invalid Unicode scalar value: {}", point[i]);
        }
        AppendCodePoint(static_cast<uint32_t>(point[i]), scratch);
        return *scratch;
      },
      point);
}

Result<Signature> SignTranslate(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<3, 3>(self, types)));
  return Signature{arguments, arguments[0]};
}
Result<Datum> Translate(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView from(values[1]);
  BytesView to(values[2]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Piece {
        for (size_t at = 0; at < text[i].size();) {
          size_t length = CharacterLength(text[i], at);
          std::string_view character = text[i].substr(at, length);
          size_t hit = from[i].find(character);
          if (hit == std::string_view::npos) {
            scratch->append(character);
          } else {
            int64_t index = CountCharacters(from[i].substr(0, hit));
            size_t start = ByteOfCharacter(to[i], index);
            if (start < to[i].size()) scratch->append(to[i].substr(start, CharacterLength(to[i], start)));
          }
          at += length;
        }
        return *scratch;
      },
      text, from, to);
}

const FunctionInfo kFunctions[] = {
    {"substr", SignCounted<2, 3, false>, Substr},
    {"left", SignCounted<2, 2, false>, Side<true>},
    {"right", SignCounted<2, 2, false>, Side<false>},
    {"lpad", SignCounted<2, 3, true>, Pad<true>},
    {"rpad", SignCounted<2, 3, true>, Pad<false>},
    {"repeat", SignCounted<2, 2, false>, Repeat},
    {"split_part", SignSplit, SplitPart},
    {"btrim", SignTrim, Trim<true, true>},
    {"ltrim", SignTrim, Trim<true, false>},
    {"rtrim", SignTrim, Trim<false, true>},
    {"chr", SignChr, Chr},
    {"translate", SignTranslate, Translate},
};

}  // namespace

std::span<const FunctionInfo> TextPieceFunctions() { return kFunctions; }

}  // namespace lance::expr
