#include "lance/store/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <random>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/runtime/buffer_pool.h"
#include "lance/store/coalesce.h"
#include "lance/store/counted.h"
#include "lance/store/file_mapping.h"
#include "lance/store/local_sync.h"

namespace lance::store {
namespace {

// Below this gap a second pread (0.7 us warm) costs more than copying the gap.
constexpr uint64_t kCoalesceDistance = 4096;
constexpr uint64_t kMaxRequest = 64 << 20;
// Ranges up to this size share one block, larger ones own theirs, so that a kept array never pins a
// stranger's bytes.
constexpr uint64_t kShareUpTo = 64 << 10;
// The disk is given what was written in portions of this, so that it works while the next are made.
constexpr uint64_t kWriteBehind = 8 << 20;
// Below this a copy stays in the caches and costs little.
constexpr uint64_t kViewFrom = 256 << 10;
// So many small ranges at once cost more in calls than in copies.
constexpr size_t kManyRanges = 8;

Status FromErrno(int error, const char* what, const std::string& path) {
  if (error == ENOENT || error == ENOTDIR) return NotFound("{}: no such file", path);
  if (error == EEXIST) return AlreadyExists("{}: exists already", path);
  return IOError("{} {} failed: {}", what, path, std::strerror(error));
}

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// How many files may stay open. Caches keep objects of thousands of fragments, while processes are often
// limited to 1024 descriptors and have other uses for them; beyond this share each read opens its file (1
// us).
int64_t MaxKeptOpen() {
  static const int64_t limit = [] {
    rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return int64_t{64};
    return static_cast<int64_t>(std::clamp<rlim_t>(files.rlim_cur / 4, 16, 4096));
  }();
  return limit;
}

std::atomic<int64_t> kept_open{0};

class LocalObject : public ReadableObject {
 public:
  LocalObject(std::string path, FileDescriptor fd, uint64_t size, std::shared_ptr<AtomicCounters> counters)
      : path_(std::move(path)), size_(size), counters_(std::move(counters)) {
    if (kept_open.fetch_add(1, std::memory_order_relaxed) < MaxKeptOpen()) {
      fd_ = std::move(fd);
    } else {
      kept_open.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  ~LocalObject() override {
    if (fd_.get() >= 0) kept_open.fetch_sub(1, std::memory_order_relaxed);
  }

  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }

  Status ReadInto(ByteRange range, uint8_t* out) override {
    ARROW_RETURN_NOT_OK(CheckInside(range));
    FileDescriptor opened;
    ARROW_ASSIGN_OR_RAISE(const int fd, Descriptor(&opened));
    return ReadFrom(fd, range, 0, out);
  }

  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
    if (ranges.size() == 1) {
      ARROW_ASSIGN_OR_RAISE(out[0], Read(ranges[0]));
      return out;
    }
    for (const ByteRange& range : ranges) ARROW_RETURN_NOT_OK(CheckInside(range));
    FileDescriptor opened;
    ARROW_ASSIGN_OR_RAISE(const int fd, Descriptor(&opened));
    CoalescedPlan plan = Coalesce(ranges, kCoalesceDistance, kMaxRequest);
    uint64_t shared_bytes = 0;
    for (const CoalescedRead& read : plan.reads) {
      if (read.range.length <= kShareUpTo) shared_bytes += read.range.length;
    }
    std::shared_ptr<arrow::Buffer> shared;
    if (shared_bytes > 0) {
      ARROW_ASSIGN_OR_RAISE(shared, runtime::AllocatePooled(shared_bytes));
    }
    uint64_t used = 0;
    bool cached = plan.reads.size() > 1;  // as far as anyone knows
    for (size_t r = 0; r < plan.reads.size(); ++r) {
      const CoalescedRead& read = plan.reads[r];
      std::shared_ptr<arrow::Buffer> block = shared;
      uint64_t base = used;
      if (read.range.length > kShareUpTo) {
        ARROW_ASSIGN_OR_RAISE(block, runtime::AllocatePooled(read.range.length));
        base = 0;
      } else {
        used += read.range.length;
      }
      if (block == nullptr) {
        ARROW_ASSIGN_OR_RAISE(block, runtime::AllocatePooled(0));
      }
      uint8_t* to = block->mutable_data() + base;
      const uint64_t done = cached ? ReadCached(fd, read.range, to) : 0;
      if (cached && done < read.range.length) {
        // The disk is told of everything that is left, so that it works on many of these at a time.
        cached = false;
        for (const CoalescedRead& next : std::span(plan.reads).subspan(r)) {
          posix_fadvise(fd, static_cast<off_t>(next.range.offset), static_cast<off_t>(next.range.length),
                        POSIX_FADV_WILLNEED);
        }
      }
      ARROW_RETURN_NOT_OK(ReadFrom(fd, read.range, done, to));
      for (size_t position = read.first; position < read.first + read.count; ++position) {
        const size_t index = plan.IndexAt(position);
        const ByteRange& range = ranges[index];
        bool whole = base == 0 && range == read.range && block != shared;
        out[index] =
            whole ? block
                  : arrow::SliceBuffer(block, static_cast<int64_t>(base + range.offset - read.range.offset),
                                       static_cast<int64_t>(range.length));
      }
    }
    return out;
  }

  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ViewMany(std::span<const ByteRange> ranges) override {
    const bool many = ranges.size() >= kManyRanges;
    const bool worth =
        many || std::any_of(ranges.begin(), ranges.end(), [](ByteRange r) { return r.length >= kViewFrom; });
    FileMapping* mapping = worth ? Mapping() : nullptr;
    if (mapping == nullptr || !mapping->IsWhole(fd_.get())) return ReadMany(ranges);
    std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
    std::vector<ByteRange> to_read;
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (RangeFits(ranges[i].offset, ranges[i].length, size_)) {
        if (ranges[i].length >= kViewFrom) {
          out[i] = mapping->View(ranges[i]);
        } else if (many) {
          out[i] = mapping->ViewSmall(ranges[i]);
        }
      }
      if (out[i] == nullptr) {
        to_read.push_back(ranges[i]);
      } else {
        counters_->Read(ranges[i].length);
      }
    }
    if (to_read.empty()) return out;
    ARROW_ASSIGN_OR_RAISE(auto read, ReadMany(to_read));
    auto next = read.begin();
    for (auto& buffer : out) {
      if (buffer == nullptr) buffer = std::move(*next++);
    }
    return out;
  }

 private:
  Status CheckInside(ByteRange range) const {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size_),
                      "{}: bytes {}..{} lie outside the file of {} bytes", path_, range.offset,
                      range.offset + range.length, size_);
    return Status::OK();
  }

  // The file's descriptor; opened in `opened` when none is kept.
  Result<int> Descriptor(FileDescriptor* opened) const {
    if (fd_.get() >= 0) return fd_.get();
    *opened = FileDescriptor(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (opened->get() < 0) return FromErrno(errno, "opening", path_);
    return opened->get();
  }

  // As much of `range` as lies in the page cache, from its start: how many bytes.
  static uint64_t ReadCached(int fd, ByteRange range, uint8_t* out) {
#ifdef RWF_NOWAIT
    iovec place{out, range.length};
    const ssize_t got = preadv2(fd, &place, 1, static_cast<off_t>(range.offset), RWF_NOWAIT);
    return got > 0 ? static_cast<uint64_t>(got) : 0;  // errors show in the read that waits
#else
    return 0;
#endif
  }

  // Reads `range`, of which the first `done` bytes are there.
  Status ReadFrom(int fd, ByteRange range, uint64_t done, uint8_t* out) {
    counters_->Read(range.length);
    while (done < range.length) {
      ssize_t got = pread(fd, out + done, range.length - done, static_cast<off_t>(range.offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return FromErrno(errno, "reading", path_);
      }
      if (got == 0)
        return Corruption("{}: the file became shorter than {} bytes while open", path_, range.end());
      done += static_cast<uint64_t>(got);
    }
    return Status::OK();
  }

  // Null when there is none.
  FileMapping* Mapping() {
    if (fd_.get() < 0) return nullptr;
    std::call_once(mapping_once_, [this] { mapping_ = FileMapping::Make(fd_.get(), size_); });
    return mapping_.get();
  }

  std::string path_;
  FileDescriptor fd_;  // none when too many are open
  uint64_t size_;
  std::shared_ptr<AtomicCounters> counters_;
  std::once_flag mapping_once_;
  std::shared_ptr<FileMapping> mapping_;  // null until a view is asked for, and where none can be had
};

Status WriteAll(int fd, std::span<const uint8_t> bytes, const std::string& path) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t wrote = write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return FromErrno(errno, "writing", path);
    done += static_cast<size_t>(wrote);
  }
  return Status::OK();
}

// Gives a file another name, which fails when that exists: the atomic test that a commit needs. 0, or errno.
int RenameIfAbsent(const std::string& from, const std::string& to) {
#ifdef RENAME_NOREPLACE
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;  // those: the file system does not know how
#endif
  const int error = link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  if (error == 0) unlink(from.c_str());
  return error;
}

void MakeFolderOf(const std::string& path) {
  std::error_code error;  // what is missing shows when the file is opened
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
}

// Written under its final name: keys of streamed objects are unique, and nothing refers to one before its
// commit.
class LocalWriter : public WritableObject {
 public:
  LocalWriter(std::string path, FileDescriptor fd, Durability durability,
              std::shared_ptr<AtomicCounters> counters)
      : path_(std::move(path)), fd_(std::move(fd)), durability_(durability), counters_(std::move(counters)) {}
  ~LocalWriter() override {
    if (!closed_) Abort();
  }
  const std::string& path() const override { return path_; }
  uint64_t position() const override { return position_; }

  Status Write(std::span<const uint8_t> bytes) override {
    if (closed_) return InvalidArgument("{}: written to after it was closed", path_);
    ARROW_RETURN_NOT_OK(WriteAll(fd_.get(), bytes, path_));
    position_ += bytes.size();
    counters_->Write(bytes.size());
    if (durability_ != Durability::kBuffered && position_ - begun_ >= kWriteBehind) {
      BeginSync(fd_.get());
      begun_ = position_;
    }
    return Status::OK();
  }
  Status Close() override {
    if (closed_) return Status::OK();
    if (durability_ == Durability::kSync) {
      ARROW_RETURN_NOT_OK(SyncTogether({&path_, 1}));
    }
    closed_ = true;
    fd_ = FileDescriptor();
    return Status::OK();
  }
  void Abort() override {
    if (closed_) return;
    closed_ = true;
    unlink(path_.c_str());
  }

 private:
  const std::string path_;
  FileDescriptor fd_;
  const Durability durability_;
  const std::shared_ptr<AtomicCounters> counters_;
  uint64_t position_ = 0;
  uint64_t begun_ = 0;  // the disk was asked to write what lies before
  bool closed_ = false;
};

class LocalStore : public ObjectStore {
 public:
  explicit LocalStore(std::string root) : root_(std::move(root)) {
    capabilities_.is_local = true;
    capabilities_.coalesce_distance = kCoalesceDistance;
    capabilities_.max_request_bytes = kMaxRequest;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string FullPath(const std::string& key) const override {
    return key.empty() ? root_ : root_ + "/" + key;
  }

  Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t) override {
    std::string path = FullPath(key);
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FromErrno(errno, "opening", path);
    FileDescriptor guard(fd);
    struct stat info;
    if (fstat(fd, &info) != 0) return FromErrno(errno, "opening", path);
    if (!S_ISREG(info.st_mode)) return InvalidArgument("{} is not a file", path);
    return std::make_shared<LocalObject>(std::move(path), std::move(guard),
                                         static_cast<uint64_t>(info.st_size), counters_);
  }

  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(auto object, Open(key, 0));
    return object->Read({0, object->size()});
  }

  Result<ObjectInfo> Head(const std::string& key) override {
    struct stat info;
    std::string path = FullPath(key);
    if (stat(path.c_str(), &info) != 0) return FromErrno(errno, "looking at", path);
    if (!S_ISREG(info.st_mode)) return NotFound("{}: not a file", path);
    return InfoOf(key, info);
  }

  Result<bool> Exists(const std::string& key) override {
    struct stat info;
    std::string path = FullPath(key);
    if (stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return FromErrno(errno, "looking at", path);
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    std::vector<ObjectInfo> out;
    ARROW_RETURN_NOT_OK(Walk(prefix, recursive, 0, &out));
    return out;
  }

  Result<std::vector<std::string>> ListNames(const std::string& folder) override {
    std::vector<std::string> out;
    std::string path = FullPath(folder);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
    if (dir == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) return out;
      return FromErrno(errno, "listing", path);
    }
    while (dirent* entry = readdir(dir.get())) {
      if (entry->d_type != DT_DIR && !IsDots(entry->d_name)) out.emplace_back(entry->d_name);
    }
    return out;
  }

  std::optional<FolderState> StatFolder(const std::string& folder) override {
    struct stat info;
    if (stat(FullPath(folder).c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
    return FolderState{InfoOf(folder, info).modified, static_cast<uint64_t>(info.st_size)};
  }

  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    std::vector<std::string> out;
    std::string path = FullPath(prefix);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
    if (dir == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) return out;
      return FromErrno(errno, "listing", path);
    }
    while (dirent* entry = readdir(dir.get())) {
      if (IsDots(entry->d_name)) continue;
      struct stat info;
      if (fstatat(dirfd(dir.get()), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode)) {
        out.emplace_back(entry->d_name);
      }
    }
    return out;
  }

  Result<std::unique_ptr<WritableObject>> Create(const std::string& key, Durability durability) override {
    std::string path = FullPath(key);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    FileDescriptor fd(open(path.c_str(), kFlags, 0644));
    if (fd.get() < 0 && errno == ENOENT) {
      MakeFolderOf(path);
      fd = FileDescriptor(open(path.c_str(), kFlags, 0644));
    }
    if (fd.get() < 0) return FromErrno(errno, "creating", path);
    return std::make_unique<LocalWriter>(std::move(path), std::move(fd), durability, counters_);
  }

  Status Put(const std::string& key, std::span<const uint8_t> bytes, Durability durability) override {
    ARROW_ASSIGN_OR_RAISE(std::string temporary, WriteTemporary(key, bytes, durability, {}));
    std::string path = FullPath(key);
    if (rename(temporary.c_str(), path.c_str()) != 0) {
      int error = errno;
      unlink(temporary.c_str());
      return FromErrno(error, "writing", path);
    }
    return durability == Durability::kSync ? SyncFolderOf(path) : Status::OK();
  }

  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes, Durability durability,
                     std::span<const std::string> parts) override {
    ARROW_ASSIGN_OR_RAISE(std::string temporary, WriteTemporary(key, bytes, durability, parts));
    std::string path = FullPath(key);
    if (const int error = RenameIfAbsent(temporary, path); error != 0) {
      unlink(temporary.c_str());
      return FromErrno(error, "writing", path);
    }
    return durability == Durability::kSync ? SyncFolderOf(path) : Status::OK();
  }

  Status Sync(std::span<const std::string> keys) override { return SyncTogether(FullPaths(keys)); }

  Status Delete(const std::string& key) override {
    std::string path = FullPath(key);
    return unlink(path.c_str()) == 0 ? Status::OK() : FromErrno(errno, "deleting", path);
  }

  Status Copy(const std::string& from, const std::string& to) override {
    std::error_code error;
    std::filesystem::path target(FullPath(to));
    std::filesystem::create_directories(target.parent_path(), error);
    std::filesystem::copy_file(FullPath(from), target, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (error) return FromErrno(error.value(), "copying", FullPath(from));
    return Status::OK();
  }

  IoCounters counters() const override { return counters_->Get(); }

 private:
  static bool IsDots(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

  static ObjectInfo InfoOf(const std::string& key, const struct stat& info) {
    auto modified =
        std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec)));
    return {key, static_cast<uint64_t>(info.st_size), modified};
  }

  Status Walk(const std::string& prefix, bool recursive, int depth, std::vector<ObjectInfo>* out) {
    // A symbolic link that points upwards would never end.
    if (depth > 64) return IOError("{}: folders are nested deeper than 64", FullPath(prefix));
    std::string path = FullPath(prefix);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
    if (dir == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) return Status::OK();
      return FromErrno(errno, "listing", path);
    }
    while (dirent* entry = readdir(dir.get())) {
      if (IsDots(entry->d_name)) continue;
      std::string key = prefix.empty() ? entry->d_name : prefix + "/" + entry->d_name;
      struct stat info;
      if (fstatat(dirfd(dir.get()), entry->d_name, &info, 0) != 0) continue;  // deleted meanwhile
      if (S_ISREG(info.st_mode)) {
        out->push_back(InfoOf(key, info));
      } else if (S_ISDIR(info.st_mode) && recursive) {
        ARROW_RETURN_NOT_OK(Walk(key, recursive, depth + 1, out));
      }
    }
    return Status::OK();
  }

  std::vector<std::string> FullPaths(std::span<const std::string> keys) const {
    std::vector<std::string> out;
    for (const std::string& key : keys) out.push_back(FullPath(key));
    return out;
  }

  Result<std::string> WriteTemporary(const std::string& key, std::span<const uint8_t> bytes,
                                     Durability durability, std::span<const std::string> parts) {
    // Random as well: a process that was killed may have left the names of another one with the same number.
    static std::atomic<uint64_t> serial{uint64_t{std::random_device{}()} << 32};
    const std::string path = FullPath(key);
    const size_t base = path.rfind('/') + 1;
    const std::string temporary = fmt::format("{}.tmp_{}_{}-{:x}", path.substr(0, base), path.substr(base),
                                              getpid(), serial.fetch_add(1));
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    FileDescriptor fd(open(temporary.c_str(), kFlags, 0644));
    if (fd.get() < 0 && errno == ENOENT) {
      MakeFolderOf(path);
      fd = FileDescriptor(open(temporary.c_str(), kFlags, 0644));
    }
    if (fd.get() < 0) return FromErrno(errno, "creating", temporary);
    Status status = WriteAll(fd.get(), bytes, temporary);
    if (status.ok() && durability == Durability::kSync) {
      status = SyncTogether(FullPaths(parts), fd.get(), temporary);
    }
    if (!status.ok()) {
      unlink(temporary.c_str());
      return status;
    }
    counters_->Write(bytes.size());
    return temporary;
  }

  std::string root_;
  Capabilities capabilities_;
  std::shared_ptr<AtomicCounters> counters_ = std::make_shared<AtomicCounters>();
};

}  // namespace

std::shared_ptr<ObjectStore> MakeLocalStore(const std::string& root) {
  return std::make_shared<LocalStore>(root);
}

}  // namespace lance::store
