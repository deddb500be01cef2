#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/runtime/temporary_file.h"

namespace lance::index {

/// Records of fixed size, taken in any order of partitions and given back partition by partition, in the
/// order in which they came. Holds `memory_budget_bytes` of them at most; more goes to a temporary file, each
/// part of it sorted by partition, so that reading a partition costs one read a part. One thread at a time
/// for Append; Read is thread-safe after Finish.
class Shuffle {
 public:
  /// `directory`: where the file is made when one is needed; empty: the system's folder for temporary files.
  Shuffle(size_t num_partitions, size_t record_bytes, uint64_t memory_budget_bytes,
          std::string directory = {});

  Status Append(std::span<const uint32_t> partitions, const uint8_t* records);
  Status Finish();

  /// Records of each partition.
  const std::vector<uint64_t>& counts() const { return counts_; }
  /// Fills `out` with all records of a partition.
  Status Read(size_t partition, uint8_t* out) const;
  bool spilled() const { return !parts_.empty(); }

 private:
  // A sorted part of the file: records of partition p are [starts[p], starts[p + 1]).
  struct Part {
    uint64_t offset = 0;
    std::vector<uint32_t> starts;
  };
  std::vector<uint32_t> SortHeld(std::vector<uint8_t>* sorted) const;
  Status Spill();

  size_t record_bytes_;
  uint64_t budget_;
  std::string directory_;
  std::vector<uint64_t> counts_;
  std::vector<uint32_t> held_partitions_;
  std::vector<uint8_t> held_;
  std::vector<uint32_t> held_starts_;  // after Finish: held_ is sorted
  std::vector<Part> parts_;
  runtime::TemporaryFile file_;
};

}  // namespace lance::index
