#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/buffer.h>

#include "lance/index/vector/hnsw/graph.h"
#include "lance/index/vector/pq_terms.h"

namespace lance::index {

/// Factors of RQ codes; see rq.h.
struct RqFactors {
  std::vector<float> add;
  std::vector<float> scale;
  std::vector<float> error;     ///< empty in old files
  std::vector<float> add_ex;    ///< with more than one bit
  std::vector<float> scale_ex;  ///< the same
};

/// In place of the id of a row that is gone.
inline constexpr uint64_t kNoRow = UINT64_MAX;

struct Partition {
  size_t num_rows = 0;
  std::vector<uint64_t> row_ids;
  /// FLAT and SQ: row after row. PQ and the sign bits of RQ: byte column after byte column, `num_rows` each;
  /// of PQ under a graph row after row.
  std::shared_ptr<arrow::Buffer> codes;
  std::shared_ptr<arrow::Buffer> ex_codes;  ///< RQ with more than one bit: row after row
  RqFactors factors;
  std::unique_ptr<const HnswGraph> graph;  ///< of HNSW kinds
  LazyPqTerms pq_terms;                    ///< PQ of residuals with 8 bits, not under a graph
  uint64_t later_bytes = 0;                ///< what it will take when it has been searched

  uint64_t memory_bytes() const;
};

}  // namespace lance::index
