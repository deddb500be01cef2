#include "lance/store/file_mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>

#include <arrow/buffer.h>

#include "lance/runtime/memory_limit.h"

// Of Linux 5.14; older kernels refuse it, and then nothing is mapped.
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace lance::store {
namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
// What decoders may read behind a buffer.
constexpr uint64_t kPadding = 64;
// Mapped pages count as the process's own, so they are bounded.
constexpr uint64_t kShareOfMemory = 4;

std::atomic<uint64_t> mapped_bytes{0};

// File systems whose files only their own machine changes.
bool IsLocal(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return false;
  constexpr uint32_t kExt = 0xEF53, kXfs = 0x58465342, kBtrfs = 0x9123683E, kTmpfs = 0x01021994,
                     kOverlay = 0x794C7630;
  const auto type = static_cast<uint32_t>(info.f_type);
  return type == kExt || type == kXfs || type == kBtrfs || type == kTmpfs || type == kOverlay;
}

class ViewBuffer : public arrow::Buffer {
 public:
  ViewBuffer(const uint8_t* data, uint64_t size, std::shared_ptr<const FileMapping> mapping)
      : Buffer(data, static_cast<int64_t>(size)), mapping_(std::move(mapping)) {}

 private:
  std::shared_ptr<const FileMapping> mapping_;
};

}  // namespace

std::shared_ptr<FileMapping> FileMapping::Make(int fd, uint64_t size) {
  if (size == 0 || !IsLocal(fd)) return nullptr;
  void* start = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return nullptr;
  return std::shared_ptr<FileMapping>(new FileMapping(static_cast<uint8_t*>(start), size));
}

FileMapping::FileMapping(uint8_t* start, uint64_t size)
    : start_(start), size_(size), windows_((size + kWindowBytes - 1) / kWindowBytes) {}

FileMapping::~FileMapping() {
  munmap(start_, size_);
  uint64_t mapped = 0;
  for (const auto& window : windows_) mapped += window.load() == Window::kMapped ? kWindowBytes : 0;
  mapped_bytes.fetch_sub(mapped, std::memory_order_relaxed);
}

bool FileMapping::MapWindow(uint64_t index) {
  if (mapped_bytes.load(std::memory_order_relaxed) > runtime::MemoryLimit() / kShareOfMemory) return false;
  const uint64_t at = index * kWindowBytes;
  if (madvise(start_ + at, std::min(kWindowBytes, size_ - at), MADV_POPULATE_READ) != 0) return false;
  if (windows_[index].exchange(Window::kMapped) != Window::kMapped) {
    mapped_bytes.fetch_add(kWindowBytes, std::memory_order_relaxed);
  }
  return true;
}

std::shared_ptr<arrow::Buffer> FileMapping::View(int fd, ByteRange range) {
  if (range.length == 0 || range.end() + kPadding > size_) return nullptr;
  struct stat now;
  if (fstat(fd, &now) != 0 || static_cast<uint64_t>(now.st_size) < size_) return nullptr;
  const uint64_t first = range.offset / kWindowBytes;
  const uint64_t last = (range.end() + kPadding - 1) / kWindowBytes;
  bool seen = true;
  for (uint64_t index = first; index <= last; ++index) {
    Window unseen = Window::kUnseen;
    if (windows_[index].compare_exchange_strong(unseen, Window::kSeen)) seen = false;
  }
  if (!seen) return nullptr;
  for (uint64_t index = first; index <= last; ++index) {
    if (windows_[index].load() != Window::kMapped && !MapWindow(index)) return nullptr;
  }
  return std::make_shared<ViewBuffer>(start_ + range.offset, range.length, shared_from_this());
}

}  // namespace lance::store
