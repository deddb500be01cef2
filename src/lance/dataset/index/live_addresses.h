#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "lance/base/status.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Tells which row addresses of an index the table still has, in fragments that the index covers. One thread
/// at a time.
class LiveAddresses {
 public:
  LiveAddresses(const table::Snapshot& snapshot, table::FragmentSet covered)
      : snapshot_(snapshot), covered_(std::move(covered)) {}

  /// Reads the deletions of a fragment when it is first met.
  Result<bool> Contains(uint64_t address);

 private:
  struct FragmentRows {
    uint64_t physical_rows = 0;  // 0 for those that are gone or not covered
    std::shared_ptr<const table::DeletionVector> deletions;
  };
  const table::Snapshot& snapshot_;
  table::FragmentSet covered_;
  std::map<uint64_t, FragmentRows> fragments_;  // met so far
  uint64_t last_id_ = UINT64_MAX;
  const FragmentRows* last_ = nullptr;
};

}  // namespace lance::dataset
