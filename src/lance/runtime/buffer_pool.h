#pragma once

#include <cstdint>
#include <memory>

#include "lance/base/status.h"

namespace arrow {
class Buffer;
class MemoryPool;
class ResizableBuffer;
}  // namespace arrow

namespace lance::runtime {

/// The allocator of I/O and decode buffers: an arrow::MemoryPool that keeps freed large blocks for reuse and
/// backs them with huge pages. Fresh 4 KiB pages cost as much as decoding
/// (docs/decisions/002-buffer-pool.md). Blocks below 64 KiB come from Arrow's default pool. Lives until the
/// process ends, so buffers may outlive everything. Thread-safe.
arrow::MemoryPool* BufferPool();

/// Allocates `size` bytes (64-byte aligned, uninitialised, at least 64 readable bytes of padding behind) from
/// BufferPool(). Errors: ResourceExhausted.
Result<std::shared_ptr<arrow::Buffer>> AllocatePooled(uint64_t size);

/// Gives all kept blocks back to the system.
void ReleaseUnusedBuffers();

/// Bytes of freed blocks that are kept for reuse.
uint64_t KeptBufferBytes();

}  // namespace lance::runtime
