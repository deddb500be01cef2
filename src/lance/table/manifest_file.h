#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace arrow {
class Buffer;
}
namespace lance::store {
class ObjectStore;
class ReadableObject;
}  // namespace lance::store
namespace lance::runtime {
class Cache;
}

namespace lance::table {

/// An open manifest file. Immutable and thread-safe.
///
///     [u32 length | IndexSection]? [u32 length | Transaction]? u32 length | Manifest | tail
///     tail: i64 position of the manifest's length | i16 major | i16 minor | "LANC"
///
/// In 0.1 tables the values of dictionary columns come first.
struct ManifestFile {
  std::shared_ptr<store::ReadableObject> object;
  std::shared_ptr<arrow::Buffer> tail;  ///< the file's last bytes, at least all of the manifest
  std::shared_ptr<Manifest> manifest;

  /// The bytes of a section: `position` is that of its length. Reads the file only when the tail lacks them.
  Result<std::shared_ptr<arrow::Buffer>> ReadSection(uint64_t position, const char* what) const;
};

/// Reads the manifest at `key`, without judging its feature flags. One read of up to 64 KiB, a second one
/// when the manifest is larger. Errors: NotFound, Corruption, NotSupported; all name the file.
Result<ManifestFile> ReadManifestFile(store::ObjectStore& store, const std::string& key);

/// The same for the newest manifest of a table, which is often read again or was written by this process: one
/// with the same bytes is taken from `cache`, where one a folder is kept.
Result<ManifestFile> ReadNewestManifest(store::ObjectStore& store, const std::string& key,
                                        runtime::Cache* cache);

/// A manifest file whose fragments are left as they are stored: most versions have most of them in common.
struct ManifestOutline {
  ManifestFile file;                        ///< its manifest has no fragments
  std::vector<std::string_view> fragments;  ///< messages DataFragment, in the file's bytes
};
/// Errors: as ReadManifestFile.
Result<ManifestOutline> ReadManifestOutline(store::ObjectStore& store, const std::string& key);

/// Keeps a manifest file for ReadNewestManifest.
void KeepNewestManifest(const ManifestFile& file, runtime::Cache* cache);

/// The bytes of a manifest file: index section (when there are indices), transaction (unless empty) and
/// manifest, whose section offsets are set. Errors: NotSupported (dictionary columns of 0.1 tables, whose
/// values are part of the file).
Result<std::string> EncodeManifestFile(std::span<const IndexMetadata> indices, std::string_view transaction,
                                       Manifest* manifest);

/// Ends a manifest file whose manifest's length is at `position`.
void AppendManifestTail(uint64_t position, std::string* out);

/// The manifest file of bytes that were just written as `path`: nothing is read, so nothing can fail.
ManifestFile AdoptManifestFile(std::string path, std::string bytes, std::shared_ptr<Manifest> manifest);

}  // namespace lance::table
