#pragma once

#include <vector>

#include "lance/index/vector/partition.h"
#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/segment.h"

namespace lance::index {

/// Makes the terms of a partition of a segment that has some (VectorSegment::HasPqTerms).
PqTerms MakePqTerms(const VectorSegment& segment, const Partition& partition, size_t number);

/// The part of a query's distances that is of the codebook alone: with the terms of rows (pq_terms.h) one set
/// of tables does for all partitions.
class SharedTables {
 public:
  /// Makes them at the first call. False where something is not finite. `scratch` is for tables of floats.
  bool Make(const VectorSegment& segment, const std::vector<float>& query, std::vector<float>* scratch);
  const uint8_t* data() const { return rounded_.data(); }

  /// Lower bounds of the distances of rows: `sums` are those of data(), `squared` is the distance to the
  /// centroid. False where something is not finite.
  bool Bounds(const VectorSegment& segment, const PqTerms& terms, float squared,
              const std::vector<uint16_t>& sums, std::vector<float>* bounds) const;

 private:
  enum class State { kNone, kMade, kUnusable };
  State state_ = State::kNone;
  ByteTables rounded_;
  float reach_ = 0;  // of the query
};

}  // namespace lance::index
