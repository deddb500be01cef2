#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/segment_target.h"
#include "lance/index/vector/build/encoder.h"
#include "lance/index/vector/build/hnsw_builder.h"
#include "lance/index/vector/build/node_distance.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/tensor.h"
#include "lance/table/manifest.h"

namespace lance::index {

/// The records of one partition: codes as Encoder::Encode makes them.
struct PartitionRecords {
  std::vector<uint64_t> row_ids;
  std::vector<uint8_t> records;
  void Append(const PartitionRecords& further) {
    row_ids.insert(row_ids.end(), further.row_ids.begin(), further.row_ids.end());
    records.insert(records.end(), further.records.begin(), further.records.end());
  }
};

/// Everything that two index files say.
struct SegmentContent {
  IndexHeader header;
  Tensor centroids;
  std::optional<double> loss;
  const Encoder* encoder = nullptr;
  size_t num_partitions = 0;
  uint64_t num_rows = 0;  ///< about
  /// Called for each partition in order, on one thread.
  std::function<Result<PartitionRecords>(size_t partition)> read;
  /// With a graph: distances among a partition's records, and how it is built.
  std::function<Result<std::unique_ptr<NodeDistance>>(std::vector<uint8_t> records, size_t count)> distances;
  HnswBuildOptions hnsw;
  std::function<Status(size_t partitions_done)> progress;
};

/// Writes index.idx and auxiliary.idx. Holds one partition at a time. After an error nothing is left.
Result<std::vector<table::IndexFile>> WriteSegment(const SegmentContent& content,
                                                   const SegmentTarget& target);

}  // namespace lance::index
