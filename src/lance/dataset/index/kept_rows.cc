#include "lance/dataset/index/kept_rows.h"

#include <optional>

#include "lance/table/manifest.h"

namespace lance::dataset {

Result<std::vector<uint8_t>> KeptRows::Keep(std::span<const uint64_t> row_ids) {
  std::vector<std::optional<uint64_t>> addresses;
  if (snapshot_.manifest().has_stable_row_ids()) {
    ARROW_ASSIGN_OR_RAISE(addresses, snapshot_.ResolveRowIds(row_ids));
  } else {
    addresses.assign(row_ids.begin(), row_ids.end());
  }
  std::vector<uint8_t> out(row_ids.size(), 0);
  for (size_t row = 0; row < out.size(); ++row) {
    if (!addresses[row].has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(out[row], live_.Contains(*addresses[row]));
  }
  return out;
}

}  // namespace lance::dataset
