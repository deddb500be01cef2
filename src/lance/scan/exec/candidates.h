#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/scan/exec/top_k.h"

namespace arrow {
class Array;
class RecordBatch;
}  // namespace arrow

namespace lance::scan {

/// Candidates of a search as arrays grow: (query_index, _distance, _rowid, _rowaddr).
struct CandidateColumns {
  std::vector<int32_t> query;
  std::vector<float> distance;
  std::vector<uint64_t> row_id;
  std::vector<uint64_t> address;

  void Append(size_t query_index, const std::vector<Candidate>& candidates);
  /// A batch of KnnStage::OutputSchema; empties the columns.
  std::shared_ptr<arrow::RecordBatch> Finish();
};

struct KnnQuery;

/// Computes the distance of a row's vectors to query `query` of a search. The score of a multi-vector is, for
/// each vector of the query, the distance to the nearest of its vectors, summed; NaN counts as farther than
/// everything else. NaN when the row has no vector.
class RowVectors {
 public:
  /// `column` is the search's column of some rows.
  static Result<RowVectors> Make(const KnnQuery& knn, std::shared_ptr<arrow::Array> column);
  /// Thread-safe.
  float Distance(size_t query, size_t row) const;
  /// Starts to load a row that a distance is wanted of soon.
  void Prefetch(size_t row) const;

 private:
  const KnnQuery* knn_ = nullptr;
  std::shared_ptr<arrow::Array> holder_;
  const uint8_t* vectors_ = nullptr;
  size_t vector_bytes_ = 0;
  const int32_t* offsets_ = nullptr;  // multi: vectors of row i are [offsets[i], offsets[i + 1])
};

}  // namespace lance::scan
