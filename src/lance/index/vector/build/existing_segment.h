#pragma once

#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/segment_writer.h"
#include "lance/index/vector/segment.h"

namespace lance::index {

/// The model that a segment was built with, to code further vectors for it. `type` is that of the column.
/// Errors: NotSupported where it was built in a way that we do not build: with a rotation matrix, or for the
/// estimator of old releases.
Result<VectorModel> ModelOf(const VectorSegment& segment, const VectorType& type);

/// Whether codes of one can stand beside codes of the other.
bool SameModel(const VectorSegment& a, const VectorSegment& b);

/// The records of a partition of a segment, as its model's encoder makes them. Rows that are gone have the id
/// kNoRow. `moves` may be null.
Result<PartitionRecords> RecordsOf(const VectorSegment& segment, size_t partition, const RowMoves* moves);

}  // namespace lance::index
