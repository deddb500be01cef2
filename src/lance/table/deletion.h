#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace lance::table {

/// The deleted offsets of a fragment, as maximal runs: adjacent deletions cost one entry however many they
/// are, so that a few hostile bytes cannot ask for gigabytes. Immutable and thread-safe.
class DeletionVector {
 public:
  /// Offsets [start, end) are deleted; `deleted_before` offsets below `start` are.
  struct Run {
    uint64_t start;
    uint64_t end;
    uint64_t deleted_before;
    bool operator==(const Run&) const = default;
  };

  /// Reads a deletion file's bytes: an Arrow IPC file of one batch with one uint32 column `row_id`.
  /// Errors: Corruption, also when decompressing would take unreasonable memory.
  static Result<std::shared_ptr<const DeletionVector>> FromArrowFile(std::span<const uint8_t> bytes);
  /// Reads a deletion file's bytes: a 32-bit Roaring bitmap in the portable form.
  static Result<std::shared_ptr<const DeletionVector>> FromRoaring(std::span<const uint8_t> bytes);
  /// Offsets in any order, duplicates allowed.
  static std::shared_ptr<const DeletionVector> FromOffsets(std::vector<uint32_t> offsets);

  /// How many offsets are deleted.
  uint64_t count() const { return count_; }
  /// Maximal runs, ascending.
  std::span<const Run> runs() const { return runs_; }
  /// One past the largest deleted offset; 0 when nothing is.
  uint64_t end() const { return runs_.empty() ? 0 : runs_.back().end; }
  uint64_t memory_bytes() const;

  /// O(1) when deletions are dense, else O(log runs).
  bool Contains(uint64_t offset) const {
    if (!bitmap_.empty()) {
      return offset < end() && ((bitmap_[offset >> 6] >> (offset & 63)) & 1) != 0;
    }
    return ContainsByRun(offset);
  }
  /// How many offsets below `offset` are deleted. O(log runs).
  uint64_t CountBelow(uint64_t offset) const;
  /// The physical offset of the live row at `position` (0: the first live row). O(log runs). The caller knows
  /// how many live rows there are; positions past them give offsets past the fragment.
  uint64_t PhysicalOffset(uint64_t position) const;
  /// Appends the live parts of physical rows. `out` must not end past physical.start. O(log + runs inside).
  void AppendLive(RowRange physical, RowRanges* out) const;
  /// Appends the physical rows of live positions [live.start, live.end). O(log + runs inside).
  void AppendPhysical(RowRange live, RowRanges* out) const;

 private:
  explicit DeletionVector(std::vector<Run> runs);
  bool ContainsByRun(uint64_t offset) const;

  std::vector<Run> runs_;
  uint64_t count_ = 0;
  std::vector<uint64_t> bitmap_;  // a bit per offset below end(), only when that is smaller than the runs
};

}  // namespace lance::table
