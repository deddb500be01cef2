#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/simd/distance.h"

namespace arrow {
class Array;
class DataType;
class RecordBatch;
}  // namespace arrow

namespace lance::index {

/// What a vector column holds.
struct VectorType {
  simd::Element element = simd::Element::kFloat32;
  size_t dim = 0;
  bool multi = false;  ///< a list of vectors a row
  size_t element_bytes() const;
};

/// Errors: InvalidArgument when the type is no vector that can be indexed.
Result<VectorType> VectorTypeOf(const arrow::DataType& type);

/// Vectors of a batch, one below the other, without those that are null or not finite.
struct VectorRows {
  std::vector<uint64_t> row_ids;
  std::vector<float> values;    ///< count * dim; empty for uint8
  std::vector<uint8_t> stored;  ///< count * dim elements as the column has them; only when asked for
  size_t count() const { return row_ids.size(); }
  void Append(const VectorRows& rows);
};

struct VectorRowsOptions {
  bool normalize = false;    ///< to length 1, for the cosine distance; vectors of length 0 are left out
  bool keep_stored = false;  ///< fills `stored`, normalized as well
};

/// Reads the vectors of `column`, of the type that `type` describes. `row_ids` has one id a row; null: the
/// number of the row. A list's vectors all get its row's id.
Result<VectorRows> ReadVectorRows(const arrow::Array& column, const arrow::Array* row_ids,
                                  const VectorType& type, const VectorRowsOptions& options);

}  // namespace lance::index
