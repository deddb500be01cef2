#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lance/base/status.h"

namespace lance::runtime {

/// A file for what does not fit into memory. It has no name, so it is gone when it is closed, however the
/// process ends. One thread at a time appends; reads are thread-safe.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// `directory`: where it is made; empty: the system's folder for temporary files. Errors: IOError.
  Status Open(const std::string& directory = {});
  bool is_open() const { return file_ >= 0; }
  uint64_t size() const { return size_; }
  Status Append(std::span<const uint8_t> bytes);
  /// Fills `out` from `offset` on. Errors: IOError, also when the file ends before.
  Status Read(uint64_t offset, std::span<uint8_t> out) const;

 private:
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace lance::runtime
