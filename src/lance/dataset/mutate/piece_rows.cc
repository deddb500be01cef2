#include "lance/dataset/mutate/piece_rows.h"

#include <algorithm>

namespace lance::dataset {

int64_t PieceRows(const table::Snapshot& snapshot, uint64_t bytes, int64_t most) {
  uint64_t stored = 0;
  uint64_t rows = 0;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    for (const table::DataFile& file : fragment.files) stored += file.size_bytes;
    rows += fragment.physical_rows;
  }
  const uint64_t row_bytes = std::max<uint64_t>(stored / std::max<uint64_t>(rows, 1), 1);
  return std::clamp<int64_t>(static_cast<int64_t>(bytes / row_bytes), 64, most);
}

}  // namespace lance::dataset
