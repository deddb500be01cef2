#include "lance/table/commit_turn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

namespace lance::table {
namespace {

constexpr std::chrono::microseconds kPause{200};

// The folders whose turn this thread has.
thread_local std::vector<std::string> held;

}  // namespace

CommitTurn::CommitTurn(store::ObjectStore& store, std::chrono::milliseconds limit) {
  if (!store.capabilities().is_local) return;
  std::string folder = store.FullPath("_versions");
  if (std::find(held.begin(), held.end(), folder) != held.end()) return;
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  // Polled: waiting for it in the kernel has no time limit.
  const auto end = std::chrono::steady_clock::now() + limit;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK || errno == EINTR;
    if (!taken || std::chrono::steady_clock::now() > end) {
      close(fd);
      return;
    }
    std::this_thread::sleep_for(kPause);
  }
  fd_ = fd;
  folder_ = std::move(folder);
  held.push_back(folder_);
}

CommitTurn::~CommitTurn() {
  if (fd_ < 0) return;
  std::erase(held, folder_);
  close(fd_);
}

}  // namespace lance::table
