#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Tells which rows of an index segment its table still has, and in fragments that the segment covers: a row
/// that an update moved is indexed anew with its new fragment.
class KeptRows {
 public:
  KeptRows(const table::Snapshot& snapshot, table::FragmentSet covered)
      : snapshot_(snapshot), covered_(std::move(covered)) {}

  /// 1 for each row id that stays.
  Result<std::vector<uint8_t>> Keep(std::span<const uint64_t> row_ids);

 private:
  struct FragmentRows {
    bool present = false;
    uint64_t physical_rows = 0;
    std::shared_ptr<const table::DeletionVector> deletions;
  };
  Result<const FragmentRows*> Find(uint64_t fragment);

  const table::Snapshot& snapshot_;
  table::FragmentSet covered_;
  std::vector<std::pair<uint64_t, FragmentRows>> fragments_;  // found so far, by id
};

}  // namespace lance::dataset
