#pragma once

#include <memory>

#include <arrow/array.h>
#include <arrow/datum.h>

#include "lance/base/status.h"

namespace lance::expr {

/// The literals of an IN list, hashed once.
class ValueSet {
 public:
  virtual ~ValueSet() = default;
  /// `values` has one type; nulls in it make a miss null.
  /// \retval NotSupported  a type that is not hashed here (nested, interval)
  static Result<std::unique_ptr<const ValueSet>> Make(const std::shared_ptr<arrow::Array>& values);

  /// value IN set (or NOT IN), three-valued. `value` is an array of the set's type, or a dictionary of it.
  virtual Result<arrow::Datum> Contains(const arrow::Datum& value, bool negated, int64_t rows) const = 0;
};

}  // namespace lance::expr
