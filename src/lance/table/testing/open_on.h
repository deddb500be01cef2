#pragma once

// For tests only.

#include <memory>
#include <string>

#include "lance/table/manifest_file.h"
#include "lance/table/table_snapshot.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/versions.h"

namespace lance::table::testing {

/// Opens the newest version through a store of the test's own.
inline Result<std::shared_ptr<const Snapshot>> OpenOn(const std::shared_ptr<store::ObjectStore>& store,
                                                      const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(ManifestLocation location, LatestManifest(*store));
  ARROW_ASSIGN_OR_RAISE(ManifestFile file, ReadManifestFile(*store, location.key()));
  const store::OpenedStore opened{store, uri};
  return TableSnapshot::Make(std::move(file), location, std::make_shared<Bases>(opened, store::Options{}),
                             opened, MakeSession());
}

}  // namespace lance::table::testing
