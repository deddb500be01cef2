#include <cstdlib>

#include "lance/base/json.h"
#include "lance/table/dynamo_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto json = lance::ParseJson({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  auto row = lance::table::ParseDynamoItem(*json, "t");
  if (row.ok() && row->path.empty()) std::abort();
  return 0;
}
