#include "lance/encoding/core/buffers.h"

#include <algorithm>
#include <new>

#include <arrow/memory_pool.h>

#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {

Result<std::shared_ptr<arrow::ResizableBuffer>> AllocateOutput(uint64_t bytes) {
  if (bytes > kMaxBufferBytes) {
    return ResourceExhausted("decoding needs a buffer of {} bytes, above the limit of {}", bytes,
                             kMaxBufferBytes);
  }
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::ResizableBuffer> buffer,
      arrow::AllocateResizableBuffer(static_cast<int64_t>(bytes + kCopySlack), runtime::BufferPool()));
  ARROW_RETURN_NOT_OK(buffer->Resize(static_cast<int64_t>(bytes), /*shrink_to_fit=*/false));
  return buffer;
}

Status GrowableBytes::Grow(uint64_t extra) {
  if (extra > kMaxBufferBytes || size_ + extra > kMaxBufferBytes) {
    return ResourceExhausted("decoding needs {} more bytes after {}, above the limit of {}", extra, size_,
                             kMaxBufferBytes);
  }
  uint64_t wanted = std::max(size_ + extra, std::min(capacity_ * 2, kMaxBufferBytes));
  if (buffer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(buffer_, AllocateOutput(wanted));
  } else {
    // The size must cover what was written, or growing may not copy it.
    ARROW_RETURN_NOT_OK(buffer_->Resize(static_cast<int64_t>(size_), /*shrink_to_fit=*/false));
    ARROW_RETURN_NOT_OK(buffer_->Reserve(static_cast<int64_t>(wanted + kCopySlack)));
  }
  data_ = buffer_->mutable_data();
  capacity_ = wanted;
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> GrowableBytes::Finish() {
  if (buffer_ == nullptr) ARROW_RETURN_NOT_OK(Grow(0));
  ARROW_RETURN_NOT_OK(buffer_->Resize(static_cast<int64_t>(size_), /*shrink_to_fit=*/false));
  data_ = nullptr;
  capacity_ = size_ = 0;
  return std::shared_ptr<arrow::Buffer>(std::move(buffer_));
}

Result<uint8_t*> ScratchBytes::Get(uint64_t bytes) {
  if (bytes > capacity_ || data_ == nullptr) {
    if (bytes > kMaxBufferBytes) return ResourceExhausted("decoding needs {} bytes of scratch memory", bytes);
    uint64_t wanted = std::max<uint64_t>(bytes, 4096);
    data_.reset(new (std::nothrow) uint8_t[wanted + kCopySlack]);
    if (data_ == nullptr) return ResourceExhausted("no memory for {} bytes of scratch memory", wanted);
    capacity_ = wanted;
  }
  return data_.get();
}

void* AllocateElements(size_t count, size_t bytes_each) {
  if (count > kMaxBufferBytes / bytes_each) throw std::bad_alloc();
  uint8_t* out = nullptr;
  if (!runtime::BufferPool()->Allocate(static_cast<int64_t>(count * bytes_each), &out).ok()) {
    throw std::bad_alloc();
  }
  return out;
}

void FreeElements(void* data, size_t bytes) {
  runtime::BufferPool()->Free(static_cast<uint8_t*>(data), static_cast<int64_t>(bytes));
}

}  // namespace lance::encoding
