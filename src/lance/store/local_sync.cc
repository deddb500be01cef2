#include "lance/store/local_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "lance/runtime/thread_pool.h"

namespace lance::store {
namespace {

// Files open at once.
constexpr size_t kMaxOpen = 64;
// Threads that wait for the disk: what they ask for at the same time becomes one write of its journal.
constexpr int kThreads = 3;

struct Item {
  int fd = -1;
  std::string path;
  bool owned = true;
};

// Shared by all stores; never destroyed: threads may outlive main.
runtime::ThreadPool& Waiters() {
  static auto* pool = new runtime::ThreadPool(kThreads);
  return *pool;
}

// Items that threads sync one after the other. Outlives the call: a task that starts late finds nothing left.
class Batch {
 public:
  explicit Batch(std::vector<Item> items) : items_(std::move(items)) {}
  ~Batch() {
    for (const Item& item : items_) {
      if (item.owned) close(item.fd);
    }
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (next_ < items_.size()) {
      const Item& item = items_[next_++];
      ++running_;
      lock.unlock();
      const int error = fsync(item.fd) == 0 ? 0 : errno;
      lock.lock();
      --running_;
      if (error != 0 && status_.ok()) {
        status_ = IOError("syncing {} failed: {}", item.path, std::strerror(error));
      }
    }
    if (running_ == 0) done_.notify_all();
  }

  Status Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    return status_;
  }

 private:
  const std::vector<Item> items_;
  std::mutex mutex_;
  std::condition_variable done_;
  size_t next_ = 0;
  size_t running_ = 0;
  Status status_;
};

Status SyncAll(std::vector<Item> items) {
  const size_t count = items.size();
  auto batch = std::make_shared<Batch>(std::move(items));
  for (size_t i = 1; i < count && i <= kThreads; ++i) Waiters().Submit([batch] { batch->Work(); });
  batch->Work();
  return batch->Wait();
}

Status Open(const std::string& path, int flags, std::vector<Item>* out) {
  const int fd = open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (fd < 0) return IOError("syncing {} failed: {}", path, std::strerror(errno));
  out->push_back({fd, path});
  return Status::OK();
}

std::string FolderOf(const std::string& path) { return path.substr(0, std::max<size_t>(1, path.rfind('/'))); }

Status OpenBatch(std::span<const std::string> paths, std::vector<Item>* items) {
  for (const std::string& path : paths) {
    ARROW_RETURN_NOT_OK(Open(path, 0, items));
    BeginSync(items->back().fd);
  }
  return Status::OK();
}

void CloseAll(const std::vector<Item>& items) {
  for (const Item& item : items) {
    if (item.owned) close(item.fd);
  }
}

}  // namespace

void BeginSync(int fd) {
#ifdef SYNC_FILE_RANGE_WRITE
  (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
  (void)fd;
#endif
}

Status SyncTogether(std::span<const std::string> paths, int open_file, const std::string& open_path) {
  std::set<std::string> folders;
  for (const std::string& path : paths) folders.insert(FolderOf(path));
  for (bool last = false; !last;) {
    const size_t count = std::min(kMaxOpen, paths.size());
    std::vector<Item> items;
    Status status = OpenBatch(paths.first(count), &items);
    paths = paths.subspan(count);
    last = paths.empty();
    if (last && open_file >= 0) {
      BeginSync(open_file);
      items.push_back({open_file, open_path, /*owned=*/false});
    }
    for (auto folder = folders.begin(); status.ok() && last && folder != folders.end(); ++folder) {
      status = Open(*folder, O_DIRECTORY, &items);
    }
    if (!status.ok()) {
      CloseAll(items);
      return status;
    }
    ARROW_RETURN_NOT_OK(SyncAll(std::move(items)));
  }
  return Status::OK();
}

Status SyncFolderOf(const std::string& path) {
  std::vector<Item> items;
  ARROW_RETURN_NOT_OK(Open(FolderOf(path), O_DIRECTORY, &items));
  return SyncAll(std::move(items));
}

}  // namespace lance::store
