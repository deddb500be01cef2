#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsStringType(const arrow::DataType& type);  ///< utf8, large_utf8
bool IsBinaryType(const arrow::DataType& type);  ///< binary, large_binary, fixed_size_binary
bool IsIntegerType(const arrow::DataType& type);
bool IsFloatType(const arrow::DataType& type);
bool IsDecimalType(const arrow::DataType& type);
bool IsNumericType(const arrow::DataType& type);   ///< integer, float or decimal
bool IsListType(const arrow::DataType& type);      ///< list, large_list, fixed_size_list
bool IsTemporalType(const arrow::DataType& type);  ///< date, time or timestamp
const TypePtr& ListValueType(const arrow::DataType& type);
/// The storage of extension types and the values of dictionaries; other types as they are.
TypePtr PlainType(const TypePtr& type);

/// The type in which two values are compared; null when they cannot be.
TypePtr ComparisonType(const TypePtr& left, const TypePtr& right);
/// The type that holds both values, as for the branches of CASE; null when there is none.
TypePtr UnionType(const TypePtr& left, const TypePtr& right);
/// The type for LIKE operands; null when there is none.
TypePtr LikeType(const TypePtr& left, const TypePtr& right);
TypePtr RegexType(const TypePtr& left, const TypePtr& right);
TypePtr BitwiseType(const TypePtr& left, const TypePtr& right);
TypePtr ConcatType(const TypePtr& left, const TypePtr& right);
/// The wider of two numeric types; null when one is not numeric.
TypePtr NumericType(const TypePtr& left, const TypePtr& right);

struct BinaryTypes {
  TypePtr left;
  TypePtr right;
  TypePtr result;
};
/// What `left op right` casts its operands to and returns.
/// \retval InvalidArgument  naming the operator and both types
Result<BinaryTypes> ResolveBinary(Op op, const TypePtr& left, const TypePtr& right);

}  // namespace lance::expr
