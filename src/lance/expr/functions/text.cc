// Functions of whole texts: lower, length, concat, replace ... Positions and lengths count code points.
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/functions/utf8.h"
#include "lance/expr/kernels/pattern.h"

namespace lance::expr {
namespace {

using arrow::Datum;

template <int kMin, int kMax>
Result<Signature> SignText(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<kMin, kMax>(self, types)));
  return Signature{arguments, arguments[0]};
}
template <int kCount>
Result<Signature> SignTest(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<kCount, kCount>(self, types)));
  return Signature{arguments, arrow::boolean()};
}

// Numbers and booleans print themselves where length() wants a text.
Result<Signature> SignLength(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || arrow::is_nested(types[0]->id())) return BadArguments(self, types, "one text");
  bool large = types[0]->id() == arrow::Type::LARGE_STRING;
  TypePtr text = large ? types[0] : arrow::utf8();
  return Signature{{text}, large ? arrow::int64() : arrow::int32()};
}
Result<Signature> SignByteLength(const FunctionInfo& self, const Types& types) {
  if (types.size() == 1 &&
      (types[0]->id() == arrow::Type::BINARY || types[0]->id() == arrow::Type::LARGE_BINARY)) {
    return Signature{types, types[0]->id() == arrow::Type::BINARY ? arrow::int32() : arrow::int64()};
  }
  return SignLength(self, types);
}
Result<Signature> SignStrpos(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 2>(self, types)));
  return Signature{arguments,
                   arguments[0]->id() == arrow::Type::LARGE_STRING ? arrow::int64() : arrow::int32()};
}
Result<Signature> SignAscii(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<1, 1>(self, types)));
  return Signature{arguments, arrow::int32()};
}

// A builder of 32 or 64 bit integers, as the result type says.
template <typename Make, typename... Views>
Result<Datum> MapIntegers(int64_t rows, const TypePtr& type, Make make, const Views&... views) {
  if (type->id() == arrow::Type::INT64) return MapValues<arrow::Int64Builder>(rows, make, views...);
  return MapValues<arrow::Int32Builder>(
      rows, [&](int64_t i) { return static_cast<int32_t>(make(i)); }, views...);
}

Result<Datum> CallArrow(const char* name, const Datum& value) {
  return arrow::compute::CallFunction(name, {value});
}
Result<Datum> LowerText(const std::vector<Datum>& values, int64_t, const TypePtr&) {
  return CallArrow("utf8_lower", values[0]);
}
Result<Datum> UpperText(const std::vector<Datum>& values, int64_t, const TypePtr&) {
  return CallArrow("utf8_upper", values[0]);
}
Result<Datum> Reverse(const std::vector<Datum>& values, int64_t, const TypePtr&) {
  return CallArrow("utf8_reverse", values[0]);
}

Result<Datum> Length(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  return MapIntegers(
      rows, type, [&](int64_t i) { return CountCharacters(text[i]); }, text);
}
template <int kFactor>
Result<Datum> ByteLength(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  return MapIntegers(
      rows, type, [&](int64_t i) { return static_cast<int64_t>(text[i].size()) * kFactor; }, text);
}
Result<Datum> Strpos(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView piece(values[1]);
  return MapIntegers(
      rows, type,
      [&](int64_t i) -> int64_t {
        size_t at = text[i].find(piece[i]);
        return at == std::string_view::npos ? 0 : CountCharacters(text[i].substr(0, at)) + 1;
      },
      text, piece);
}
Result<Datum> Ascii(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  BytesView text(values[0]);
  return MapValues<arrow::Int32Builder>(
      rows, [&](int64_t i) { return text[i].empty() ? 0 : static_cast<int32_t>(CodePointAt(text[i], 0)); },
      text);
}

template <typename Test>
Result<Datum> TestTexts(const std::vector<Datum>& values, int64_t rows, Test test) {
  BytesView text(values[0]);
  BytesView piece(values[1]);
  ARROW_ASSIGN_OR_RAISE(auto validity, CombineValidity(values[0], values[1], rows));
  if ((values[0].is_scalar() && text.IsNull(0)) || (values[1].is_scalar() && piece.IsNull(0))) {
    return Datum(arrow::MakeNullScalar(arrow::boolean()));
  }
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  FillBitmap(rows, out->mutable_data(), [&](int64_t i) { return test(text[i], piece[i]); });
  return Datum(MakeBoolArray(rows, std::move(out), std::move(validity)));
}
Result<Datum> Contains(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return TestTexts(values, rows, [](std::string_view text, std::string_view piece) {
    return piece.empty() || (text.size() >= piece.size() &&
                             memmem(text.data(), text.size(), piece.data(), piece.size()) != nullptr);
  });
}
Result<Datum> StartsWith(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return TestTexts(values, rows,
                   [](std::string_view text, std::string_view piece) { return text.starts_with(piece); });
}
Result<Datum> EndsWith(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return TestTexts(values, rows,
                   [](std::string_view text, std::string_view piece) { return text.ends_with(piece); });
}

// The words of a text: runs of letters and digits, in lower case.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (size_t at = 0; at < text.size();) {
    size_t length = CharacterLength(text, at);
    bool part = length > 1 || isalnum(static_cast<unsigned char>(text[at]));
    if (part) {
      for (size_t i = 0; i < length; ++i)
        word.push_back(static_cast<char>(length == 1 ? tolower(text[at]) : text[at + i]));
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
    at += length;
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}
Result<Datum> ContainsTokens(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  return TestTexts(values, rows, [](std::string_view text, std::string_view piece) {
    std::vector<std::string> have = Words(text);
    for (const std::string& word : Words(piece)) {
      if (std::find(have.begin(), have.end(), word) == have.end()) return false;
    }
    return true;
  });
}

Result<Signature> SignConcat(const FunctionInfo& self, const Types& types) {
  if (types.empty()) return BadArguments(self, types, "at least one argument");
  bool large = false;
  for (const TypePtr& type : types) {
    large |= type->id() == arrow::Type::LARGE_STRING;
    if (arrow::is_nested(type->id()) || IsBinaryType(*type)) return BadArguments(self, types, "texts");
  }
  TypePtr text = large ? arrow::large_utf8() : arrow::utf8();
  return Signature{Types(types.size(), text), text};
}

// Nulls count as empty.
Result<Datum> Concat(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  std::vector<BytesView> views(values.begin(), values.end());
  return MapText(rows, type, [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
    for (const BytesView& view : views) {
      if (!view.IsNull(i)) scratch->append(view[i]);
    }
    return *scratch;
  });
}
Result<Datum> ConcatWithSeparator(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  std::vector<BytesView> views(values.begin(), values.end());
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        bool first = true;
        for (size_t k = 1; k < views.size(); ++k) {
          if (views[k].IsNull(i)) continue;
          if (!first) scratch->append(views[0][i]);
          first = false;
          scratch->append(views[k][i]);
        }
        return *scratch;
      },
      views[0]);
}

Result<Datum> Replace(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView from(values[1]);
  BytesView to(values[2]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        std::string_view input = text[i];
        std::string_view piece = from[i];
        std::string_view with = to[i];
        size_t at = 0;
        if (piece.empty()) {  // between all characters, and at both ends
          scratch->append(with);
          while (at < input.size()) {
            size_t length = CharacterLength(input, at);
            scratch->append(input.substr(at, length));
            scratch->append(with);
            at += length;
          }
          return *scratch;
        }
        for (size_t hit = input.find(piece); hit != std::string_view::npos; hit = input.find(piece, at)) {
          scratch->append(input.substr(at, hit - at));
          scratch->append(with);
          at = hit + piece.size();
        }
        scratch->append(input.substr(at));
        return *scratch;
      },
      text, from, to);
}

Result<Datum> InitCap(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        bool inside = false;
        for (char c : text[i]) {
          auto byte = static_cast<unsigned char>(c);
          bool part = isalnum(byte) || byte >= 0x80;
          scratch->push_back(byte >= 0x80 ? c : static_cast<char>(inside ? tolower(byte) : toupper(byte)));
          inside = part;
        }
        return *scratch;
      },
      text);
}

const FunctionInfo kFunctions[] = {
    {"lower", SignText<1, 1>, LowerText},
    {"upper", SignText<1, 1>, UpperText},
    {"reverse", SignText<1, 1>, Reverse},
    {"initcap", SignText<1, 1>, InitCap},
    {"character_length", SignLength, Length},
    {"octet_length", SignByteLength, ByteLength<1>},
    {"bit_length", SignByteLength, ByteLength<8>},
    {"strpos", SignStrpos, Strpos},
    {"ascii", SignAscii, Ascii},
    {"contains", SignTest<2>, Contains},
    {"starts_with", SignTest<2>, StartsWith},
    {"ends_with", SignTest<2>, EndsWith},
    {"contains_tokens", SignTest<2>, ContainsTokens},
    {"concat", SignConcat, Concat},
    {"concat_ws", SignConcat, ConcatWithSeparator},
    {"replace", SignText<3, 3>, Replace},
};

}  // namespace

std::span<const FunctionInfo> TextFunctions() { return kFunctions; }

}  // namespace lance::expr
