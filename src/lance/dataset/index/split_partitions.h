#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/dataset.h"
#include "lance/index/vector/build/model.h"
#include "lance/index/vector/build/vector_source.h"
#include "lance/index/vector/segment.h"

namespace lance::dataset {

/// A partition is split when it has more rows than this many times its target, as in the reference.
constexpr uint64_t kLargeFactor = 4;

/// An index whose large partitions are to become several.
struct PartitionSplits {
  std::string column;
  std::span<const std::shared_ptr<const index::VectorSegment>> segments;  ///< built alike
  const index::VectorModel* model = nullptr;                              ///< theirs
  std::span<const size_t> partitions;                                     ///< that may be large
  uint64_t target_rows = 0;                                               ///< of a partition
  /// The rows of a partition; of lists of vectors once for each vector.
  std::function<Result<std::vector<uint64_t>>(size_t partition)> row_ids;
};

/// What they become.
struct SplitPartitions {
  index::VectorModel model;      ///< the first part has the number of the whole, the others come last
  std::vector<bool> coded_anew;  ///< of the old partitions: their rows are those of `rows`
  std::unique_ptr<index::VectorSource> rows;  ///< may go to any partition of the model
};

/// Clusters the vectors of each large partition into as many parts as its rows need. Rows of the partitions
/// nearest to it are to be coded anew too, for some are nearer to a new centroid. Reads a sample of the
/// vectors. Gives no rows when nothing could be split.
Result<SplitPartitions> Split(const Dataset& dataset, const PartitionSplits& what,
                              const index::BuildContext& context);

}  // namespace lance::dataset
