#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/store/unsynced.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace arrow {
class Array;
}

namespace lance::dataset {

/// Physical offsets by fragment, ascending, without repeats.
using RowsByFragment = std::map<uint64_t, std::vector<uint32_t>>;

/// Row addresses in any order, without repeats, by fragment.
RowsByFragment GroupByFragment(std::span<const uint64_t> addresses);

/// What fragments become when rows of them are deleted.
struct Removal {
  std::vector<table::Fragment> updated_fragments;  ///< with new deletion files, which are written
  std::vector<uint64_t> removed_fragment_ids;      ///< nothing is left of them
};

/// Writes the deletion files that add `rows`, all of them live, to what is deleted already. Those noted in
/// `unsynced` are made durable by the commit.
Result<Removal> RemoveRows(const table::Snapshot& snapshot, const RowsByFragment& rows,
                           store::Durability durability, store::Unsynced* unsynced = nullptr);

/// Removes the deletion files that RemoveRows wrote, when they were not committed. Best effort.
void UndoRemoval(const table::Snapshot& snapshot, const std::vector<table::Fragment>& updated_fragments);

}  // namespace lance::dataset
