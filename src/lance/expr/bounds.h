#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/expr/expr.h"

namespace lance::expr {

/// What the AND-terms of a filter say about one column: every row that passes has a value inside. A bound is
/// null when there is none. Values have the column's type and are not null; floats compare in total order, so
/// NaN is above every bound.
struct ColumnBounds {
  std::string column;  ///< path as in Expression::columns()
  std::shared_ptr<arrow::Scalar> low;
  std::shared_ptr<arrow::Scalar> high;
  bool low_inclusive = true;
  bool high_inclusive = true;
  /// The values of `column = x` or `column IN (...)`, empty when there is no such term.
  std::vector<std::shared_ptr<arrow::Scalar>> one_of;
  bool is_null = false;   ///< only rows where the column is null pass
  bool not_null = false;  ///< only rows where it is not null pass (any comparison implies it)
};

/// Extracts the bounds that the simple terms (`column op literal`) of the top-level AND give; terms of other
/// shapes are left out, so the bounds may be wider than the filter, never narrower.
std::vector<ColumnBounds> ExtractBounds(const Expression& filter);

}  // namespace lance::expr
