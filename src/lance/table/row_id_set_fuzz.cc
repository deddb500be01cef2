#include <cstdlib>

#include "lance/table/row_id_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto set = lance::table::RowIdSet::Parse({data, size});
  if (!set.ok()) return 0;
  for (uint32_t upper = 0; upper < 3; ++upper) {
    for (const lance::RowRange& range : set->LowerHalves(upper, 100000)) {
      if (!set->Contains(uint64_t{upper} << 32 | range.start)) std::abort();
      if (!set->Contains(uint64_t{upper} << 32 | (range.end() - 1))) std::abort();
    }
  }
  return 0;
}
