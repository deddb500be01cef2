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
/// before views, pages are brought in by a call that fails where a touch would kill, and only callers
/// that drop the view right away ask for one (docs/decisions/007-memory-of-results-and-views.md).
/// Thread-safe.
class FileMapping : public std::enable_shared_from_this<FileMapping> {
 public:
  /// Null when this file is better read: on network file systems, or where the kernel cannot.
  static std::shared_ptr<FileMapping> Make(int fd, uint64_t size);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  /// Whether the file still has the size it was mapped with: to be asked before views of it are.
  bool IsWhole(int fd) const;
  /// The bytes of a range inside the file, at least 64 readable ones behind them; null when they must be
  /// read. Keeps the mapping alive.
  std::shared_ptr<arrow::Buffer> View(ByteRange range);
  /// The same of a range far smaller than a part: a part is mapped when so many were read from it that
  /// mapping it costs no more than they did.
  std::shared_ptr<arrow::Buffer> ViewSmall(ByteRange range);

 private:
  FileMapping(uint8_t* start, uint64_t size);
  bool MapWindow(uint64_t index);
  std::shared_ptr<arrow::Buffer> Show(ByteRange range);

  uint8_t* const start_;
  const uint64_t size_;
  std::vector<std::atomic<uint8_t>> windows_;  // how often each was asked for, or kMapped
};

}  // namespace lance::store
