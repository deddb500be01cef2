#include "lance/runtime/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lance::runtime {

TemporaryFile::~TemporaryFile() {
  if (file_ >= 0) close(file_);
}

Status TemporaryFile::Open(const std::string& directory) {
  std::error_code ignored;
  const std::string folder =
      directory.empty() ? std::filesystem::temp_directory_path(ignored).string() : directory;
  std::string path = folder + "/lance-spill-XXXXXX";
  file_ = mkostemp(path.data(), O_CLOEXEC);
  if (file_ < 0) return IOError("cannot make a temporary file in {}: {}", folder, std::strerror(errno));
  unlink(path.c_str());
  return Status::OK();
}

Status TemporaryFile::Append(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return IOError("cannot write to a temporary file: {}", std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return Status::OK();
}

Status TemporaryFile::Read(uint64_t offset, std::span<uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t got = pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return IOError("cannot read a temporary file: {}", got == 0 ? "it ends" : std::strerror(errno));
    }
    out = out.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return Status::OK();
}

}  // namespace lance::runtime
