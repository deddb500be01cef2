#pragma once

#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/build/segment_writer.h"

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
  /// About `num_rows` vectors drawn at random, in random order or in that of the table.
  virtual Result<std::vector<std::shared_ptr<arrow::Array>>> Sample(uint64_t num_rows,
                                                                    uint64_t seed) const = 0;
};

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

/// Assigns and encodes all rows of the source and writes the files of a segment.
Result<std::vector<table::IndexFile>> FillSegment(const VectorSource& source, const VectorModel& model,
                                                  const FillOptions& options, const SegmentTarget& target,
                                                  const BuildContext& context);

}  // namespace lance::index
