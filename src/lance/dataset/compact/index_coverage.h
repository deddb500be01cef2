#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Which fragments the indices of a table cover, and what a rewrite of fragments means to them.
class IndexCoverage {
 public:
  static Result<IndexCoverage> Load(const table::Snapshot& snapshot);

  /// The indices that cover a fragment, ascending: fragments are only joined when these are the same.
  std::vector<int> Covering(uint64_t fragment_id) const;
  /// Errors: NotSupported names an index that covers one of the fragments, holds row addresses, which a
  /// rewrite changes, and is of a kind that cannot be remapped.
  Status CheckRewritable(std::span<const uint64_t> fragment_ids) const;
  /// Whether an index covers one of the fragments only by the record of earlier moves: it cannot be remapped
  /// then, since its own fragments are long gone, and moves have to be recorded again.
  bool DependsOnMoves(std::span<const uint64_t> fragment_ids) const;
  /// Whether an index, or the record of earlier moves, covers one of the fragments.
  bool CoversAny(std::span<const uint64_t> fragment_ids) const;

 private:
  struct Entry {
    std::string name;
    bool needs_remap = true;
    bool can_remap = false;
    bool covers_all = false;  // it does not say what it covers
    bool is_reuse_index = false;
    RowRanges fragments;  // now, after recorded moves
    RowRanges stored;     // as the manifest has it
    bool Covers(uint64_t fragment_id) const;
  };
  std::vector<Entry> entries_;
};

}  // namespace lance::dataset
