#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include <arrow/buffer.h>

#include "lance/base/status.h"

namespace lance::encoding {

/// Writable bytes past the end of every buffer made here, so that copies may run in whole vectors.
inline constexpr uint64_t kCopySlack = 64;

/// No decode makes a single buffer above this: such a request comes from damaged counts.
inline constexpr uint64_t kMaxBufferBytes = uint64_t{1} << 38;

/// Allocates `bytes` bytes, uninitialized, with kCopySlack writable bytes behind them. The one place of this
/// layer where output memory is made.
Result<std::shared_ptr<arrow::ResizableBuffer>> AllocateOutput(uint64_t bytes);

/// Bytes that grow by doubling and become an Arrow buffer at the end. kCopySlack bytes past the reserved size
/// may be overwritten. One thread at a time.
class GrowableBytes {
 public:
  uint8_t* data() { return data_; }
  uint64_t size() const { return size_; }
  uint8_t* end() { return data_ + size_; }
  void Advance(uint64_t bytes) { size_ += bytes; }
  /// Makes room for `extra` more bytes; after it data() is not null, so that kCopySlack bytes may be written.
  Status Reserve(uint64_t extra) {
    return data_ != nullptr && extra <= capacity_ - size_ ? Status::OK() : Grow(extra);
  }
  Status Append(const void* from, uint64_t bytes) {
    ARROW_RETURN_NOT_OK(Reserve(bytes));
    if (bytes != 0) std::memcpy(end(), from, bytes);
    Advance(bytes);
    return Status::OK();
  }
  /// Hands out what was written; never null.
  Result<std::shared_ptr<arrow::Buffer>> Finish();

 private:
  Status Grow(uint64_t extra);

  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
  uint64_t capacity_ = 0;
};

/// Uninitialized memory that is reused from chunk to chunk, with kCopySlack bytes behind the asked size.
class ScratchBytes {
 public:
  /// Returns at least `bytes` bytes; earlier content is lost. Fails with ResourceExhausted.
  Result<uint8_t*> Get(uint64_t bytes);
  uint8_t* data() { return data_.get(); }

 private:
  std::unique_ptr<uint8_t[]> data_;
  uint64_t capacity_ = 0;
};

/// For PooledAllocator. Throws std::bad_alloc, as vectors expect.
void* AllocateElements(size_t count, size_t bytes_each);
void FreeElements(void* data, size_t bytes);

/// Memory of vectors that every read makes and drops again, from the buffer pool: the general allocator gives
/// blocks of their size back to the system and faults them anew.
template <typename T>
struct PooledAllocator {
  using value_type = T;
  PooledAllocator() = default;
  template <typename U>
  PooledAllocator(const PooledAllocator<U>&) {}
  T* allocate(size_t count) { return static_cast<T*>(AllocateElements(count, sizeof(T))); }
  void deallocate(T* data, size_t count) { FreeElements(data, count * sizeof(T)); }
  bool operator==(const PooledAllocator&) const = default;
};

}  // namespace lance::encoding
