#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/vector_rows.h"
#include "lance/index/vector/format/quantizer_metadata.h"

namespace arrow {
class Array;
class Field;
}  // namespace arrow

namespace lance::index {

/// Vectors that were assigned to partitions.
struct AssignedRows {
  const float* values = nullptr;    ///< count * dim; null for uint8
  const uint8_t* stored = nullptr;  ///< count * dim elements of the column's type; only for FLAT
  const uint32_t* partitions = nullptr;
  size_t count = 0;
};

/// What a storage kind makes of vectors: a record of fixed size for each, and of a partition's records the
/// columns of auxiliary.idx. Immutable, thread-safe.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual size_t record_bytes() const = 0;
  /// Writes count * record_bytes() bytes.
  virtual Status Encode(const AssignedRows& rows, uint8_t* records) const = 0;
  /// The fields behind _rowid, in order.
  virtual std::vector<std::shared_ptr<arrow::Field>> fields() const = 0;
  /// Columns of one partition's records, which lie one below the other, in the layout that files have.
  virtual Result<std::vector<std::shared_ptr<arrow::Array>>> Columns(std::span<const uint8_t> records,
                                                                     size_t count) const = 0;
  virtual QuantizerMetadata metadata() const = 0;
  /// A serialized Tensor to add as global buffer 2; empty: none.
  virtual std::string global_buffer() const { return {}; }
};

/// Vectors as they are.
std::unique_ptr<Encoder> MakeFlatEncoder(const VectorType& type);
/// One byte a dimension between two bounds.
std::unique_ptr<Encoder> MakeSqEncoder(size_t dim, double start, double end);

}  // namespace lance::index
