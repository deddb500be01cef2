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
constexpr uint8_t kMapped = 255;
// Mapping a window takes 75 us, reading a small range 1.3 us; from disk 1 ms and 0.1 ms.
constexpr uint8_t kSmallRangesBefore = 48;
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
  for (const auto& window : windows_) mapped += window.load() == kMapped ? kWindowBytes : 0;
  mapped_bytes.fetch_sub(mapped, std::memory_order_relaxed);
}

bool FileMapping::MapWindow(uint64_t index) {
  if (mapped_bytes.load(std::memory_order_relaxed) > runtime::MemoryLimit() / kShareOfMemory) return false;
  const uint64_t at = index * kWindowBytes;
  if (madvise(start_ + at, std::min(kWindowBytes, size_ - at), MADV_POPULATE_READ) != 0) return false;
  if (windows_[index].exchange(kMapped) != kMapped) {
    mapped_bytes.fetch_add(kWindowBytes, std::memory_order_relaxed);
  }
  return true;
}

bool FileMapping::IsWhole(int fd) const {
  struct stat now;
  return fstat(fd, &now) == 0 && static_cast<uint64_t>(now.st_size) >= size_;
}

std::shared_ptr<arrow::Buffer> FileMapping::Show(ByteRange range) {
  return std::make_shared<ViewBuffer>(start_ + range.offset, range.length, shared_from_this());
}

std::shared_ptr<arrow::Buffer> FileMapping::View(ByteRange range) {
  if (range.length == 0 || range.end() + kPadding > size_) return nullptr;
  const uint64_t first = range.offset / kWindowBytes;
  const uint64_t last = (range.end() + kPadding - 1) / kWindowBytes;
  bool seen = true;
  for (uint64_t index = first; index <= last; ++index) {
    uint8_t unseen = 0;
    if (windows_[index].compare_exchange_strong(unseen, 1)) seen = false;
  }
  if (!seen) return nullptr;
  for (uint64_t index = first; index <= last; ++index) {
    if (windows_[index].load() != kMapped && !MapWindow(index)) return nullptr;
  }
  return Show(range);
}

std::shared_ptr<arrow::Buffer> FileMapping::ViewSmall(ByteRange range) {
  if (range.length == 0 || range.end() + kPadding > size_) return nullptr;
  const uint64_t first = range.offset / kWindowBytes;
  const uint64_t last = (range.end() + kPadding - 1) / kWindowBytes;
  bool mapped = true;
  for (uint64_t index = first; index <= last; ++index) {
    uint8_t asked = windows_[index].load(std::memory_order_relaxed);
    if (asked == kMapped) continue;
    mapped = false;
    if (asked < kSmallRangesBefore) {
      windows_[index].compare_exchange_strong(asked, static_cast<uint8_t>(asked + 1));
    } else if (!MapWindow(index)) {
      windows_[index].compare_exchange_strong(asked, 1);
    }
  }
  if (!mapped) return nullptr;
  // Small ranges lie anywhere: their memory is on its way while further ones are looked up.
  constexpr uint64_t kLine = 64, kMostLines = 8;
  const uint64_t lines = std::min((range.length + kLine - 1) / kLine, kMostLines);
  for (uint64_t line = 0; line <= lines; ++line) __builtin_prefetch(start_ + range.offset + line * kLine);
  return Show(range);
}

}  // namespace lance::store
