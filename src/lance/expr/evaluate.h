#pragma once

#include <memory>

#include <arrow/datum.h>
#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

/// One step of a compiled expression. Immutable, thread-safe; one virtual call per batch.
class Node {
 public:
  virtual ~Node() = default;
  /// Returns an array of batch.num_rows() values, or a scalar that stands for all of them.
  virtual Result<arrow::Datum> Evaluate(const arrow::RecordBatch& batch) const = 0;
};
using NodePtr = std::unique_ptr<const Node>;

/// Prepares a coerced expression for evaluation: patterns compiled, sets hashed.
Result<NodePtr> Compile(const Logical& node);

/// The value of an expression that reads no column.
Result<std::shared_ptr<arrow::Scalar>> EvaluateConstant(const Logical& node);

/// The value of a scalar as another type, as CAST (or TRY_CAST: null for what does not fit).
Result<std::shared_ptr<arrow::Scalar>> CastScalar(const std::shared_ptr<arrow::Scalar>& value,
                                                  const std::shared_ptr<arrow::DataType>& type, bool is_try);

}  // namespace lance::expr
