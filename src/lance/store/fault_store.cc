#include "lance/store/fault_store.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <arrow/buffer.h>

namespace lance::store {
namespace {

Status UnknownState(const char* name, const std::string& key) {
  return MakeError(ErrorKind::kCommitStateUnknown,
                   fmt::format("{} of {}: injected, state unknown", name, key));
}

class FaultStore : public ObjectStore {
 public:
  FaultStore(std::shared_ptr<ObjectStore> inner, FaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  std::string FullPath(const std::string& key) const override { return inner_->FullPath(key); }
  IoCounters counters() const override { return inner_->counters(); }
  std::optional<FolderState> StatFolder(const std::string& folder) override {
    return inner_->StatFolder(folder);
  }

  Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t known_size) override {
    ARROW_RETURN_NOT_OK(Read("Open", key));
    return inner_->Open(key, known_size);
  }
  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    ARROW_RETURN_NOT_OK(Read("Get", key));
    return inner_->Get(key);
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    ARROW_RETURN_NOT_OK(Read("Head", key));
    return inner_->Head(key);
  }
  Result<bool> Exists(const std::string& key) override {
    ARROW_RETURN_NOT_OK(Read("Exists", key));
    return inner_->Exists(key);
  }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    ARROW_RETURN_NOT_OK(Read("List", prefix));
    return inner_->List(prefix, recursive);
  }
  Result<std::vector<std::string>> ListNames(const std::string& folder) override {
    ARROW_RETURN_NOT_OK(Read("ListNames", folder));
    return inner_->ListNames(folder);
  }
  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    ARROW_RETURN_NOT_OK(Read("ListFolders", prefix));
    return inner_->ListFolders(prefix);
  }

  Result<std::unique_ptr<WritableObject>> Create(const std::string& key, Durability durability) override;

  Status Put(const std::string& key, std::span<const uint8_t> bytes, Durability durability) override {
    return Write("Put", key, [&](bool half) {
      return inner_->Put(key, half ? bytes.first(bytes.size() / 2) : bytes, durability);
    });
  }
  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes, Durability durability,
                     std::span<const std::string> parts) override {
    // Atomic by contract: there is no half of it.
    return Write("PutIfAbsent", key, [&](bool half) {
      return half ? Status::OK() : inner_->PutIfAbsent(key, bytes, durability, parts);
    });
  }
  Status Sync(std::span<const std::string> keys) override {
    return Write("Sync", keys.empty() ? "" : keys[0],
                 [&](bool half) { return inner_->Sync(half ? keys.first(keys.size() / 2) : keys); });
  }
  Status Delete(const std::string& key) override {
    return Write("Delete", key, [&](bool half) { return half ? Status::OK() : inner_->Delete(key); });
  }
  Status Copy(const std::string& from, const std::string& to) override {
    return Write("Copy", to, [&](bool half) { return half ? Status::OK() : inner_->Copy(from, to); });
  }

  Status Write(const char* name, const std::string& key, const std::function<Status(bool half)>& act) {
    switch (Next(name, key)) {
      case Fault::kNone:
        return act(false);
      case Fault::kDelay:
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return act(false);
      case Fault::kFail:
      case Fault::kCrash:
        break;
      case Fault::kFailAfter:
        ARROW_RETURN_NOT_OK(act(false));
        break;
      case Fault::kTruncate:
        ARROW_RETURN_NOT_OK(act(true));
        break;
      case Fault::kUnknownAfter:
        ARROW_RETURN_NOT_OK(act(false));
        return UnknownState(name, key);
      case Fault::kUnknownBefore:
        return UnknownState(name, key);
    }
    return IOError("{} of {}: injected failure", name, key);
  }

 private:
  Fault Next(const char* name, const std::string& key) {
    if (crashed_) return Fault::kCrash;
    const Fault fault = plan_(number_.fetch_add(1), name, key);
    if (fault == Fault::kCrash) crashed_ = true;
    return fault;
  }

  Status Read(const char* name, const std::string& key) {
    const Fault fault = Next(name, key);
    if (fault == Fault::kDelay) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (fault == Fault::kNone || fault == Fault::kDelay) return Status::OK();
    return IOError("{} of {}: injected failure", name, key);
  }

  const std::shared_ptr<ObjectStore> inner_;
  const FaultPlan plan_;
  std::atomic<uint64_t> number_{0};
  std::atomic<bool> crashed_{false};
};

class FaultWriter : public WritableObject {
 public:
  FaultWriter(FaultStore* store, std::string key, std::unique_ptr<WritableObject> inner)
      : store_(store), key_(std::move(key)), inner_(std::move(inner)) {}
  const std::string& path() const override { return inner_->path(); }
  uint64_t position() const override { return inner_->position(); }
  Status Write(std::span<const uint8_t> bytes) override { return inner_->Write(bytes); }
  Status Close() override {
    return store_->Write("Close", key_, [&](bool half) { return half ? Status::OK() : inner_->Close(); });
  }
  void Abort() override { inner_->Abort(); }

 private:
  FaultStore* store_;  // outlives its writers, as every store does
  const std::string key_;
  std::unique_ptr<WritableObject> inner_;
};

Result<std::unique_ptr<WritableObject>> FaultStore::Create(const std::string& key, Durability durability) {
  std::unique_ptr<WritableObject> inner;
  ARROW_RETURN_NOT_OK(Write("Create", key, [&](bool half) -> Status {
    if (half) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(inner, inner_->Create(key, durability));
    return Status::OK();
  }));
  return std::make_unique<FaultWriter>(this, key, std::move(inner));
}

}  // namespace

std::shared_ptr<ObjectStore> MakeFaultStore(std::shared_ptr<ObjectStore> inner, FaultPlan plan) {
  return std::make_shared<FaultStore>(std::move(inner), std::move(plan));
}

}  // namespace lance::store
