#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/build/segment_writer.h"
#include "lance/index/vector/build/shuffle.h"

namespace lance::index {

/// Codes and row ids, taken in any order and given back by partition; with the memory budget of a build. As
/// thread-safe as Shuffle.
class PartitionedRows {
 public:
  PartitionedRows(size_t num_partitions, size_t code_bytes, const BuildContext& context);

  /// `codes` has code_bytes bytes a row.
  Status Append(std::span<const uint32_t> partitions, const uint64_t* row_ids, const uint8_t* codes);
  Status Finish() { return shuffle_.Finish(); }

  size_t num_partitions() const { return shuffle_.counts().size(); }
  uint64_t num_rows() const;
  uint64_t num_rows(size_t partition) const { return shuffle_.counts()[partition]; }
  Result<PartitionRecords> Read(size_t partition) const;

 private:
  size_t code_bytes_;
  Shuffle shuffle_;  // of records: a code, then its row id
  std::vector<uint8_t> records_;
};

}  // namespace lance::index
