#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/store/unsynced.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::table {

/// The bytes of a deletion file and how it is encoded: an Arrow file of offsets, above 5,000 of them a
/// portable Roaring bitmap.
struct EncodedDeletions {
  DeletionFile::Type type = DeletionFile::Type::kArrowArray;
  std::string bytes;
};
Result<EncodedDeletions> EncodeDeletions(const DeletionVector& deletions);

/// Writes `deletions`, all of a fragment's, to a fresh file in _deletions of the table at the store's root.
/// One Put. With `unsynced` the file is noted there, to be made durable later.
/// Errors: InvalidArgument when there are none.
Result<DeletionFile> WriteDeletions(const std::shared_ptr<store::ObjectStore>& store, uint64_t fragment_id,
                                    uint64_t read_version, const DeletionVector& deletions,
                                    store::Durability durability = store::Durability::kSync,
                                    store::Unsynced* unsynced = nullptr);

/// The deletions of both.
std::shared_ptr<const DeletionVector> UniteDeletions(const DeletionVector* a, std::span<const uint32_t> b);

/// Deletes more rows of a fragment: `offsets` are physical, ascending. The fragment with its new deletion
/// file; none when no row is left (nothing is written then). Errors: InvalidArgument for offsets past the
/// fragment's rows.
Result<std::optional<Fragment>> DeleteRows(const Snapshot& snapshot, const Fragment& fragment,
                                           std::span<const uint32_t> offsets,
                                           store::Durability durability = store::Durability::kSync,
                                           store::Unsynced* unsynced = nullptr);

}  // namespace lance::table
