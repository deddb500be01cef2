#include "lance/dataset/index/live_addresses.h"

#include "lance/base/row_address.h"
#include "lance/table/deletion.h"

namespace lance::dataset {

Result<bool> LiveAddresses::Contains(uint64_t address) {
  const RowAddress at{address};
  if (at.fragment_id() != last_id_) {
    last_id_ = at.fragment_id();
    const auto [found, added] = fragments_.try_emplace(last_id_);
    const table::Fragment* fragment =
        covered_.Contains(last_id_) ? snapshot_.FindFragment(last_id_) : nullptr;
    if (added && fragment != nullptr) {
      found->second.physical_rows = fragment->physical_rows;
      ARROW_ASSIGN_OR_RAISE(found->second.deletions, snapshot_.Deletions(*fragment));
    }
    last_ = &found->second;
  }
  return at.offset() < last_->physical_rows &&
         (last_->deletions == nullptr || !last_->deletions->Contains(at.offset()));
}

}  // namespace lance::dataset
