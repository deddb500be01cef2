#include "lance/store/memory_store.h"

#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/store/counted.h"

namespace lance::store {
namespace {

struct Entry {
  std::shared_ptr<arrow::Buffer> bytes;
  std::chrono::system_clock::time_point modified;
};

// One flat map a process; a store is a prefix of it.
struct Shared {
  std::mutex mutex;
  std::map<std::string, Entry> entries;
};

Shared& Objects() {
  static auto* shared = new Shared();
  return *shared;
}

class MemoryObject : public ReadableObject {
 public:
  MemoryObject(std::string path, std::shared_ptr<arrow::Buffer> bytes,
               std::shared_ptr<AtomicCounters> counters)
      : path_(std::move(path)), bytes_(std::move(bytes)), counters_(std::move(counters)) {}

  const std::string& path() const override { return path_; }
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }

  Status ReadInto(ByteRange range, uint8_t* out) override {
    ARROW_ASSIGN_OR_RAISE(auto slice, Read(range));
    if (range.length > 0) std::memcpy(out, slice->data(), range.length);
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(ByteRange range) override {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size()),
                      "{}: bytes {}..{} lie outside the object of {} bytes", path_, range.offset,
                      range.offset + range.length, size());
    if (counters_ != nullptr) counters_->Read(range.length);
    return arrow::SliceBuffer(bytes_, static_cast<int64_t>(range.offset), static_cast<int64_t>(range.length));
  }

 private:
  std::string path_;
  std::shared_ptr<arrow::Buffer> bytes_;
  std::shared_ptr<AtomicCounters> counters_;
};

class MemoryWriter : public WritableObject {
 public:
  MemoryWriter(std::string path, std::function<void(std::string)> keep)
      : path_(std::move(path)), keep_(std::move(keep)) {}
  const std::string& path() const override { return path_; }
  uint64_t position() const override { return bytes_.size(); }
  Status Write(std::span<const uint8_t> bytes) override {
    if (keep_ == nullptr) return InvalidArgument("{}: written to after it was closed", path_);
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status::OK();
  }
  Status Close() override {
    if (auto keep = std::exchange(keep_, nullptr)) keep(std::move(bytes_));
    return Status::OK();
  }
  void Abort() override { keep_ = nullptr; }

 private:
  const std::string path_;
  std::function<void(std::string)> keep_;
  std::string bytes_;
};

class MemoryStore : public ObjectStore {
 public:
  explicit MemoryStore(std::string root) : root_(std::move(root)) {
    capabilities_.is_local = true;
    capabilities_.lists_in_order = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string FullPath(const std::string& key) const override { return "memory://" + Key(key); }

  Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t) override {
    ARROW_ASSIGN_OR_RAISE(Entry entry, Find(key));
    return std::make_shared<MemoryObject>(FullPath(key), entry.bytes, counters_);
  }
  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(Entry entry, Find(key));
    counters_->Read(static_cast<uint64_t>(entry.bytes->size()));
    return entry.bytes;
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(Entry entry, Find(key));
    return ObjectInfo{key, static_cast<uint64_t>(entry.bytes->size()), entry.modified};
  }
  Result<bool> Exists(const std::string& key) override {
    std::lock_guard lock(Objects().mutex);
    return Objects().entries.count(Key(key)) > 0;
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    std::vector<ObjectInfo> out;
    std::string folder = Folder(prefix);
    std::lock_guard lock(Objects().mutex);
    for (auto it = Objects().entries.lower_bound(folder); it != Objects().entries.end(); ++it) {
      if (it->first.compare(0, folder.size(), folder) != 0) break;
      std::string rest = it->first.substr(folder.size());
      if (!recursive && rest.find('/') != std::string::npos) continue;
      out.push_back({prefix.empty() ? rest : prefix + "/" + rest,
                     static_cast<uint64_t>(it->second.bytes->size()), it->second.modified});
    }
    return out;
  }

  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    ARROW_ASSIGN_OR_RAISE(auto objects, List(prefix, true));
    std::set<std::string> names;
    size_t skip = prefix.empty() ? 0 : prefix.size() + 1;
    for (const ObjectInfo& object : objects) {
      size_t slash = object.path.find('/', skip);
      if (slash != std::string::npos) names.insert(object.path.substr(skip, slash - skip));
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  Result<std::unique_ptr<WritableObject>> Create(const std::string& key, Durability) override {
    return std::make_unique<MemoryWriter>(FullPath(key),
                                          [this, key](std::string bytes) { Keep(key, std::move(bytes)); });
  }
  Status Put(const std::string& key, std::span<const uint8_t> bytes, Durability) override {
    return Store(key, bytes, false);
  }
  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes, Durability,
                     std::span<const std::string>) override {
    return Store(key, bytes, true);
  }
  Status Delete(const std::string& key) override {
    std::lock_guard lock(Objects().mutex);
    if (Objects().entries.erase(Key(key)) == 0) return NotFound("{}: no such object", FullPath(key));
    return Status::OK();
  }
  Status Copy(const std::string& from, const std::string& to) override {
    ARROW_ASSIGN_OR_RAISE(Entry entry, Find(from));
    std::lock_guard lock(Objects().mutex);
    Objects().entries[Key(to)] = entry;
    return Status::OK();
  }
  IoCounters counters() const override { return counters_->Get(); }

 private:
  std::string Key(const std::string& key) const {
    if (root_.empty()) return key;
    return key.empty() ? root_ : root_ + "/" + key;
  }
  std::string Folder(const std::string& prefix) const {
    std::string key = Key(prefix);
    return key.empty() ? key : key + "/";
  }

  Result<Entry> Find(const std::string& key) {
    std::lock_guard lock(Objects().mutex);
    auto it = Objects().entries.find(Key(key));
    if (it == Objects().entries.end()) return NotFound("{}: no such object", FullPath(key));
    return it->second;
  }

  void Keep(const std::string& key, std::string bytes) {
    counters_->Write(bytes.size());
    std::lock_guard lock(Objects().mutex);
    Objects().entries[Key(key)] = {arrow::Buffer::FromString(std::move(bytes)),
                                   std::chrono::system_clock::now()};
  }

  Status Store(const std::string& key, std::span<const uint8_t> bytes, bool only_new) {
    auto copy = arrow::Buffer::FromString(std::string(bytes.begin(), bytes.end()));
    counters_->Write(bytes.size());
    std::lock_guard lock(Objects().mutex);
    if (only_new && Objects().entries.count(Key(key)) > 0) {
      return AlreadyExists("{}: exists already", FullPath(key));
    }
    Objects().entries[Key(key)] = {std::move(copy), std::chrono::system_clock::now()};
    return Status::OK();
  }

  std::string root_;
  Capabilities capabilities_;
  std::shared_ptr<AtomicCounters> counters_ = std::make_shared<AtomicCounters>();
};

}  // namespace

std::shared_ptr<ObjectStore> MakeMemoryStore(const std::string& root) {
  return std::make_shared<MemoryStore>(root);
}

std::shared_ptr<ReadableObject> MakeMemoryObject(std::string path, std::shared_ptr<arrow::Buffer> bytes) {
  return std::make_shared<MemoryObject>(std::move(path), std::move(bytes), nullptr);
}

}  // namespace lance::store
