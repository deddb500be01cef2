// Functions that tell something of a list: array_length, array_max, array_position, array_to_string ...
#include <charconv>
#include <cmath>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/list_rows.h"
#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/cast.h"

namespace lance::expr {
namespace {

using arrow::Datum;

bool IsListOrNull(const TypePtr& type) { return IsListType(*type) || IsNullType(*type); }
bool IsIntegerOrNull(const TypePtr& type) { return IsIntegerType(*type) || IsNullType(*type); }

Datum NullOf(const TypePtr& type) { return Datum(arrow::MakeNullScalar(type)); }

int64_t Depth(const arrow::DataType& type) { return IsListType(type) ? 1 + Depth(*ListValueType(type)) : 0; }

Result<Signature> SignCardinality(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !IsListOrNull(types[0])) return BadArguments(self, types, "a list");
  return Signature{types, arrow::uint64()};
}

Result<Signature> SignLength(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return SignCardinality(self, types);
  if (!IsListOrNull(types[0]) || !IsIntegerOrNull(types[1])) {
    return BadArguments(self, types, "a list and a dimension");
  }
  return Signature{{types[0], arrow::int64()}, arrow::uint64()};
}

// A list with the lists in it, outermost first.
Result<std::vector<ListRows>> Levels(const Datum& value) {
  std::vector<ListRows> levels;
  ARROW_ASSIGN_OR_RAISE(levels.emplace_back(), ListRows::Make(value));
  while (IsListType(*levels.back().values()->type())) {
    ARROW_ASSIGN_OR_RAISE(auto inner, ListRows::Make(Datum(levels.back().values())));
    levels.push_back(std::move(inner));
  }
  return levels;
}

// The length at each level of the first list of each; none where there is no first.
std::vector<uint64_t> Dimensions(const std::vector<ListRows>& levels, int64_t row) {
  std::vector<uint64_t> out;
  for (const ListRows& level : levels) {
    if (level.IsNull(row)) break;
    out.push_back(static_cast<uint64_t>(level.length(row)));
    if (level.length(row) == 0) break;
    row = level.start(row);
  }
  return out;
}

Result<Datum> Length(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(std::vector<ListRows> levels, Levels(values[0]));
  static const Datum kOne(std::make_shared<arrow::Int64Scalar>(1));
  NumberView<int64_t> dimension(values.size() == 2 ? values[1] : kOne);
  arrow::UInt64Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    const bool none = levels[0].IsNull(i) || dimension.IsNull(i) || dimension[i] < 1;
    const std::vector<uint64_t> lengths = none ? std::vector<uint64_t>() : Dimensions(levels, i);
    if (none || static_cast<uint64_t>(dimension[i]) > lengths.size()) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(lengths[static_cast<size_t>(dimension[i] - 1)]);
    }
  }
  return Finished(&builder);
}

Result<Datum> NumDimensions(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  const auto depth = static_cast<uint64_t>(Depth(*values[0].type()));
  return MapValues<arrow::UInt64Builder>(
      rows, [&](int64_t) { return depth; }, lists);
}

Result<Signature> SignDimensions(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Signature out, SignCardinality(self, types));
  out.result = arrow::list(arrow::uint64());
  return out;
}

Result<Datum> AllDimensions(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(std::vector<ListRows> levels, Levels(values[0]));
  auto numbers = std::make_shared<arrow::UInt64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), numbers, type);
  for (int64_t i = 0; i < rows; ++i) {
    const std::vector<uint64_t> lengths = Dimensions(levels, i);
    if (lengths.empty() || lengths[0] == 0) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(builder.Append());
    ARROW_RETURN_NOT_OK(numbers->AppendValues(lengths));
  }
  return Finished(&builder);
}

Result<Signature> SignElementOf(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !IsListOrNull(types[0])) return BadArguments(self, types, "a list");
  return Signature{types, IsNullType(*types[0]) ? types[0] : ListValueType(*types[0])};
}

// The element of each list for which `better(candidate, best)` holds against all others; nulls never.
template <typename Better>
Result<Datum> Pick(const ListRows& lists, int64_t rows, Better better) {
  arrow::Int64Builder picks;
  ARROW_RETURN_NOT_OK(picks.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    int64_t best = -1;
    for (int64_t at = lists.IsNull(i) ? 0 : lists.start(i); !lists.IsNull(i) && at < lists.end(i); ++at) {
      if (!lists.values()->IsNull(at) && (best < 0 || better(at, best))) best = at;
    }
    if (best < 0) {
      picks.UnsafeAppendNull();
    } else {
      picks.UnsafeAppend(best);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, picks.Finish());
  return arrow::compute::Take(Datum(lists.values()), Datum(indices),
                              arrow::compute::TakeOptions::NoBoundsCheck());
}

template <bool kMax>
Result<Datum> Extreme(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(std::vector<int64_t> ranks, Ranks(lists.values()));
  return Pick(lists, rows,
              [&](int64_t a, int64_t b) { return kMax ? ranks[a] > ranks[b] : ranks[a] < ranks[b]; });
}

Result<Datum> AnyValue(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  return Pick(lists, rows, [](int64_t, int64_t) { return false; });
}

template <int kMax>
Result<Signature> SignFind(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() >= 2 && types.size() <= kMax && IsListOrNull(types[0]);
  if (fits && types.size() == 3) fits = IsIntegerOrNull(types[2]);
  if (!fits) return BadArguments(self, types, "a list and a value");
  const TypePtr result = kMax == 3 ? arrow::uint64() : arrow::list(arrow::uint64());
  Types arguments = types;
  if (types.size() == 3) arguments[2] = arrow::int64();
  if (IsNullType(*types[0])) return Signature{arguments, result};
  TypePtr common = ComparisonType(ListValueType(*types[0]), types[1]);
  if (!common) return BadArguments(self, types, "a value that compares with the elements");
  arguments[0] = WithValues(*types[0], common);
  arguments[1] = common;
  return Signature{arguments, result};
}

// Where the list has the value first, counted from 1; from the third argument on.
Result<Datum> Position(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType({values[0]})) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(auto wanted, ToArray(values[1], rows));
  static const Datum kOne(std::make_shared<arrow::Int64Scalar>(1));
  NumberView<int64_t> start(values.size() == 3 ? values[2] : kOne);
  arrow::UInt64Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    int64_t found = -1;
    if (!lists.IsNull(i)) {
      const int64_t from = start.IsNull(i) ? 0 : start[i];
      LANCE_CHECK_ARG(from >= 1 && from - 1 <= lists.length(i), "start_from out of bounds: {}", from);
      for (int64_t at = lists.start(i) + from - 1; at < lists.end(i) && found < 0; ++at) {
        if (lists.values()->RangeEquals(*wanted, at, at + 1, i, ElementEquality())) {
          found = at - lists.start(i) + 1;
        }
      }
    }
    if (found < 0) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(static_cast<uint64_t>(found));
    }
  }
  return Finished(&builder);
}

Result<Datum> Positions(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType({values[0]})) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(auto wanted, ToArray(values[1], rows));
  auto numbers = std::make_shared<arrow::UInt64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), numbers, type);
  for (int64_t i = 0; i < rows; ++i) {
    if (lists.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(builder.Append());
    for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
      if (!lists.values()->RangeEquals(*wanted, at, at + 1, i, ElementEquality())) continue;
      ARROW_RETURN_NOT_OK(numbers->Append(static_cast<uint64_t>(at - lists.start(i) + 1)));
    }
  }
  return Finished(&builder);
}

// The shortest digits that read back as the same number, never with an exponent: 1, -2.25, 1000000.
template <typename Float>
std::string PlainText(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = text.find('e');
  std::string digits;
  for (char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  int exponent = 0;
  std::string_view power = text.substr(mark + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const auto whole = exponent + 1;  // digits before the point
  std::string out = std::signbit(value) ? "-" : "";
  if (whole <= 0) return out + "0." + std::string(static_cast<size_t>(-whole), '0') + digits;
  if (static_cast<size_t>(whole) >= digits.size()) {
    return out + digits + std::string(static_cast<size_t>(whole) - digits.size(), '0');
  }
  return out + digits.substr(0, static_cast<size_t>(whole)) + "." + digits.substr(static_cast<size_t>(whole));
}

template <typename ArrayType>
Result<std::shared_ptr<arrow::Array>> FloatTexts(const arrow::Array& values) {
  const auto& floats = static_cast<const ArrayType&>(values);
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < floats.length(); ++i) {
    ARROW_RETURN_NOT_OK(floats.IsNull(i) ? builder.AppendNull() : builder.Append(PlainText(floats.Value(i))));
  }
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> Texts(const std::shared_ptr<arrow::Array>& values) {
  if (values->type_id() == arrow::Type::FLOAT) return FloatTexts<arrow::FloatArray>(*values);
  if (values->type_id() == arrow::Type::DOUBLE) return FloatTexts<arrow::DoubleArray>(*values);
  ARROW_ASSIGN_OR_RAISE(Datum texts, Cast(Datum(values), values->length(), arrow::utf8(), false));
  return ToArray(texts, values->length());
}

Result<Signature> SignToString(const FunctionInfo& self, const Types& types) {
  bool fits = (types.size() == 2 || types.size() == 3) && IsListOrNull(types[0]);
  Types arguments = types;
  for (size_t i = 1; fits && i < types.size(); ++i) {
    fits = TextOrNull(types[i]) != nullptr;
    arguments[i] = arrow::utf8();
  }
  if (!fits) return BadArguments(self, types, "a list and a text");
  return Signature{arguments, arrow::utf8()};
}

// Elements of nested lists follow one another; nulls are left out, or take the third argument's place.
Result<Datum> ToText(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType({values[0]})) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(std::vector<ListRows> levels, Levels(values[0]));
  ARROW_ASSIGN_OR_RAISE(auto texts, Texts(levels.back().values()));
  BytesView text{Datum(texts)};
  BytesView separator(values[1]);
  static const Datum kNone(arrow::MakeNullScalar(arrow::utf8()));
  BytesView for_null(values.size() == 3 ? values[2] : kNone);
  return MapText(
      rows, type,
      [&](int64_t i, std::string* out) -> Result<std::string_view> {
        bool first = true;
        auto put = [&](std::string_view piece) {
          if (!first) out->append(separator[i]);
          first = false;
          out->append(piece);
        };
        auto walk = [&](auto&& again, size_t level, int64_t row) -> void {
          if (levels[level].IsNull(row)) return;
          for (int64_t at = levels[level].start(row); at < levels[level].end(row); ++at) {
            if (level + 1 < levels.size()) {
              again(again, level + 1, at);
            } else if (!text.IsNull(at)) {
              put(text[at]);
            } else if (!for_null.IsNull(i)) {
              put(for_null[i]);
            }
          }
        };
        walk(walk, 0, i);
        return *out;
      },
      levels[0], separator);
}

const FunctionInfo kFunctions[] = {
    {"array_length", SignLength, Length},
    {"cardinality", SignCardinality, Length},
    {"array_ndims", SignCardinality, NumDimensions},
    {"array_dims", SignDimensions, AllDimensions},
    {"array_max", SignElementOf, Extreme<true>},
    {"array_min", SignElementOf, Extreme<false>},
    {"array_any_value", SignElementOf, AnyValue},
    {"array_position", SignFind<3>, Position},
    {"array_positions", SignFind<2>, Positions},
    {"array_to_string", SignToString, ToText},
};

}  // namespace

std::span<const FunctionInfo> ListReducingFunctions() { return kFunctions; }

}  // namespace lance::expr
