#include "lance/table/snapshot.h"

#include <algorithm>

#include "lance/table/deletion.h"

namespace lance::table {

const Fragment* Snapshot::FindFragment(uint64_t id) const {
  const std::vector<Fragment>& fragments = manifest().fragments;
  if (id < fragments.size() && fragments[id].id == id) return &fragments[id];
  auto found = std::lower_bound(fragments.begin(), fragments.end(), id,
                                [](const Fragment& fragment, uint64_t value) { return fragment.id < value; });
  if (found != fragments.end() && found->id == id) return &*found;
  // Fragments need not be in order.
  for (const Fragment& fragment : fragments) {
    if (fragment.id == id) return &fragment;
  }
  return nullptr;
}

Result<uint64_t> Snapshot::CountRows(const Fragment& fragment) const {
  if (auto rows = fragment.num_rows()) return *rows;
  ARROW_ASSIGN_OR_RAISE(auto deletions, Deletions(fragment));
  return fragment.physical_rows - deletions->CountBelow(fragment.physical_rows);
}

Status Snapshot::AppendLive(const Fragment& fragment, RowRange physical, RowRanges* out) const {
  ARROW_ASSIGN_OR_RAISE(auto deletions, Deletions(fragment));
  if (deletions == nullptr) {
    AppendRange(out, physical);
  } else {
    deletions->AppendLive(physical, out);
  }
  return Status::OK();
}

}  // namespace lance::table
