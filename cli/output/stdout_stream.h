#pragma once

#include <arrow/io/interfaces.h>

namespace lance::cli {

/// stdout as an Arrow stream: a pipe, file or terminal. Unlike Arrow's own it reports a full disk, and unlike
/// its FileOutputStream it needs no seeking. Buffered writes of stdio must be flushed before the first use.
class StdoutStream final : public arrow::io::OutputStream {
 public:
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Write(const void* data, int64_t nbytes) override;

 private:
  bool closed_ = false;
  int64_t position_ = 0;
};

}  // namespace lance::cli
