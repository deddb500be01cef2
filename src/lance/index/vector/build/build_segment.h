#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/build/partitioned_rows.h"
#include "lance/index/vector/build/segment_writer.h"
#include "lance/index/vector/build/vector_source.h"

namespace lance::index {

/// How many partitions an index over `num_rows` rows gets.
uint64_t PartitionsFor(const VectorIndexParams& params, size_t dim, uint64_t num_rows);

/// Draws a sample and trains on it.
Result<VectorModel> TrainOn(const VectorSource& source, const VectorIndexParams& params,
                            const BuildContext& context);

/// What goes into a segment beside the rows of a source.
struct FillOptions {
  HnswParameters hnsw;  ///< for kinds with a graph
  /// Records of a partition that are there already, coded with the same model; none when not set.
  std::function<Result<PartitionRecords>(size_t partition)> existing;
};

/// Assigns and encodes all rows of the source and finishes `rows`. Gives the sum of the distances to their
/// centroids.
Result<double> CodeRows(const VectorSource& source, const VectorModel& model, const BuildContext& context,
                        PartitionedRows* rows);

/// Assigns and encodes all rows of the source and writes the files of a segment.
Result<std::vector<table::IndexFile>> FillSegment(const VectorSource& source, const VectorModel& model,
                                                  const FillOptions& options, const SegmentTarget& target,
                                                  const BuildContext& context);

/// Writes the files of a segment of rows that are coded already and finished.
Result<std::vector<table::IndexFile>> WriteRows(const PartitionedRows& rows, const VectorModel& model,
                                                std::optional<double> loss, const FillOptions& options,
                                                const SegmentTarget& target, const BuildContext& context);

}  // namespace lance::index
