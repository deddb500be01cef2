// coalesce, nvl, nullif, greatest, least ...
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/compare.h"

namespace lance::expr {
namespace {

using arrow::Datum;

Result<Signature> SignUnion(const FunctionInfo& self, const Types& types,
                            TypePtr (*merge)(const TypePtr&, const TypePtr&)) {
  TypePtr common = types[0];
  for (size_t i = 1; i < types.size(); ++i) {
    TypePtr next = merge(common, types[i]);
    if (!next) return BadArguments(self, types, "arguments with a common type");
    common = next;
  }
  return Signature{Types(types.size(), common), common};
}

Result<Signature> SignCoalesce(const FunctionInfo& self, const Types& types) {
  if (types.empty()) return BadArguments(self, types, "at least one argument");
  return SignUnion(self, types, UnionType);
}
Result<Signature> SignTwo(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return BadArguments(self, types, "two arguments");
  return SignUnion(self, types, UnionType);
}
Result<Signature> SignNullIf(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2) return BadArguments(self, types, "two arguments");
  return SignUnion(self, types, ComparisonType);
}
Result<Signature> SignNvl2(const FunctionInfo& self, const Types& types) {
  if (types.size() != 3) return BadArguments(self, types, "three arguments");
  TypePtr common = UnionType(types[1], types[2]);
  if (!common) return BadArguments(self, types, "a common type of the last two arguments");
  return Signature{{types[0], common, common}, common};
}

Result<Datum> Coalesce(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  std::vector<Datum> arrays;
  for (const Datum& value : values) {
    ARROW_ASSIGN_OR_RAISE(auto array, ToArray(value, rows));
    arrays.emplace_back(std::move(array));
  }
  if (arrays.size() == 1 || type->id() == arrow::Type::NA) return arrays[0];
  return arrow::compute::CallFunction("coalesce", arrays);
}

Result<Datum> Choose(const Datum& condition, const Datum& yes, const Datum& no, int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(auto flags, ToArray(condition, rows));
  return arrow::compute::CallFunction("if_else", {Datum(flags), yes, no});
}

Result<Datum> NullIf(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(auto left, ToArray(values[0], rows));
  ARROW_ASSIGN_OR_RAISE(Datum equal, Compare(Op::kEq, Datum(left), values[1], rows));
  ARROW_ASSIGN_OR_RAISE(auto flags, ToArray(equal, rows));
  BoolView same{Datum(flags)};
  ARROW_ASSIGN_OR_RAISE(auto keep, NewBitmap(rows));
  FillBitmap(rows, keep->mutable_data(), [&](int64_t i) { return same.IsNull(i) || !same[i]; });
  return Choose(Datum(MakeBoolArray(rows, keep, nullptr)), Datum(left), Datum(arrow::MakeNullScalar(type)),
                rows);
}

Result<Datum> Nvl2(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  ARROW_ASSIGN_OR_RAISE(auto tested, ToArray(values[0], rows));
  ARROW_ASSIGN_OR_RAISE(Datum valid, arrow::compute::CallFunction("is_valid", {Datum(tested)}));
  return Choose(valid, values[1], values[2], rows);
}

// Nulls do not take part: the extreme of the others.
template <Op kKeepsLeft>
Result<Datum> Extreme(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  ARROW_ASSIGN_OR_RAISE(auto best, ToArray(values[0], rows));
  for (size_t k = 1; k < values.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(auto next, ToArray(values[k], rows));
    ARROW_ASSIGN_OR_RAISE(Datum wins, Compare(kKeepsLeft, Datum(best), Datum(next), rows));
    ARROW_ASSIGN_OR_RAISE(auto flags, ToArray(wins, rows));
    BoolView left_wins{Datum(flags)};
    ARROW_ASSIGN_OR_RAISE(auto keep, NewBitmap(rows));
    FillBitmap(rows, keep->mutable_data(),
               [&](int64_t i) { return left_wins.IsNull(i) ? next->IsNull(i) : left_wins[i]; });
    ARROW_ASSIGN_OR_RAISE(Datum merged,
                          Choose(Datum(MakeBoolArray(rows, keep, nullptr)), Datum(best), Datum(next), rows));
    ARROW_ASSIGN_OR_RAISE(best, ToArray(merged, rows));
  }
  return Datum(best);
}

const FunctionInfo kFunctions[] = {
    {"coalesce", SignCoalesce, Coalesce},
    {"nvl", SignTwo, Coalesce},
    {"nvl2", SignNvl2, Nvl2},
    {"nullif", SignNullIf, NullIf},
    {"greatest", SignCoalesce, Extreme<Op::kGtEq>},
    {"least", SignCoalesce, Extreme<Op::kLtEq>},
};

}  // namespace

std::span<const FunctionInfo> ConditionalFunctions() { return kFunctions; }

}  // namespace lance::expr
