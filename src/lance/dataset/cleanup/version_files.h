#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/versions.h"

namespace lance::store {
class ObjectStore;
}
namespace lance::runtime {
class ThreadPool;
}

namespace lance::dataset {

/// A version as its manifest file has it, without opening it as a table.
struct VersionFile {
  table::ManifestLocation location;
  std::shared_ptr<const table::Manifest> manifest;  ///< nullptr: removed since the listing
  std::vector<table::IndexMetadata> indices;
};

/// Reads the manifests of all versions of a line of versions, ascending, detached ones after the others. In
/// parallel. Errors: those of reading any of them, but NotFound.
Result<std::vector<VersionFile>> ReadVersionFiles(store::ObjectStore& store, runtime::ThreadPool* pool);

/// One of them.
Result<VersionFile> ReadVersionFile(store::ObjectStore& store, const table::ManifestLocation& location);

}  // namespace lance::dataset
