// Object stores through Arrow's file systems. One request a coalesced range, fanned out on Arrow's I/O
// threads.
#include "lance/store/remote_store.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/future.h>

#include "lance/base/checked_math.h"
#include "lance/store/coalesce.h"
#include "lance/store/counted.h"

namespace lance::store {
namespace {

namespace fs = arrow::fs;

// Reads nearer than this are cheaper as one request than as two round trips.
constexpr uint64_t kCoalesceDistance = 256 << 10;
constexpr uint64_t kMaxRequest = 16 << 20;

Status Translate(const Status& status, const std::string& path) {
  if (status.ok()) return status;
  const std::string& text = status.message();
  for (const char* sign : {"does not exist", "NoSuchKey", "NOT_FOUND", "Not Found", "not found", "(404)"}) {
    if (text.find(sign) != std::string::npos) return NotFound("{}: no such object ({})", path, text);
  }
  return IOError("{}: {}", path, text);
}

template <typename T>
Result<T> Translate(Result<T> result, const std::string& path) {
  if (result.ok()) return result;
  return Translate(result.status(), path);
}

class RemoteObject : public ReadableObject {
 public:
  RemoteObject(std::string path, std::shared_ptr<arrow::io::RandomAccessFile> file, uint64_t size,
               std::shared_ptr<AtomicCounters> counters)
      : path_(std::move(path)), file_(std::move(file)), size_(size), counters_(std::move(counters)) {}

  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }

  Status ReadInto(ByteRange range, uint8_t* out) override {
    ARROW_RETURN_NOT_OK(Check(range));
    counters_->Read(range.length);
    auto got = file_->ReadAt(static_cast<int64_t>(range.offset), static_cast<int64_t>(range.length), out);
    ARROW_ASSIGN_OR_RAISE(int64_t bytes, Translate(std::move(got), path_));
    if (static_cast<uint64_t>(bytes) != range.length) {
      return Corruption("{}: {} bytes at {} wanted, {} arrived", path_, range.length, range.offset, bytes);
    }
    return Status::OK();
  }

  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    for (const ByteRange& range : ranges) ARROW_RETURN_NOT_OK(Check(range));
    CoalescedPlan plan = Coalesce(ranges, kCoalesceDistance, kMaxRequest);
    std::vector<arrow::Future<std::shared_ptr<arrow::Buffer>>> pending;
    pending.reserve(plan.reads.size());
    for (const CoalescedRead& read : plan.reads) {
      counters_->Read(read.range.length);
      pending.push_back(file_->ReadAsync(arrow::io::default_io_context(),
                                         static_cast<int64_t>(read.range.offset),
                                         static_cast<int64_t>(read.range.length)));
    }
    std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
    Status failed;
    for (size_t i = 0; i < pending.size(); ++i) {
      auto result = pending[i].result();  // waits, also after a failure: the reads must not outlive this call
      if (!failed.ok()) continue;
      failed =
          result.ok() ? Hand(plan, plan.reads[i], *result, ranges, &out) : Translate(result.status(), path_);
    }
    ARROW_RETURN_NOT_OK(failed);
    return out;
  }

 private:
  Status Check(ByteRange range) const {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size_),
                      "{}: bytes {}..{} lie outside the object of {} bytes", path_, range.offset,
                      range.offset + range.length, size_);
    return Status::OK();
  }

  Status Hand(const CoalescedPlan& plan, const CoalescedRead& read,
              const std::shared_ptr<arrow::Buffer>& bytes, std::span<const ByteRange> ranges,
              std::vector<std::shared_ptr<arrow::Buffer>>* out) const {
    if (static_cast<uint64_t>(bytes->size()) != read.range.length) {
      return Corruption("{}: {} bytes at {} wanted, {} arrived", path_, read.range.length, read.range.offset,
                        bytes->size());
    }
    for (size_t position = read.first; position < read.first + read.count; ++position) {
      size_t index = plan.IndexAt(position);
      (*out)[index] =
          arrow::SliceBuffer(bytes, static_cast<int64_t>(ranges[index].offset - read.range.offset),
                             static_cast<int64_t>(ranges[index].length));
    }
    return Status::OK();
  }

  std::string path_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  uint64_t size_;
  std::shared_ptr<AtomicCounters> counters_;
};

class RemoteWriter : public WritableObject {
 public:
  RemoteWriter(std::string path, std::shared_ptr<arrow::io::OutputStream> out,
               std::shared_ptr<AtomicCounters> counters)
      : path_(std::move(path)), out_(std::move(out)), counters_(std::move(counters)) {}
  ~RemoteWriter() override { Abort(); }
  const std::string& path() const override { return path_; }
  uint64_t position() const override { return position_; }
  Status Write(std::span<const uint8_t> bytes) override {
    if (out_ == nullptr) return InvalidArgument("{}: written to after it was closed", path_);
    ARROW_RETURN_NOT_OK(Translate(out_->Write(bytes.data(), static_cast<int64_t>(bytes.size())), path_));
    position_ += bytes.size();
    counters_->Write(bytes.size());
    return Status::OK();
  }
  Status Close() override {
    if (out_ == nullptr) return Status::OK();
    return Translate(std::exchange(out_, nullptr)->Close(), path_);
  }
  void Abort() override {
    if (out_ != nullptr) (void)std::exchange(out_, nullptr)->Abort();
  }

 private:
  const std::string path_;
  std::shared_ptr<arrow::io::OutputStream> out_;
  const std::shared_ptr<AtomicCounters> counters_;
  uint64_t position_ = 0;
};

class RemoteStore : public ObjectStore {
 public:
  RemoteStore(std::shared_ptr<fs::FileSystem> file_system, std::string root, std::string uri)
      : fs_(std::move(file_system)), root_(std::move(root)), uri_(std::move(uri)) {
    capabilities_.coalesce_distance = kCoalesceDistance;
    capabilities_.max_request_bytes = kMaxRequest;
    capabilities_.parallel_requests = 32;
    capabilities_.lists_in_order = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string FullPath(const std::string& key) const override {
    return key.empty() ? uri_ : uri_ + "/" + key;
  }

  Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t known_size) override {
    std::string path = FullPath(key);
    fs::FileInfo info(Key(key), fs::FileType::File);
    if (known_size > 0) info.set_size(static_cast<int64_t>(known_size));
    auto opened = known_size > 0 ? fs_->OpenInputFile(info) : fs_->OpenInputFile(Key(key));
    ARROW_ASSIGN_OR_RAISE(auto file, Translate(std::move(opened), path));
    ARROW_ASSIGN_OR_RAISE(int64_t size, Translate(file->GetSize(), path));
    if (known_size == 0) counters_->Read(0);  // the HEAD request
    return std::make_shared<RemoteObject>(std::move(path), std::move(file), static_cast<uint64_t>(size),
                                          counters_);
  }

  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(auto object, Open(key, 0));
    return object->Read({0, object->size()});
  }

  Result<ObjectInfo> Head(const std::string& key) override {
    counters_->Read(0);
    ARROW_ASSIGN_OR_RAISE(fs::FileInfo info, Translate(fs_->GetFileInfo(Key(key)), FullPath(key)));
    if (info.type() != fs::FileType::File) return NotFound("{}: no such object", FullPath(key));
    return InfoOf(key, info);
  }

  Result<bool> Exists(const std::string& key) override {
    counters_->Read(0);
    ARROW_ASSIGN_OR_RAISE(fs::FileInfo info, Translate(fs_->GetFileInfo(Key(key)), FullPath(key)));
    return info.type() != fs::FileType::NotFound;
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    ARROW_ASSIGN_OR_RAISE(auto infos, Select(prefix, recursive));
    std::vector<ObjectInfo> out;
    for (const fs::FileInfo& info : infos) {
      if (info.type() == fs::FileType::File) out.push_back(InfoOf(Relative(info.path()), info));
    }
    return out;
  }

  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    ARROW_ASSIGN_OR_RAISE(auto infos, Select(prefix, false));
    std::vector<std::string> out;
    for (const fs::FileInfo& info : infos) {
      if (info.type() == fs::FileType::Directory) out.push_back(info.base_name());
    }
    return out;
  }

  Result<std::unique_ptr<WritableObject>> Create(const std::string& key, Durability) override {
    ARROW_ASSIGN_OR_RAISE(auto out, Translate(fs_->OpenOutputStream(Key(key)), FullPath(key)));
    return std::make_unique<RemoteWriter>(FullPath(key), std::move(out), counters_);
  }

  Status Put(const std::string& key, std::span<const uint8_t> bytes, Durability durability) override {
    ARROW_ASSIGN_OR_RAISE(auto out, Create(key, durability));
    ARROW_RETURN_NOT_OK(out->Write(bytes));
    return out->Close();
  }

  Status PutIfAbsent(const std::string& key, std::span<const uint8_t>, Durability,
                     std::span<const std::string>) override {
    // Arrow's file systems have no conditional put, and a look before a write would lose commits.
    return NotSupported("{}: conditional writes to remote object stores", FullPath(key));
  }

  Status Delete(const std::string& key) override {
    counters_->Write(0);
    return Translate(fs_->DeleteFile(Key(key)), FullPath(key));
  }

  Status Copy(const std::string& from, const std::string& to) override {
    counters_->Write(0);
    return Translate(fs_->CopyFile(Key(from), Key(to)), FullPath(from));
  }

  IoCounters counters() const override { return counters_->Get(); }

 private:
  std::string Key(const std::string& key) const { return key.empty() ? root_ : root_ + "/" + key; }
  std::string Relative(const std::string& path) const {
    return path.size() > root_.size() + 1 ? path.substr(root_.size() + 1) : std::string();
  }

  static ObjectInfo InfoOf(const std::string& key, const fs::FileInfo& info) {
    return {key, static_cast<uint64_t>(std::max<int64_t>(info.size(), 0)),
            std::chrono::time_point_cast<std::chrono::system_clock::duration>(info.mtime())};
  }

  Result<fs::FileInfoVector> Select(const std::string& prefix, bool recursive) {
    counters_->Read(0);
    fs::FileSelector selector;
    selector.base_dir = Key(prefix);
    selector.recursive = recursive;
    selector.allow_not_found = true;
    return Translate(fs_->GetFileInfo(selector), FullPath(prefix));
  }

  std::shared_ptr<fs::FileSystem> fs_;
  std::string root_;
  std::string uri_;
  Capabilities capabilities_;
  std::shared_ptr<AtomicCounters> counters_ = std::make_shared<AtomicCounters>();
};

}  // namespace

bool IsRemoteScheme(const std::string& scheme) {
  return scheme == "gs" || scheme == "az" || scheme == "abfss";
}

Result<OpenedStore> OpenRemote(const std::string& scheme, const std::string& bucket_and_prefix) {
  const std::string plain = scheme + "://" + bucket_and_prefix;
  std::string root;
  auto opened = fs::FileSystemFromUri(scheme == "az" ? "abfss://" + bucket_and_prefix : plain, &root);
  if (!opened.ok()) {
    // Never the Arrow text: it may repeat a URI with its secret.
    return IOError("cannot open the object store of {} ({})", plain, opened.status().CodeAsString());
  }
  return OpenedStore{std::make_shared<RemoteStore>(*opened, root, plain), plain};
}

}  // namespace lance::store
