// array_has, array_element, make_array ...
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/list_rows.h"
#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/compare.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

Result<Signature> SignHas(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return BadArguments(self, types, "a list and a value");
  if (IsNullType(*types[0])) return Signature{types, arrow::boolean()};
  if (!IsListType(*types[0])) return BadArguments(self, types, "a list and a value");
  TypePtr common = ComparisonType(ListValueType(*types[0]), types[1]);
  if (!common) return BadArguments(self, types, "a value that compares with the elements");
  return Signature{{WithValues(*types[0], common), common}, arrow::boolean()};
}

Result<Signature> SignTwoLists(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return BadArguments(self, types, "two lists");
  for (const TypePtr& type : types) {
    if (IsNullType(*type)) return Signature{types, arrow::boolean()};
    if (!IsListType(*type)) return BadArguments(self, types, "two lists");
  }
  TypePtr common = ComparisonType(ListValueType(*types[0]), ListValueType(*types[1]));
  if (!common) return BadArguments(self, types, "two lists whose elements compare");
  return Signature{{WithValues(*types[0], common), WithValues(*types[1], common)}, arrow::boolean()};
}

Datum NullBool() { return Datum(arrow::MakeNullScalar(arrow::boolean())); }

// Against one value for all rows: the elements are compared at once, then each row looks for a hit.
Result<Datum> Has(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  if (AnyNullType(values)) return NullBool();
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  if (values[1].is_scalar()) {
    if (!values[1].scalar()->is_valid) return NullBool();
    ARROW_ASSIGN_OR_RAISE(Datum hits,
                          Compare(Op::kEq, Datum(lists.values()), values[1], lists.values()->length()));
    ARROW_ASSIGN_OR_RAISE(auto flags, ToArray(hits, lists.values()->length()));
    BoolView hit{Datum(flags)};
    return MapValues<arrow::BooleanBuilder>(
        rows,
        [&](int64_t i) {
          for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
            if (!hit.IsNull(at) && hit[at]) return true;
          }
          return false;
        },
        lists);
  }
  auto wanted = values[1].make_array();
  return MapValues<arrow::BooleanBuilder>(
      rows,
      [&](int64_t i) {
        for (int64_t at = lists.start(i); at < lists.end(i); ++at) {
          if (wanted->RangeEquals(*lists.values(), i, i + 1, at, ElementEquality())) return true;
        }
        return false;
      },
      lists, *wanted);
}

bool Finds(const arrow::Array& values, int64_t start, int64_t end, const arrow::Array& wanted,
           int64_t index) {
  for (int64_t at = start; at < end; ++at) {
    if (values.RangeEquals(wanted, at, at + 1, index, ElementEquality())) return true;
  }
  return false;
}

template <bool kAll>
Result<Datum> HasMany(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  if (AnyNullType(values)) return NullBool();
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  ARROW_ASSIGN_OR_RAISE(ListRows needles, ListRows::Make(values[1]));
  return MapValues<arrow::BooleanBuilder>(
      rows,
      [&](int64_t i) {
        for (int64_t n = needles.start(i); n < needles.end(i); ++n) {
          bool found = Finds(*lists.values(), lists.start(i), lists.end(i), *needles.values(), n);
          if (found != kAll) return found;
        }
        return kAll;
      },
      lists, needles);
}

Result<Signature> SignEmpty(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !(IsListType(*types[0]) || IsNullType(*types[0])))
    return BadArguments(self, types, "a list");
  return Signature{types, arrow::boolean()};
}
Result<Datum> Empty(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  if (AnyNullType(values)) return NullBool();
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  return MapValues<arrow::BooleanBuilder>(
      rows, [&](int64_t i) { return lists.length(i) == 0; }, lists);
}

Result<Signature> SignElement(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 2 && (IsListType(*types[0]) || IsNullType(*types[0])) &&
              (IsIntegerType(*types[1]) || IsNullType(*types[1]));
  if (!fits) return BadArguments(self, types, "a list and an integer");
  return Signature{{types[0], arrow::int64()}, IsNullType(*types[0]) ? types[0] : ListValueType(*types[0])};
}

// Counts from 1, or from the end when negative; null outside.
Result<Datum> Element(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (AnyNullType(values)) return Datum(arrow::MakeNullScalar(type));
  ARROW_ASSIGN_OR_RAISE(ListRows lists, ListRows::Make(values[0]));
  NumberView<int64_t> index(values[1]);
  arrow::Int64Builder picks;
  ARROW_RETURN_NOT_OK(picks.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    int64_t at = -1;
    if (!lists.IsNull(i) && !index.IsNull(i)) {
      int64_t wanted = index[i];
      int64_t length = lists.length(i);
      if (wanted > 0 && wanted <= length) at = lists.start(i) + wanted - 1;
      if (wanted < 0 && wanted >= -length) at = lists.end(i) + wanted;
    }
    if (at < 0) {
      picks.UnsafeAppendNull();
    } else {
      picks.UnsafeAppend(at);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, picks.Finish());
  return arrow::compute::Take(Datum(lists.values()), Datum(indices),
                              arrow::compute::TakeOptions::NoBoundsCheck());
}

Result<Signature> SignMakeArray(const FunctionInfo& self, const Types& types) {
  TypePtr common = types.empty() ? arrow::null() : types[0];
  for (const TypePtr& type : types) {
    common = UnionType(common, type);
    if (!common) return BadArguments(self, types, "arguments with a common type");
  }
  return Signature{Types(types.size(), common), arrow::list(common)};
}

Result<Datum> MakeArray(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  auto& lists = checked_cast<arrow::ListBuilder&>(*builder);
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const Datum& value : values) {
    ARROW_ASSIGN_OR_RAISE(auto array, ToArray(value, rows));
    arrays.push_back(std::move(array));
  }
  for (int64_t i = 0; i < rows; ++i) {
    ARROW_RETURN_NOT_OK(lists.Append());
    for (const auto& array : arrays) {
      ARROW_RETURN_NOT_OK(lists.value_builder()->AppendArraySlice(*array->data(), i, 1));
    }
  }
  return Finished(builder.get());
}

const FunctionInfo kFunctions[] = {
    {"array_has", SignHas, Has},
    {"array_has_any", SignTwoLists, HasMany<false>},
    {"array_has_all", SignTwoLists, HasMany<true>},
    {"empty", SignEmpty, Empty},
    {"array_element", SignElement, Element},
    {"make_array", SignMakeArray, MakeArray},
};

}  // namespace

std::span<const FunctionInfo> ListFunctions() { return kFunctions; }

}  // namespace lance::expr
