#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lance/base/status.h"
#include "lance/store/object_store.h"

namespace lance::table {

/// A table of (table, version) -> path of its manifest, somewhere that can put a row only if it is absent,
/// for object stores that cannot: DynamoDB, a catalog. Paths are keys below the table's root; one that does
/// not end in ".manifest" is a staging copy of a commit that is decided but not finished. Thread-safe.
class ExternalManifestStore {
 public:
  struct Row {
    uint64_t version = 0;
    std::string path;
    std::optional<uint64_t> size = std::nullopt;  ///< of the manifest; readers of the reference check it
  };
  virtual ~ExternalManifestStore() = default;
  /// None when there is no such row.
  virtual Result<std::optional<Row>> Get(const std::string& table, uint64_t version) = 0;
  virtual Result<std::optional<Row>> GetLatest(const std::string& table) = 0;
  /// Errors: AlreadyExists, atomically. A store that repeats requests may meet its own row.
  virtual Status PutIfAbsent(const std::string& table, const Row& row) = 0;
  /// Replaces a row. Errors: NotFound.
  virtual Status Replace(const std::string& table, const Row& row) = 0;
};

/// Kept in memory, for tests and for tables of one process.
std::shared_ptr<ExternalManifestStore> MakeMemoryManifestStore();

/// The store of a table whose manifests are put through `external`; all else goes to `inner`.
///
/// PutIfAbsent of a manifest writes it under "<key>-<uuid>", puts the row, copies it to its key, points the
/// row there and deletes the staging copy. Once the row is put the commit has happened: the rest is finished
/// by the next reader or writer that meets the row. Manifests from before the table used `external` are found
/// as they are.
std::shared_ptr<store::ObjectStore> MakeExternalCommitStore(std::shared_ptr<store::ObjectStore> inner,
                                                            std::shared_ptr<ExternalManifestStore> external,
                                                            std::string table);

}  // namespace lance::table
