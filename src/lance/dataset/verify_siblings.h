#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace lance {

/// Every column of a nested field says anew which of its parents are null and where their lists end; a reader
/// believes the first of several. This finds columns of one field that say different things.
class SiblingCheck {
 public:
  /// One copy of `field` for each column that it is stored in, pruned to that column; less than two when
  /// there is nothing to compare.
  static std::vector<schema::Field> Columns(const schema::Field& field);

  /// Compares what `array`, the same rows of the next column, says with the column before. Errors: Corruption
  /// names both columns and the first difference.
  Status Next(const schema::Field& column, std::shared_ptr<arrow::Array> array);

 private:
  schema::Field previous_field_;
  std::shared_ptr<arrow::Array> previous_;
};

}  // namespace lance
