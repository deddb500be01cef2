#include "lance/table/external_manifest.h"

#include <atomic>
#include <map>
#include <mutex>

#include <arrow/buffer.h>

#include "lance/base/uuid.h"
#include "lance/store/ordered_names.h"
#include "lance/table/versions.h"

namespace lance::table {
namespace {

constexpr std::string_view kFolder = "_versions/";

class MemoryManifestStore : public ExternalManifestStore {
 public:
  Result<std::optional<Row>> Get(const std::string& table, uint64_t version) override {
    std::lock_guard lock(mutex_);
    const auto& rows = tables_[table];
    auto found = rows.find(version);
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::optional<Row>> GetLatest(const std::string& table) override {
    std::lock_guard lock(mutex_);
    const auto& rows = tables_[table];
    return rows.empty() ? std::nullopt : std::optional(rows.rbegin()->second);
  }
  Status PutIfAbsent(const std::string& table, const Row& row) override {
    std::lock_guard lock(mutex_);
    if (tables_[table].emplace(row.version, row).second) return Status::OK();
    return AlreadyExists("version {} of {} exists", row.version, table);
  }
  Status Replace(const std::string& table, const Row& row) override {
    std::lock_guard lock(mutex_);
    auto found = tables_[table].find(row.version);
    if (found == tables_[table].end()) return NotFound("version {} of {} does not exist", row.version, table);
    found->second = row;
    return Status::OK();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::map<uint64_t, Row>> tables_;
};

// The manifest that a key is of; none for other objects and for detached versions, whose random numbers
// nobody races for.
std::optional<ManifestName> ManifestOf(std::string_view key) {
  if (!key.starts_with(kFolder)) return std::nullopt;
  auto name = ParseManifestName(key.substr(kFolder.size()));
  return name && !name->detached ? name : std::nullopt;
}

bool IsStaging(const std::string& path) { return !path.ends_with(".manifest"); }

// The key that a staging copy is of: the name up to ".manifest".
std::string FinalKey(const std::string& staging) {
  const size_t end = staging.rfind(".manifest-");
  return end == staging.npos ? staging : staging.substr(0, end) + ".manifest";
}

class ExternalCommitStore : public store::ObjectStore, public store::OrderedNames {
 public:
  ExternalCommitStore(std::shared_ptr<store::ObjectStore> inner,
                      std::shared_ptr<ExternalManifestStore> external, std::string table)
      : inner_(std::move(inner)), external_(std::move(external)), table_(std::move(table)) {}

  const store::Capabilities& capabilities() const override { return inner_->capabilities(); }
  std::string FullPath(const std::string& key) const override { return inner_->FullPath(key); }
  store::IoCounters counters() const override { return inner_->counters(); }

  Result<std::shared_ptr<store::ReadableObject>> Open(const std::string& key, uint64_t size) override {
    return Finished(key, [&] { return inner_->Open(key, size); });
  }
  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    return Finished(key, [&] { return inner_->Get(key); });
  }
  Result<store::ObjectInfo> Head(const std::string& key) override {
    return Finished(key, [&] { return inner_->Head(key); });
  }
  Result<bool> Exists(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(const bool exists, inner_->Exists(key));
    if (exists || !ManifestOf(key)) return exists;
    ARROW_RETURN_NOT_OK(FinishVersionOf(key));
    return inner_->Exists(key);
  }
  Result<std::vector<store::ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    if (kFolder.starts_with(prefix)) ARROW_RETURN_NOT_OK(FinishLatest().status());
    return inner_->List(prefix, recursive);
  }
  Result<std::vector<std::string>> ListNames(const std::string& folder) override {
    if (kFolder.starts_with(folder)) ARROW_RETURN_NOT_OK(FinishLatest().status());
    return inner_->ListNames(folder);
  }
  // The newest version by its row: no listing.
  Result<std::vector<std::string>> FirstNames(const std::string& folder, bool* all) override {
    *all = false;
    if (folder + "/" != kFolder) return std::vector<std::string>{};
    ARROW_ASSIGN_OR_RAISE(auto row, FinishLatest());
    if (!row) {
      *all = true;
      return inner_->ListNames(folder);
    }
    return std::vector<std::string>{FinalKey(row->path).substr(kFolder.size())};
  }
  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    return inner_->ListFolders(prefix);
  }
  Result<std::unique_ptr<store::WritableObject>> Create(const std::string& key,
                                                        store::Durability durability) override {
    return inner_->Create(key, durability);
  }
  Status Put(const std::string& key, std::span<const uint8_t> bytes, store::Durability durability) override {
    return inner_->Put(key, bytes, durability);
  }
  Status Delete(const std::string& key) override { return inner_->Delete(key); }
  Status Copy(const std::string& from, const std::string& to) override { return inner_->Copy(from, to); }

  Status Sync(std::span<const std::string> keys) override { return inner_->Sync(keys); }

  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes, store::Durability durability,
                     std::span<const std::string> parts) override {
    const auto name = ManifestOf(key);
    if (!name) return inner_->PutIfAbsent(key, bytes, durability, parts);
    if (durability == store::Durability::kSync) ARROW_RETURN_NOT_OK(inner_->Sync(parts));
    if (newest_row_ == 0 || name->version != newest_row_ + 1) {
      // One that was committed before the table came to use the external store.
      ARROW_ASSIGN_OR_RAISE(bool exists, inner_->Exists(key));
      if (exists) return AlreadyExists("{} exists", FullPath(key));
    }
    const std::string staging = key + "-" + MakeUuid();
    ARROW_RETURN_NOT_OK(inner_->Put(staging, bytes, durability));
    const ExternalManifestStore::Row row{name->version, staging, bytes.size()};
    Status put = external_->PutIfAbsent(table_, row);
    if (Is(put, ErrorKind::kAlreadyExists)) {
      const auto winner = external_->Get(table_, name->version);
      if (winner.ok() && *winner && (*winner)->path != staging) {
        (void)inner_->Delete(staging);
        return put;
      }
      // An attempt without an answer put our own row, or who won is not known.
      if (winner.ok() && *winner) put = Status::OK();
    }
    // The row may have been put: the staging copy must stay, and reading back tells.
    if (!put.ok()) return MakeError(ErrorKind::kCommitStateUnknown, put.message());
    newest_row_ = row.version;
    // The commit has happened; who comes next finishes it where this does not.
    (void)Finish(row);
    return Status::OK();
  }

 private:
  Status Finish(const ExternalManifestStore::Row& row) {
    const std::string key = FinalKey(row.path);
    const Status copied = inner_->Copy(row.path, key);
    if (!copied.ok()) {
      // Another one may have finished it and deleted the staging copy.
      ARROW_ASSIGN_OR_RAISE(bool exists, inner_->Exists(key));
      return exists ? Status::OK() : copied;
    }
    ARROW_RETURN_NOT_OK(external_->Replace(table_, {row.version, key, row.size}));
    (void)inner_->Delete(row.path);
    return Status::OK();
  }

  // Asks for an object. A manifest that has its name is that of its version: only where it is missing a row
  // may know of a staging copy.
  template <typename Ask>
  auto Finished(const std::string& key, Ask ask) -> decltype(ask()) {
    auto first = ask();
    if (!Is(first.status(), ErrorKind::kNotFound) || !ManifestOf(key)) return first;
    ARROW_RETURN_NOT_OK(FinishVersionOf(key));
    return ask();
  }

  Status FinishVersionOf(const std::string& key) {
    ARROW_ASSIGN_OR_RAISE(auto row, external_->Get(table_, ManifestOf(key)->version));
    return row && IsStaging(row->path) && FinalKey(row->path) == key ? Finish(*row) : Status::OK();
  }

  // Older versions are finished by the writer that came after them: it asked for the newest.
  Result<std::optional<ExternalManifestStore::Row>> FinishLatest() {
    ARROW_ASSIGN_OR_RAISE(auto row, external_->GetLatest(table_));
    if (!row) return row;
    newest_row_ = row->version;
    if (IsStaging(row->path)) ARROW_RETURN_NOT_OK(Finish(*row));
    return row;
  }

  const std::shared_ptr<store::ObjectStore> inner_;
  const std::shared_ptr<ExternalManifestStore> external_;
  const std::string table_;
  std::atomic<uint64_t> newest_row_{0};  // as last seen; 0 for none
};

}  // namespace

std::shared_ptr<ExternalManifestStore> MakeMemoryManifestStore() {
  return std::make_shared<MemoryManifestStore>();
}

std::shared_ptr<store::ObjectStore> MakeExternalCommitStore(std::shared_ptr<store::ObjectStore> inner,
                                                            std::shared_ptr<ExternalManifestStore> external,
                                                            std::string table) {
  return std::make_shared<ExternalCommitStore>(std::move(inner), std::move(external), std::move(table));
}

}  // namespace lance::table
