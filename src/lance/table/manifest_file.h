#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace arrow {
class Buffer;
}
namespace lance::store {
class ObjectStore;
class ReadableObject;
}  // namespace lance::store

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

}  // namespace lance::table
