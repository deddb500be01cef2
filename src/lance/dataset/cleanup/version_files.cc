#include "lance/dataset/cleanup/version_files.h"

#include <arrow/buffer.h>

#include "lance/store/object_store.h"
#include "lance/table/manifest_file.h"
#include "lance/table/manifest_serde.h"

namespace lance::dataset {

Result<VersionFile> ReadVersionFile(store::ObjectStore& store, const table::ManifestLocation& location) {
  VersionFile out;
  out.location = location;
  auto outline = table::ReadManifestOutline(store, location.key());
  if (Is(outline.status(), ErrorKind::kNotFound)) return out;
  ARROW_RETURN_NOT_OK(outline.status());
  table::ManifestFile* file = &outline->file;
  ARROW_RETURN_NOT_OK(
      WithContext(table::CheckReadable(*file->manifest), file->object == nullptr ? "" : location.key()));
  if (file->manifest->index_section.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, file->ReadSection(*file->manifest->index_section, "index section"));
    ARROW_ASSIGN_OR_RAISE(
        out.indices,
        WithContext(table::ParseIndexSection({bytes->data(), static_cast<size_t>(bytes->size())}),
                    location.key()));
  }
  out.manifest = std::move(file->manifest);
  out.fragments = std::move(outline->fragments);
  out.bytes = std::move(file->tail);
  return out;
}

Result<std::vector<table::ManifestLocation>> ListVersionFiles(store::ObjectStore& store) {
  ARROW_ASSIGN_OR_RAISE(auto locations, table::ListManifests(store));
  ARROW_ASSIGN_OR_RAISE(auto detached, table::ListDetachedManifests(store));
  locations.insert(locations.end(), detached.begin(), detached.end());
  return locations;
}

}  // namespace lance::dataset
