#include "lance/dataset/index/kept_rows.h"

#include <algorithm>
#include <optional>

#include "lance/base/row_address.h"
#include "lance/table/deletion.h"
#include "lance/table/manifest.h"

namespace lance::dataset {

Result<const KeptRows::FragmentRows*> KeptRows::Find(uint64_t fragment) {
  const auto at = std::lower_bound(fragments_.begin(), fragments_.end(), fragment,
                                   [](const auto& entry, uint64_t id) { return entry.first < id; });
  if (at != fragments_.end() && at->first == fragment) return &at->second;
  FragmentRows rows;
  const table::Fragment* found = covered_.Contains(fragment) ? snapshot_.FindFragment(fragment) : nullptr;
  if (found != nullptr) {
    rows.present = true;
    rows.physical_rows = found->physical_rows;
    ARROW_ASSIGN_OR_RAISE(rows.deletions, snapshot_.Deletions(*found));
  }
  return &fragments_.insert(at, {fragment, std::move(rows)})->second;
}

Result<std::vector<uint8_t>> KeptRows::Keep(std::span<const uint64_t> row_ids) {
  std::vector<std::optional<uint64_t>> addresses;
  const table::Manifest& manifest = snapshot_.manifest();
  if (manifest.has_stable_row_ids()) {
    ARROW_ASSIGN_OR_RAISE(addresses, snapshot_.ResolveRowIds(row_ids));
  } else {
    addresses.assign(row_ids.begin(), row_ids.end());
  }
  std::vector<uint8_t> out(row_ids.size(), 0);
  for (size_t row = 0; row < out.size(); ++row) {
    if (!addresses[row].has_value()) continue;
    const uint64_t offset = *addresses[row] & 0xFFFFFFFF;
    ARROW_ASSIGN_OR_RAISE(const FragmentRows* rows, Find(*addresses[row] >> 32));
    if (!rows->present || offset >= rows->physical_rows) continue;
    out[row] = rows->deletions == nullptr || !rows->deletions->Contains(static_cast<uint32_t>(offset));
  }
  return out;
}

}  // namespace lance::dataset
