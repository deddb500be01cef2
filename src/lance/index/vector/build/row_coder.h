#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/build/vector_source.h"
#include "lance/simd/nearest.h"

namespace lance::index {

/// Rows that were assigned to partitions and coded.
struct CodedRows {
  std::vector<uint64_t> row_ids;
  std::vector<uint32_t> partitions;
  std::vector<uint8_t> codes;  ///< Encoder::record_bytes() a row
  double loss = 0;             ///< sum of the distances to the centroids
};

/// Assigns and codes the rows of a source with all threads of a pool. What it gives depends on nothing but
/// the rows and the model. One thread at a time.
class RowCoder {
 public:
  /// All three must outlive the coder.
  static Result<std::unique_ptr<RowCoder>> Make(const VectorSource& source, const VectorModel& model,
                                                const BuildContext& context);

  /// The next rows, in the order of the source, in pieces; none at the end. Holds about 32 MiB of vectors.
  Result<std::vector<CodedRows>> Next();
  /// Rows of the source read so far, those without a vector too.
  uint64_t rows_read() const { return rows_read_; }

 private:
  RowCoder(const VectorSource& source, const VectorModel& model, const BuildContext& context);
  Result<CodedRows> Code(const arrow::Array& vectors, const arrow::Array& row_ids) const;

  const VectorModel& model_;
  const BuildContext& context_;
  VectorRowsOptions options_;
  int64_t piece_rows_;  // that one thread works on
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::unique_ptr<const simd::NearestPoint> nearest_;
  uint64_t rows_read_ = 0;
};

}  // namespace lance::index
