#include <cstddef>

#include "lance/table/manifest_serde.h"
#include "lance/table/refs.h"
#include "lance/table/transaction.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)lance::table::ParseTransaction({data, size}).ok();
  (void)lance::table::ParseIndexSection({data, size}).ok();
  (void)lance::table::ParseTag(text).ok();
  (void)lance::table::ParseBranch(text, "branch").ok();
  return 0;
}
