#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/fragment_reuse.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::index {

/// Where compactions moved the rows that an index knows by address, as the table's fragment reuse index
/// records it. Immutable and thread-safe.
class RowMoves {
 public:
  /// nullptr when the table records no moves. Errors: Corruption; NotSupported for a kind of record that is
  /// not known.
  static Result<std::shared_ptr<const RowMoves>> Load(const table::Snapshot& snapshot);
  /// Those of one record; nullptr when it has none. `key` tells caches apart. Errors: Corruption.
  static Result<std::shared_ptr<const RowMoves>> Of(const table::FragmentReuse& reuse, std::string key);

  /// The address now; none when the row is gone.
  std::optional<uint64_t> Find(uint64_t address) const;
  /// Fragments that hold the rows of `covered` now: a group of fragments gives its new ones when all of it is
  /// covered.
  table::FragmentSet Covered(table::FragmentSet covered) const;
  /// Tells caches apart.
  const std::string& key() const { return key_; }

 private:
  struct LiveRows {
    uint64_t rows_before = 0;  // in fragments of the group before
    std::shared_ptr<const table::DeletionVector> rows;
  };
  struct NewFragment {
    uint64_t end = 0;  // rows of the group up to its end
    uint64_t rows = 0;
    uint64_t id = 0;
  };
  struct Group {
    std::vector<uint64_t> old_fragments;
    std::map<uint64_t, LiveRows> live;  // by fragment
    std::vector<NewFragment> new_fragments;
  };
  std::vector<Group> groups_;  // in the order of the moves
  std::string key_;
};

}  // namespace lance::index
