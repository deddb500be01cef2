#include "output/stdout_stream.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <arrow/status.h>

namespace lance::cli {

arrow::Status StdoutStream::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

arrow::Status StdoutStream::Write(const void* data, int64_t nbytes) {
  const char* next = static_cast<const char*>(data);
  while (nbytes > 0) {
    const ssize_t written = write(STDOUT_FILENO, next, static_cast<size_t>(nbytes));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return arrow::Status::IOError("could not write to stdout: ", std::strerror(errno));
    next += written;
    nbytes -= written;
    position_ += written;
  }
  return arrow::Status::OK();
}

}  // namespace lance::cli
