#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/segment_writer.h"
#include "lance/index/vector/segment.h"

namespace lance::index {

/// The model of segments that were built alike, to code further vectors for them. `type` is that of the
/// column. Bounds of SQ are those that hold all of the segments'. Errors: NotSupported where they were built
/// in a way that we do not build: with a rotation matrix, or for the estimator of old releases.
Result<VectorModel> ModelOf(std::span<const std::shared_ptr<const VectorSegment>> segments,
                            const VectorType& type);

/// The same around other centroids: a partition whose centroid stays keeps its codes. Errors: as ModelOf.
Result<VectorModel> WithCentroids(std::span<const std::shared_ptr<const VectorSegment>> segments,
                                  const VectorType& type, Centroids centroids);

/// Whether codes of one can stand beside codes of the other; of SQ once they are coded by common bounds.
bool SameModel(const VectorSegment& a, const VectorSegment& b);

/// The records of a partition of a segment, as the encoder of `model`, which ModelOf made of it and others,
/// makes them. Rows that are gone have the id kNoRow. `moves` may be null.
Result<PartitionRecords> RecordsOf(const VectorSegment& segment, const VectorModel& model, size_t partition,
                                   const RowMoves* moves);

}  // namespace lance::index
