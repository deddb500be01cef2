#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/dataset/index/live_addresses.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Tells which rows of an index segment its table still has, and in fragments that the segment covers: a row
/// that an update moved is indexed anew with its new fragment.
class KeptRows {
 public:
  KeptRows(const table::Snapshot& snapshot, table::FragmentSet covered)
      : snapshot_(snapshot), live_(snapshot, std::move(covered)) {}

  /// 1 for each row id that stays.
  Result<std::vector<uint8_t>> Keep(std::span<const uint64_t> row_ids);

 private:
  const table::Snapshot& snapshot_;
  LiveAddresses live_;
};

}  // namespace lance::dataset
