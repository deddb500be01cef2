#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace lance::table {

class DeletionVector;
class RowIdSequence;

/// A set of 64-bit row ids (or addresses): for each upper half that occurs, a set of lower halves. Immutable
/// and thread-safe.
class RowIdSet {
 public:
  /// Reads the form that the reference exchanges, little-endian: the number of entries (u32), then for each
  /// the upper half (u32), the size of what follows (u32; 0: all lower halves) and a 32-bit Roaring bitmap in
  /// the portable form. Bytes behind the last entry are ignored, as the reference does. Memory is at most a
  /// small multiple of `bytes`. Errors: Corruption.
  static Result<RowIdSet> Parse(std::span<const uint8_t> bytes);
  /// Writes `ids`, in any order and with duplicates, in that form.
  static std::string Serialize(std::span<const uint64_t> ids);

  bool Contains(uint64_t id) const;
  /// Those of lower halves [0, rows) under `upper`, ascending.
  RowRanges LowerHalves(uint32_t upper, uint64_t rows) const;
  /// Members; UINT64_MAX when an upper half holds all.
  uint64_t count() const;
  /// Offsets of `ids` whose id is a member, ascending. Cost: linear in the sequence, or in the set where that
  /// is much smaller.
  RowRanges FindIn(const RowIdSequence& ids) const;

 private:
  std::map<uint32_t, std::shared_ptr<const DeletionVector>> entries_;  // nullptr: all
};

/// Which rows a scan may give, by row id: those of `allow` (all, without one) that are not in `block`.
struct RowIdMask {
  std::optional<RowIdSet> allow;
  std::optional<RowIdSet> block;

  /// Physical rows of a fragment that may be given. `ids` are its stable row ids; nullptr: ids are addresses.
  RowRanges RowsOf(uint64_t fragment_id, uint64_t physical_rows, const RowIdSequence* ids) const;
};

}  // namespace lance::table
