#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/versions.h"

namespace lance::store {
class ObjectStore;
}
namespace arrow {
class Buffer;
}

namespace lance::dataset {

/// A version as its manifest file has it, without opening it as a table.
struct VersionFile {
  table::ManifestLocation location;
  std::shared_ptr<const table::Manifest> manifest;  ///< without fragments; nullptr: removed since the listing
  std::vector<table::IndexMetadata> indices;
  std::vector<std::string_view> fragments;  ///< as they are stored, in `bytes`
  std::shared_ptr<arrow::Buffer> bytes;
};

/// Where the manifests of all versions of a line of versions are, ascending, detached ones after the others.
Result<std::vector<table::ManifestLocation>> ListVersionFiles(store::ObjectStore& store);

/// Reads one of them. Errors: those of reading it, but NotFound.
Result<VersionFile> ReadVersionFile(store::ObjectStore& store, const table::ManifestLocation& location);

}  // namespace lance::dataset
