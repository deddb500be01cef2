#include "lance/dataset/mutate/remove_rows.h"

#include <algorithm>

#include "lance/base/row_address.h"
#include "lance/table/write_deletions.h"

namespace lance::dataset {

RowsByFragment GroupByFragment(std::span<const uint64_t> addresses) {
  RowsByFragment out;
  std::vector<uint32_t>* offsets = nullptr;
  uint64_t fragment = 0;
  for (const uint64_t value : addresses) {
    const RowAddress address{value};
    if (offsets == nullptr || fragment != address.fragment_id()) {
      fragment = address.fragment_id();
      offsets = &out[fragment];
    }
    offsets->push_back(address.offset());
  }
  for (auto& [id, rows] : out) {
    if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
  }
  return out;
}

Result<Removal> RemoveRows(const table::Snapshot& snapshot, const RowsByFragment& rows,
                           store::Durability durability, store::Unsynced* unsynced) {
  Removal out;
  for (const auto& [id, offsets] : rows) {
    const table::Fragment* fragment = snapshot.FindFragment(id);
    if (fragment == nullptr) return Internal("rows of fragment {} to delete, which is not there", id);
    ARROW_ASSIGN_OR_RAISE(std::optional<table::Fragment> updated,
                          table::DeleteRows(snapshot, *fragment, offsets, durability, unsynced));
    if (updated.has_value()) {
      out.updated_fragments.push_back(*std::move(updated));
    } else {
      out.removed_fragment_ids.push_back(id);
    }
  }
  return out;
}

void UndoRemoval(const table::Snapshot& snapshot, const std::vector<table::Fragment>& updated_fragments) {
  for (const table::Fragment& fragment : updated_fragments) {
    const std::optional<table::DeletionFile>& file = fragment.deletion_file;
    if (!file.has_value()) continue;
    const bool bitmap = file->type == table::DeletionFile::Type::kBitmap;
    (void)snapshot.object_store()->Delete(fmt::format(
        "_deletions/{}-{}-{}.{}", fragment.id, file->read_version, file->id, bitmap ? "bin" : "arrow"));
  }
}

}  // namespace lance::dataset
