#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lance/table/bases.h"
#include "lance/table/manifest_file.h"
#include "lance/table/snapshot.h"
#include "lance/table/versions.h"

namespace lance::table {

/// The Snapshot of a manifest file. What it loads is kept in the session's metadata cache, under keys that
/// hold the files' names: those of data and deletion files are unique for ever.
class TableSnapshot : public Snapshot {
 public:
  /// Checks that the manifest can be read, and finds the row counts that old releases left out (one file open
  /// for each such fragment). `root` is the table's root: other than bases->own() for a branch.
  static Result<std::shared_ptr<const Snapshot>> Make(ManifestFile file, ManifestLocation location,
                                                      std::shared_ptr<Bases> bases, store::OpenedStore root,
                                                      std::shared_ptr<runtime::Session> session);

  const Manifest& manifest() const override { return *file_.manifest; }
  const std::string& uri() const override { return bases_->own().uri; }
  const std::shared_ptr<store::ObjectStore>& object_store() const override { return bases_->own().store; }
  const std::shared_ptr<runtime::Session>& session() const override { return session_; }
  Result<std::shared_ptr<file::FileReader>> OpenDataFile(const DataFile& file) const override;
  Result<std::shared_ptr<const DeletionVector>> Deletions(const Fragment& fragment) const override;
  Result<std::shared_ptr<const RowIdSequence>> RowIds(const Fragment& fragment) const override;
  Result<std::shared_ptr<const VersionSequence>> CreatedAt(const Fragment& fragment) const override;
  Result<std::shared_ptr<const VersionSequence>> LastUpdatedAt(const Fragment& fragment) const override;
  Result<std::vector<std::optional<uint64_t>>> ResolveRowIds(
      std::span<const uint64_t> row_ids) const override;
  Result<std::shared_ptr<const std::vector<IndexMetadata>>> Indices() const override;
  Result<ObjectPlace> IndexFolder(const IndexMetadata& index) const override;
  Result<uint64_t> CountRows() const override;
  Result<std::shared_ptr<const std::vector<uint64_t>>> LiveRowStarts() const override;

  const ManifestFile& manifest_file() const { return file_; }
  const ManifestLocation& location() const { return location_; }
  const Bases& bases() const { return *bases_; }
  const std::shared_ptr<Bases>& shared_bases() const { return bases_; }
  const store::OpenedStore& root() const { return root_; }

 private:
  TableSnapshot(ManifestFile file, ManifestLocation location, std::shared_ptr<Bases> bases,
                store::OpenedStore root, std::shared_ptr<runtime::Session> session);
  Status CompleteRowCounts();
  Result<std::shared_ptr<const DeletionVector>> LoadDeletions(const Fragment& fragment,
                                                              const ObjectPlace& place) const;
  Result<std::shared_ptr<const RowIdSequence>> LoadRowIds(const Fragment& fragment) const;
  Result<std::shared_ptr<const VersionSequence>> Versions(const Fragment& fragment, const Lineage& lineage,
                                                          int32_t field_id, const char* what) const;
  Result<std::vector<uint64_t>> ReadLineageColumn(const Fragment& fragment, int32_t field_id) const;
  std::string CacheKey(const char* what, uint64_t fragment_id) const;

  ManifestFile file_;
  const ManifestLocation location_;
  const std::shared_ptr<Bases> bases_;
  const store::OpenedStore root_;
  const std::shared_ptr<runtime::Session> session_;
  const uint64_t serial_;  // tells this snapshot's cache entries from those of others
  // Computed on first use, as often as threads race for it.
  mutable std::atomic<std::shared_ptr<const std::vector<IndexMetadata>>> indices_;
  mutable std::atomic<std::shared_ptr<const std::vector<uint64_t>>> live_row_starts_;
};

}  // namespace lance::table
