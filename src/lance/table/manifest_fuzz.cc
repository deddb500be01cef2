// A manifest file of any bytes: opened as a table of one version, and everything that needs no data file
// asked.
#include <memory>

#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/deletion.h"
#include "lance/table/manifest_file.h"
#include "lance/table/row_ids.h"
#include "lance/table/table.h"

using namespace lance;         // NOLINT
using namespace lance::table;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto store = store::OpenStore("memory://manifest-fuzz").ValueOrDie().store;
  const std::string key = "_versions/18446744073709551614.manifest";
  if (!store->Put(key, {data, size}).ok()) return 0;
  (void)ReadManifestOutline(*store, key).ok();
  auto session = std::make_shared<runtime::Session>(1 << 20, 1 << 20, 0);
  auto opened =
      OpenTable("memory://manifest-fuzz", {.version = {}, .storage_options = {}, .session = session});
  if (!opened.ok()) return 0;
  const Snapshot& snapshot = **opened;
  (void)snapshot.Indices().ok();
  (void)ReadTransaction(snapshot).ok();
  (void)snapshot.CountRows().ok();
  (void)Summarize(snapshot.manifest());
  for (const Fragment& fragment : snapshot.manifest().fragments) {
    (void)snapshot.RowIds(fragment).ok();
    (void)snapshot.CreatedAt(fragment).ok();
    (void)snapshot.LastUpdatedAt(fragment).ok();
  }
  const uint64_t ids[] = {0, 1, 5, uint64_t{1} << 32, UINT64_MAX};
  (void)snapshot.ResolveRowIds(ids).ok();
  return 0;
}
