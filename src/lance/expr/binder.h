#pragma once

#include <memory>
#include <string_view>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"
#include "lance/expr/syntax.h"

namespace lance::expr {

/// Finds columns and functions and turns literals into values. Types of operators are left to Coerce().
/// Column names match exactly, or else without case; back-quoted ones match exactly.
Result<LogicalPtr> Bind(const Syntax& syntax, std::string_view sql, const arrow::Schema& schema);

/// Gives literals the type of the column they are compared with (`u8 = 3`), as Lance does ahead of the
/// general coercion. \retval InvalidArgument  a literal that the column's type cannot hold
Result<LogicalPtr> ResolveLiterals(const LogicalPtr& node);

/// Types every node and inserts the casts the operators need. \retval InvalidArgument  naming both types
Result<LogicalPtr> Coerce(const LogicalPtr& node);

/// Folds constants and simplifies, keeping three-valued logic and the order of evaluation errors irrelevant.
Result<LogicalPtr> Simplify(const LogicalPtr& node);

/// The value of `literal` as `type` when no information of its kind is lost; null otherwise.
std::shared_ptr<arrow::Scalar> CoerceLiteral(const std::shared_ptr<arrow::Scalar>& literal,
                                             const std::shared_ptr<arrow::DataType>& type);

}  // namespace lance::expr
