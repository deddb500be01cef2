#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lance/base/status.h"
#include "lance/store/object_store.h"
#include "lance/table/manifest.h"

namespace lance::table {

/// An object of a table, wherever its base is.
struct ObjectPlace {
  std::shared_ptr<store::ObjectStore> store;
  std::string key;
  std::string root_uri;  ///< of the store: with the key an identity for caches
};

/// Finds the files of a table: below its own root, or below one of the base paths that its manifest lists.
/// Opens each base's store once. Thread-safe.
class Bases {
 public:
  Bases(store::OpenedStore own, store::Options options)
      : own_(std::move(own)), options_(std::move(options)) {}

  /// The place of `path` in `folder` ("data", "_indices") of a base. A base that is no dataset root is that
  /// folder itself. `base_id` 0 is a base like any other. Errors: Corruption when the manifest lists no such
  /// base or the path leaves it.
  Result<ObjectPlace> Locate(const Manifest& manifest, std::optional<uint32_t> base_id,
                             std::string_view folder, std::string_view path);
  const store::OpenedStore& own() const { return own_; }
  const store::Options& options() const { return options_; }

 private:
  Result<store::OpenedStore> OpenBase(const std::string& path);

  const store::OpenedStore own_;
  const store::Options options_;
  std::mutex mutex_;
  std::map<std::string, store::OpenedStore> opened_;  // by BasePath::path
};

/// `uri` with a path below it; a query stays at the end.
std::string JoinUri(const std::string& uri, const std::string& path);

/// Refuses a path from a manifest that is absolute or has ".." parts: it would leave the table.
Status CheckRelativePath(std::string_view path);

}  // namespace lance::table
