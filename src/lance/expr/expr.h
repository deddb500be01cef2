#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class Array;
class DataType;
class RecordBatch;
struct Scalar;
class Schema;
}  // namespace arrow

namespace lance::expr {

struct Logical;

/// A bound, typed, simplified SQL expression (DataFusion dialect, three-valued logic) over the columns of one
/// schema. Immutable and thread-safe.
class Expression {
 public:
  virtual ~Expression() = default;
  virtual const std::shared_ptr<arrow::DataType>& type() const = 0;
  /// Paths ("a", "a.b") of the columns read, in order of first use, without duplicates. A path piece with a
  /// dot or a back-quote in its name is back-quoted.
  virtual const std::vector<std::string>& columns() const = 0;
  /// Normalised text in the way DataFusion prints plans: `i > Int64(5) AND s = Utf8("x")`.
  virtual std::string ToString() const = 0;
  /// Text as in DataFusion's FilterExec: `i@0 > 5 AND s@1 = x`; the numbers are positions in the bound
  /// schema.
  virtual std::string ToPhysicalString() const = 0;

  /// Computes one value per row. `batch` holds at least the top-level columns that columns() touch, found by
  /// name (structs may be projected). The result has batch.num_rows() entries.
  /// \retval InvalidArgument  a value on which the expression fails: division by zero, a cast that does not
  /// fit
  virtual Result<std::shared_ptr<arrow::Array>> Evaluate(const arrow::RecordBatch& batch) const = 0;

  /// The value when the expression reads no column; nullptr otherwise. Lets callers skip scans (`true`, `1 =
  /// 0`).
  virtual std::shared_ptr<arrow::Scalar> AsConstant() const = 0;
  /// The operands of the top-level AND chain (this one alone when it is no AND).
  virtual std::vector<std::shared_ptr<const Expression>> Conjuncts() const = 0;

  /// The simplified tree, for planners inside the library (lance/expr/logical.h).
  virtual const std::shared_ptr<const Logical>& logical() const = 0;
};

/// Parses and binds a filter. The result has type bool.
/// \retval InvalidArgument  text that does not parse (with line/column and the offending piece), "No field
/// named x. Valid fields are ...", types that do not fit, unknown functions (with near names)
/// \retval NotSupported     a construct that DataFusion knows and we do not, by name
Result<std::shared_ptr<const Expression>> ParseFilter(std::string_view sql,
                                                      const std::shared_ptr<arrow::Schema>& schema);

/// Parses and binds a value expression of any type, such as the computed column `price * 2`.
Result<std::shared_ptr<const Expression>> ParseExpression(std::string_view sql,
                                                          const std::shared_ptr<arrow::Schema>& schema);

/// The same as a value of `type`: cast where it has another one. \retval InvalidArgument  no such cast
Result<std::shared_ptr<const Expression>> ParseExpressionAs(std::string_view sql,
                                                            const std::shared_ptr<arrow::Schema>& schema,
                                                            const std::shared_ptr<arrow::DataType>& type);

/// A AND B, simplified; either may be null.
std::shared_ptr<const Expression> And(std::shared_ptr<const Expression> a,
                                      std::shared_ptr<const Expression> b);

/// Rows where a boolean array is true (null counts as false), as ascending uint64 indices into the array.
Result<std::shared_ptr<arrow::Array>> TrueIndices(const arrow::Array& filter);

}  // namespace lance::expr
