// Functions that give lists: array_slice, array_append, array_distinct, array_union ...
#include <algorithm>
#include <unordered_set>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/list_rows.h"
#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/tables.h"

namespace lance::expr {
namespace {

using arrow::Datum;

bool IsIntegerOrNull(const TypePtr& type) { return IsIntegerType(*type) || IsNullType(*type); }

// The type of elements of both; null where only a cast to text would join them.
TypePtr ElementUnion(const TypePtr& left, const TypePtr& right) {
  if (!IsNullType(*left) && !IsNullType(*right) && IsStringType(*left) != IsStringType(*right))
    return nullptr;
  return UnionType(left, right);
}

Datum NullOf(const TypePtr& type) { return Datum(arrow::MakeNullScalar(type)); }

// One list, given back changed.
Result<Signature> SignList(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !(IsListType(*types[0]) || IsNullType(*types[0]))) {
    return BadArguments(self, types, "a list");
  }
  if (IsNullType(*types[0])) return Signature{types, types[0]};
  return Signature{types, ListOf(*types[0], ListValueType(*types[0]))};
}

// A list (at `list_at`) and values that go into it or are looked for, with integers at the end.
template <size_t kList, size_t kValues, size_t kMinIntegers, size_t kMaxIntegers>
Result<Signature> SignWithValues(const FunctionInfo& self, const Types& types) {
  const size_t fixed = 1 + kValues;
  bool fits = types.size() >= fixed + kMinIntegers && types.size() <= fixed + kMaxIntegers &&
              (IsListType(*types[kList]) || IsNullType(*types[kList]));
  for (size_t i = fixed; fits && i < types.size(); ++i) fits = IsIntegerOrNull(types[i]);
  if (!fits) return BadArguments(self, types, "a list and values of its element type");
  const bool no_list = IsNullType(*types[kList]);
  TypePtr element = no_list ? arrow::null() : ListValueType(*types[kList]);
  for (size_t i = 0; i < fixed; ++i) {
    if (i == kList) continue;
    element = ElementUnion(element, types[i]);
    if (!element) return BadArguments(self, types, "values of the list's element type");
  }
  TypePtr list = no_list ? arrow::list(element) : ListOf(*types[kList], element);
  Types arguments(types.size(), arrow::int64());
  for (size_t i = 0; i < fixed; ++i) arguments[i] = element;
  arguments[kList] = no_list ? list : WithValues(*types[kList], element);
  return Signature{arguments, list};
}

// Runs `row(i)`, which calls Begin or Null once and then adds.
template <typename Row>
Result<Datum> Build(int64_t rows, ListOutput& out, Row row) {
  for (int64_t i = 0; i < rows; ++i) ARROW_RETURN_NOT_OK(row(i));
  return out.Finish();
}

template <bool kFront>
Result<Datum> Push(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[kFront ? 1 : 0]));
  ARROW_ASSIGN_OR_RAISE(auto pushed, ToArray(values[kFront ? 0 : 1], rows));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    ARROW_RETURN_NOT_OK(out.Begin());
    if (kFront) ARROW_RETURN_NOT_OK(out.Add(*pushed, i));
    if (!lists.IsNull(i)) ARROW_RETURN_NOT_OK(out.Add(*lists.values(), lists.start(i), lists.length(i)));
    return kFront ? Status::OK() : out.Add(*pushed, i);
  });
}

Result<Signature> SignConcat(const FunctionInfo& self, const Types& types) {
  if (types.empty()) return BadArguments(self, types, "lists");
  TypePtr element = arrow::null();
  for (const TypePtr& type : types) {
    if (!IsListType(*type)) return BadArguments(self, types, "lists");
    element = ElementUnion(element, ListValueType(*type));
    if (!element) return BadArguments(self, types, "lists with a common element type");
  }
  Types arguments;
  for (const TypePtr& type : types) arguments.push_back(WithValues(*type, element));
  return Signature{arguments, ListOf(*types[0], element)};
}

Result<Datum> Concat(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  std::vector<ListRows> lists;
  for (const Datum& value : values) {
    ARROW_ASSIGN_OR_RAISE(lists.emplace_back(), ListRows::Make(value));
  }
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (std::all_of(lists.begin(), lists.end(), [&](const ListRows& list) { return list.IsNull(i); })) {
      return out.Null();
    }
    ARROW_RETURN_NOT_OK(out.Begin());
    for (const ListRows& list : lists) {
      if (!list.IsNull(i)) ARROW_RETURN_NOT_OK(out.Add(*list.values(), list.start(i), list.length(i)));
    }
    return Status::OK();
  });
}

Result<Signature> SignSlice(const FunctionInfo& self, const Types& types) {
  bool fits = (types.size() == 3 || types.size() == 4) && (IsListType(*types[0]) || IsNullType(*types[0]));
  for (size_t i = 1; fits && i < types.size(); ++i) fits = IsIntegerOrNull(types[i]);
  if (!fits) return BadArguments(self, types, "a list, a first and a last position");
  if (IsNullType(*types[0])) return Signature{types, types[0]};
  Types arguments(types.size(), arrow::int64());
  arguments[0] = types[0];
  return Signature{arguments, ListOf(*types[0], ListValueType(*types[0]))};
}

// Positions count from 1, or from the end when negative, and both ends are inside.
Result<Datum> Slice(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  NumberView<int64_t> first(values[1]);
  NumberView<int64_t> last(values[2]);
  static const Datum kOne(std::make_shared<arrow::Int64Scalar>(1));
  NumberView<int64_t> stride(values.size() == 4 ? values[3] : kOne);
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i) || first.IsNull(i) || last.IsNull(i) || stride.IsNull(i)) return out.Null();
    if (stride[i] == 0) return InvalidArgument("array_slice got invalid stride: 0, it cannot be 0");
    ARROW_RETURN_NOT_OK(out.Begin());
    const int64_t length = lists.length(i);
    int64_t from =
        first[i] < 0 ? std::max<int64_t>(first[i] + length, 0) : std::max<int64_t>(first[i] - 1, 0);
    int64_t to = last[i] < 0 ? last[i] + length : std::min(last[i] - 1, length - 1);
    if (from >= length || to < 0) return Status::OK();
    if (stride[i] == 1) {
      return from > to ? Status::OK() : out.Add(*lists.values(), lists.start(i) + from, to - from + 1);
    }
    if (stride[i] > 0) {
      for (int64_t at = from; at <= to; at = stride[i] > to - at ? to + 1 : at + stride[i]) {
        ARROW_RETURN_NOT_OK(out.Add(*lists.values(), lists.start(i) + at));
      }
    } else {
      for (int64_t at = from; at >= to; at = stride[i] < to - at ? to - 1 : at + stride[i]) {
        ARROW_RETURN_NOT_OK(out.Add(*lists.values(), lists.start(i) + at));
      }
    }
    return Status::OK();
  });
}

template <bool kFront>
Result<Datum> Pop(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    if (lists.length(i) == 0) return Status::OK();
    return out.Add(*lists.values(), lists.start(i) + (kFront ? 1 : 0), lists.length(i) - 1);
  });
}

Result<Datum> Reverse(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    for (int64_t at = lists.end(i) - 1; at >= lists.start(i); --at) {
      ARROW_RETURN_NOT_OK(out.Add(*lists.values(), at));
    }
    return Status::OK();
  });
}

Result<Signature> SignSort(const FunctionInfo& self, const Types& types) {
  bool fits = !types.empty() && types.size() <= 3 && (IsListType(*types[0]) || IsNullType(*types[0]));
  Types arguments = types;
  for (size_t i = 1; fits && i < types.size(); ++i) {
    arguments[i] = TextOrNull(types[i]);
    fits = arguments[i] != nullptr;
  }
  if (!fits) return BadArguments(self, types, "a list, a direction and a place for nulls");
  if (IsNullType(*types[0])) return Signature{types, types[0]};
  return Signature{arguments, ListOf(*types[0], ListValueType(*types[0]))};
}

bool Says(std::string_view text, std::string_view upper) {
  return text.size() == upper.size() &&
         std::equal(text.begin(), text.end(), upper.begin(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

Result<Datum> Sort(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  bool descending = false;
  bool nulls_first = true;
  for (size_t i = 1; i < values.size(); ++i) {
    if (!values[i].is_scalar()) return NotSupported("array_sort in an order that is not a literal");
    BytesView word(values[i]);
    if (word.IsNull(0)) return NullOf(type);
    const std::string_view yes = i == 1 ? "DESC" : "NULLS FIRST";
    const std::string_view no = i == 1 ? "ASC" : "NULLS LAST";
    if (!Says(word[0], yes) && !Says(word[0], no)) {
      return InvalidArgument("the {} parameter of array_sort expects {} or {}", i == 1 ? "second" : "third",
                             yes, no);
    }
    (i == 1 ? descending : nulls_first) = Says(word[0], yes);
  }
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(std::vector<int64_t> ranks, Ranks(lists.values()));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  std::vector<int64_t> order;
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    order.clear();
    for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
      if (ranks[at] >= 0) order.push_back(at);
    }
    const int64_t nulls = lists.length(i) - static_cast<int64_t>(order.size());
    std::sort(order.begin(), order.end(),
              [&](int64_t a, int64_t b) { return descending ? ranks[a] > ranks[b] : ranks[a] < ranks[b]; });
    for (int64_t n = 0; nulls_first && n < nulls; ++n) ARROW_RETURN_NOT_OK(out.AddNull());
    for (const int64_t at : order) ARROW_RETURN_NOT_OK(out.Add(*lists.values(), at));
    for (int64_t n = 0; !nulls_first && n < nulls; ++n) ARROW_RETURN_NOT_OK(out.AddNull());
    return Status::OK();
  });
}

// Removes the first `count(i)` elements that equal the second argument.
template <typename Count>
Result<Datum> RemoveSome(const std::vector<Datum>& values, int64_t rows, const TypePtr& type, Count count) {
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(auto wanted, ToArray(values[1], rows));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i) || wanted->IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    int64_t left = count(i);
    for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
      if (left > 0 && lists.values()->RangeEquals(*wanted, at, at + 1, i, ElementEquality())) {
        --left;
      } else {
        ARROW_RETURN_NOT_OK(out.Add(*lists.values(), at));
      }
    }
    return Status::OK();
  });
}

// Puts the third argument in the place of the first `count(i)` elements that equal the second.
template <typename Count>
Result<Datum> ReplaceSome(const std::vector<Datum>& values, int64_t rows, const TypePtr& type, Count count) {
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(auto wanted, ToArray(values[1], rows));
  ARROW_ASSIGN_OR_RAISE(auto put, ToArray(values[2], rows));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    int64_t left = count(i);
    for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
      const bool hit = left > 0 && lists.values()->RangeEquals(*wanted, at, at + 1, i, ElementEquality());
      left -= hit ? 1 : 0;
      ARROW_RETURN_NOT_OK(hit ? out.Add(*put, i) : out.Add(*lists.values(), at));
    }
    return Status::OK();
  });
}

template <bool kReplace, typename Count>
Result<Datum> ChangeSome(const std::vector<Datum>& values, int64_t rows, const TypePtr& type, Count count) {
  return kReplace ? ReplaceSome(values, rows, type, count) : RemoveSome(values, rows, type, count);
}
template <bool kReplace>
Result<Datum> ChangeFirst(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  return ChangeSome<kReplace>(values, rows, type, [](int64_t) { return int64_t{1}; });
}
template <bool kReplace>
Result<Datum> ChangeAll(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  return ChangeSome<kReplace>(values, rows, type, [](int64_t) { return INT64_MAX; });
}
template <bool kReplace>
Result<Datum> ChangeCounted(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  NumberView<int64_t> given(values.back());
  return ChangeSome<kReplace>(values, rows, type,
                              [&](int64_t i) { return given.IsNull(i) ? int64_t{0} : given[i]; });
}

Result<Signature> SignResize(const FunctionInfo& self, const Types& types) {
  if (types.size() < 2 || types.size() > 3) return BadArguments(self, types, "a list, a size and a value");
  bool fits = IsListType(*types[0]) && IsIntegerOrNull(types[1]);
  TypePtr element = fits ? ListValueType(*types[0]) : nullptr;
  if (fits && types.size() == 3) element = ElementUnion(element, types[2]);
  if (!element) return BadArguments(self, types, "a list, a size and a value of the element type");
  Types arguments = {WithValues(*types[0], element), arrow::int64()};
  if (types.size() == 3) arguments.push_back(element);
  return Signature{arguments, ListOf(*types[0], element)};
}

Result<Datum> Resize(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  NumberView<int64_t> size(values[1]);
  std::shared_ptr<arrow::Array> fill;
  if (values.size() == 3) {
    ARROW_ASSIGN_OR_RAISE(fill, ToArray(values[2], rows));
  }
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    const int64_t wanted = size.IsNull(i) ? 0 : size[i];
    LANCE_CHECK_ARG(wanted >= 0 && wanted <= kMaxListLength, "array_resize to {} elements", wanted);
    ARROW_RETURN_NOT_OK(out.Begin());
    const int64_t kept = std::min(wanted, lists.length(i));
    ARROW_RETURN_NOT_OK(out.Add(*lists.values(), lists.start(i), kept));
    for (int64_t n = kept; n < wanted; ++n) ARROW_RETURN_NOT_OK(fill ? out.Add(*fill, i) : out.AddNull());
    return Status::OK();
  });
}

Result<Signature> SignRepeat(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2 || !IsIntegerOrNull(types[1]))
    return BadArguments(self, types, "a value and a count");
  return Signature{{types[0], arrow::int64()}, arrow::list(types[0])};
}

Result<Datum> Repeat(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(auto repeated, ToArray(values[0], rows));
  NumberView<int64_t> count(values[1]);
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  return Build(rows, out, [&](int64_t i) -> Status {
    if (count.IsNull(i)) return out.Null();
    LANCE_CHECK_ARG(count[i] <= kMaxListLength, "array_repeat to {} elements", count[i]);
    ARROW_RETURN_NOT_OK(out.Begin());
    for (int64_t n = 0; n < count[i]; ++n) ARROW_RETURN_NOT_OK(out.Add(*repeated, i));
    return Status::OK();
  });
}

Result<Signature> SignSets(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return BadArguments(self, types, "two lists");
  TypePtr element = arrow::null();
  bool null = false;
  for (const TypePtr& type : types) {
    null = null || IsNullType(*type);
    if (IsNullType(*type)) continue;
    if (!IsListType(*type)) return BadArguments(self, types, "two lists");
    element = ElementUnion(element, ListValueType(*type));
    if (!element) return BadArguments(self, types, "two lists with a common element type");
  }
  const TypePtr& list = IsNullType(*types[0]) ? types[1] : types[0];
  TypePtr result = IsNullType(*list) ? arrow::list(element) : ListOf(*list, element);
  if (null) return Signature{types, result};
  return Signature{{WithValues(*types[0], element), WithValues(*types[1], element)}, result};
}

enum class SetOperation { kDistinct, kUnion, kIntersect, kExcept };

// Elements in the order of their first occurrence, each once.
template <SetOperation kOperation>
Result<Datum> Sets(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows left, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(ListRows right, ListRows::Make(values.back()));
  std::vector<std::shared_ptr<arrow::Array>> arrays = {left.values()};
  if (values.size() == 2) arrays.push_back(right.values());
  ARROW_ASSIGN_OR_RAISE(std::vector<int32_t> identities, Identities(arrays));
  const int64_t shift = values.size() == 2 ? left.values()->length() : 0;
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  std::unordered_set<int32_t> seen;
  std::unordered_set<int32_t> others;
  auto add = [&](const ListRows& lists, int64_t row, int64_t from, auto wanted) -> Status {
    for (int64_t at = lists.start(row); at < lists.end(row); ++at) {
      const int32_t identity = identities[static_cast<size_t>(from + at)];
      if (wanted(identity) && seen.insert(identity).second) ARROW_RETURN_NOT_OK(out.Add(*lists.values(), at));
    }
    return Status::OK();
  };
  return Build(rows, out, [&](int64_t i) -> Status {
    if (left.IsNull(i) || right.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    seen.clear();
    others.clear();
    if (kOperation == SetOperation::kIntersect || kOperation == SetOperation::kExcept) {
      for (int64_t at = right.start(i); at < right.end(i); ++at) {
        others.insert(identities[static_cast<size_t>(shift + at)]);
      }
    }
    auto wanted = [&](int32_t identity) {
      if (kOperation == SetOperation::kIntersect) return others.contains(identity);
      if (kOperation == SetOperation::kExcept) return !others.contains(identity);
      return true;
    };
    ARROW_RETURN_NOT_OK(add(left, i, 0, wanted));
    return kOperation == SetOperation::kUnion ? add(right, i, shift, wanted) : Status::OK();
  });
}

Result<Signature> SignFlatten(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Signature out, SignList(self, types));
  if (!IsNullType(*types[0]) && IsListType(*ListValueType(*types[0]))) {
    out.result = ListOf(*types[0], ListValueType(*ListValueType(*types[0])));
  }
  return out;
}

// One level of lists less; lists of anything else stay as they are.
Result<Datum> Flatten(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return NullOf(type);
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(ListOutput out, ListOutput::Make(type));
  const bool nested = IsListType(*lists.values()->type());
  std::optional<ListRows> inner;
  if (nested) {
    ARROW_ASSIGN_OR_RAISE(inner, ListRows::Make(Datum(lists.values())));
  }
  return Build(rows, out, [&](int64_t i) -> Status {
    if (lists.IsNull(i)) return out.Null();
    ARROW_RETURN_NOT_OK(out.Begin());
    if (!nested) return out.Add(*lists.values(), lists.start(i), lists.length(i));
    for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
      if (!inner->IsNull(at))
        ARROW_RETURN_NOT_OK(out.Add(*inner->values(), inner->start(at), inner->length(at)));
    }
    return Status::OK();
  });
}

const FunctionInfo kFunctions[] = {
    {"array_append", SignWithValues<0, 1, 0, 0>, Push<false>},
    {"array_prepend", SignWithValues<1, 1, 0, 0>, Push<true>},
    {"array_concat", SignConcat, Concat},
    {"array_slice", SignSlice, Slice},
    {"array_pop_front", SignList, Pop<true>},
    {"array_pop_back", SignList, Pop<false>},
    {"array_reverse", SignList, Reverse},
    {"array_sort", SignSort, Sort},
    {"array_remove", SignWithValues<0, 1, 0, 0>, ChangeFirst<false>},
    {"array_remove_n", SignWithValues<0, 1, 1, 1>, ChangeCounted<false>},
    {"array_remove_all", SignWithValues<0, 1, 0, 0>, ChangeAll<false>},
    {"array_replace", SignWithValues<0, 2, 0, 0>, ChangeFirst<true>},
    {"array_replace_n", SignWithValues<0, 2, 1, 1>, ChangeCounted<true>},
    {"array_replace_all", SignWithValues<0, 2, 0, 0>, ChangeAll<true>},
    {"array_resize", SignResize, Resize},
    {"array_repeat", SignRepeat, Repeat},
    {"array_distinct", SignList, Sets<SetOperation::kDistinct>},
    {"array_union", SignSets, Sets<SetOperation::kUnion>},
    {"array_intersect", SignSets, Sets<SetOperation::kIntersect>},
    {"array_except", SignSets, Sets<SetOperation::kExcept>},
    {"flatten", SignFlatten, Flatten},
};

}  // namespace

std::span<const FunctionInfo> ListBuildingFunctions() { return kFunctions; }

}  // namespace lance::expr
