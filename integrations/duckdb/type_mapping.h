#pragma once

#include <memory>

#include <arrow/result.h>

namespace arrow {
class Array;
class DataType;
class Field;
class RecordBatch;
class Schema;
}  // namespace arrow

namespace lance::sql {

/// DuckDB has no half floats, no bfloat16 and no decimals above 38 digits. Values of these types are changed
/// on the way in, at any depth of nesting: 16-bit floats become FLOAT (exact), decimal256 becomes DECIMAL
/// when its precision allows and VARCHAR otherwise (exact). All other types cross as they are, without a
/// copy.
///
/// Immutable and thread-safe.
class TypeMapping {
 public:
  static arrow::Result<TypeMapping> Make(const std::shared_ptr<arrow::Schema>& schema);

  /// The schema that DuckDB sees.
  const std::shared_ptr<arrow::Schema>& target() const { return target_; }
  /// Changes the columns that need it; `batch` has the columns of the schema given to Make.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch) const;

 private:
  std::shared_ptr<arrow::Schema> target_;
  bool identity_ = true;
};

/// Values are 16-bit "brain" floats: an extension type, or metadata of the field that say so.
bool IsBfloat16(const arrow::Field& field);

/// The type that DuckDB sees for `type`; the same pointer when nothing changes.
std::shared_ptr<arrow::DataType> MapType(const std::shared_ptr<arrow::DataType>& type);

/// Changes `array` to MapType of its type.
arrow::Result<std::shared_ptr<arrow::Array>> MapArray(const std::shared_ptr<arrow::Array>& array);

}  // namespace lance::sql
