#include "lance/dataset/mutate/moved_rows.h"

#include <algorithm>

#include "lance/base/row_address.h"
#include "lance/table/row_ids.h"

namespace lance::dataset {

Status KeepRowIds(const table::Snapshot& snapshot, std::span<const uint64_t> addresses,
                  std::span<table::Fragment> fragments) {
  if (!snapshot.manifest().has_stable_row_ids()) return Status::OK();
  std::vector<uint64_t> ids;
  ids.reserve(addresses.size());
  std::shared_ptr<const table::RowIdSequence> sequence;
  uint64_t fragment_id = 0;
  for (const uint64_t value : addresses) {
    const RowAddress address{value};
    if (sequence == nullptr || fragment_id != address.fragment_id()) {
      fragment_id = address.fragment_id();
      const table::Fragment* fragment = snapshot.FindFragment(fragment_id);
      if (fragment == nullptr) return Internal("rows of fragment {} moved, which is not there", fragment_id);
      ARROW_ASSIGN_OR_RAISE(sequence, snapshot.RowIds(*fragment));
    }
    ids.push_back(sequence->Get(address.offset()));
  }
  size_t start = 0;
  for (table::Fragment& fragment : fragments) {
    const size_t count = std::min<size_t>(fragment.physical_rows, ids.size() - start);
    if (count == 0) break;
    fragment.row_ids.kind = table::Lineage::Kind::kInline;
    fragment.row_ids.inline_bytes = table::SerializeRowIds(std::span(ids).subspan(start, count));
    start += count;
  }
  return Status::OK();
}

}  // namespace lance::dataset
