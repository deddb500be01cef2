#include "lance/expr/kernels/logic.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"

namespace lance::expr {

using arrow::Datum;
using arrow::internal::checked_cast;

Result<Datum> AndOr(bool is_and, const Datum& left, const Datum& right) {
  return arrow::compute::CallFunction(is_and ? "and_kleene" : "or_kleene", {left, right});
}

Result<Datum> Not(const Datum& value) { return arrow::compute::CallFunction("invert", {value}); }

Result<Datum> Is(const Datum& value, IsTest test, bool negated, int64_t rows) {
  if (test == IsTest::kNull || test == IsTest::kUnknown) {
    if (value.is_scalar())
      return Datum(std::make_shared<arrow::BooleanScalar>(value.scalar()->is_valid == negated));
    const arrow::ArrayData& data = *value.array();
    if (data.type->id() == arrow::Type::NA) return Datum(std::make_shared<arrow::BooleanScalar>(!negated));
    if (data.GetNullCount() == 0) return Datum(std::make_shared<arrow::BooleanScalar>(negated));
    return arrow::compute::CallFunction(negated ? "is_valid" : "is_null", {value});
  }
  bool wanted = test == IsTest::kTrue;
  if (value.is_scalar()) {
    bool holds = value.scalar()->is_valid &&
                 checked_cast<const arrow::BooleanScalar&>(*value.scalar()).value == wanted;
    return Datum(std::make_shared<arrow::BooleanScalar>(holds != negated));
  }
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  BoolView view(value);
  FillBitmap(rows, out->mutable_data(),
             [&](int64_t i) { return (!view.IsNull(i) && view[i] == wanted) != negated; });
  return Datum(MakeBoolArray(rows, std::move(out), nullptr));
}

bool Decides(bool is_and, const Datum& value) {
  if (value.is_scalar()) {
    return value.scalar()->is_valid &&
           checked_cast<const arrow::BooleanScalar&>(*value.scalar()).value != is_and;
  }
  const arrow::ArrayData& data = *value.array();
  if (data.GetNullCount() != 0 || data.length == 0) return false;
  arrow::BooleanArray array(value.array());
  // A first row that leaves it open answers without counting.
  if (array.Value(0) == is_and) return false;
  return array.true_count() == (is_and ? 0 : data.length);
}

}  // namespace lance::expr
