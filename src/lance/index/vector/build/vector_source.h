#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "lance/base/status.h"
#include "lance/index/vector/build/vector_rows.h"

namespace arrow {
class Array;
class RecordBatchReader;
}  // namespace arrow

namespace lance::index {

/// Where the vectors of a build come from.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  virtual const VectorType& type() const = 0;
  /// Rows that Scan gives.
  virtual uint64_t num_rows() const = 0;
  /// Streams two columns: the vectors, and their row ids (uint64).
  virtual Result<std::shared_ptr<arrow::RecordBatchReader>> Scan() const = 0;
  /// Gives `use` about `num_rows` vectors drawn at random, in the order of the table and a piece of bounded
  /// size at a time.
  virtual Status Sample(uint64_t num_rows, uint64_t seed,
                        const std::function<Status(const arrow::Array&)>& use) const = 0;
};

}  // namespace lance::index
