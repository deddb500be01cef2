#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/byte_range.h"

namespace arrow {
class Buffer;
}

namespace lance::store {

/// The pages of a local file, shown without a copy where they have proven worth it: the kernel's copy runs at
/// half the memory's speed. A part is mapped when it is asked for the second time, so a file that is read
/// once costs no address space and no page faults, and what is mapped was in the page cache a moment ago.
///
/// A file that somebody else cuts shorter would end the process at the next touch. So the size is checked
/// before every view, pages are brought in by a call that fails where a touch would kill, and only callers
/// that drop the view right away ask for one (docs/decisions/007-memory-of-results-and-views.md).
/// Thread-safe.
class FileMapping : public std::enable_shared_from_this<FileMapping> {
 public:
  /// Null when this file is better read: on network file systems, or where the kernel cannot.
  static std::shared_ptr<FileMapping> Make(int fd, uint64_t size);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  /// The bytes of a range inside the file, at least 64 readable ones behind them; null when they must be
  /// read. Keeps the mapping alive.
  std::shared_ptr<arrow::Buffer> View(int fd, ByteRange range);

 private:
  enum class Window : uint8_t { kUnseen, kSeen, kMapped };

  FileMapping(uint8_t* start, uint64_t size);
  bool MapWindow(uint64_t index);

  uint8_t* const start_;
  const uint64_t size_;
  std::vector<std::atomic<Window>> windows_;
};

}  // namespace lance::store
