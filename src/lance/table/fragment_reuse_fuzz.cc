#include <cstddef>

#include "lance/table/fragment_reuse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)lance::table::ParseFragmentReuse({data, size}).ok();
  return 0;
}
