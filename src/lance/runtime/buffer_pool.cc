#include "lance/runtime/buffer_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1  // gcc's name for it
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <deque>
#include <mutex>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "lance/runtime/memory_limit.h"

namespace lance::runtime {
namespace {

// Columns of a scan's units are some 100 KiB; a general allocator gives such blocks back and faults them
// anew.
constexpr int kSmallestLog = 16;
constexpr int64_t kPooledFrom = int64_t{1} << kSmallestLog;
constexpr uint64_t kHugePage = 2 << 20;
// What may lie unused as it is: enough for the buffers in flight of a scan on a few cores, far below a
// process's budget. Less where there is little memory.
constexpr uint64_t kMaxHotBytes = 384 << 20;
// What may lie unused besides, for the kernel to take when anybody needs memory: results of the size of the
// last ones. The kernel's fresh pages cost more than decoding, in a guest whose host took them back ten times
// more.
constexpr uint64_t kMaxLentBytes = uint64_t{4} << 30;
constexpr uint64_t kShareOfMemory = 8;
constexpr int kClassesPerDoubling = 4;
constexpr int kNumClasses = kClassesPerDoubling * 26;

// Tells AddressSanitizer which bytes of a block are in use: it knows nothing of memory that malloc did not
// give, and a kept block is as good as freed. Nothing in other builds.
#if defined(__SANITIZE_ADDRESS__)
void MarkUsed(uint8_t* block, uint64_t used, uint64_t block_bytes) {
  __asan_unpoison_memory_region(block, used);
  __asan_poison_memory_region(block + used, block_bytes - used);
}
#else
void MarkUsed(uint8_t*, uint64_t, uint64_t) {}
#endif

// Size classes grow by a quarter of a power of two, so at most a fifth of a block is unused.
int ClassOf(uint64_t size) {
  int log = std::bit_width(size) - 1;  // log >= kSmallestLog
  uint64_t step = uint64_t{1} << (log - 2);
  uint64_t quarter = (size - (uint64_t{1} << log) + step - 1) / step;
  return (log - kSmallestLog) * kClassesPerDoubling + static_cast<int>(quarter);
}

uint64_t ClassBytes(int index) {
  int log = kSmallestLog + index / kClassesPerDoubling;
  uint64_t base = uint64_t{1} << log;
  return base + (base >> 2) * static_cast<uint64_t>(index % kClassesPerDoubling);
}

class RecyclingPool : public arrow::MemoryPool {
 public:
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (size < kPooledFrom) return small_->Allocate(size, alignment, out);
    int index = ClassOf(static_cast<uint64_t>(size));
    if (index >= kNumClasses || alignment > 4096) {
      return arrow::Status::OutOfMemory("cannot allocate a buffer of ", size, " bytes");
    }
    Evicted evicted;
    *out = TakeKept(index, &evicted);
    UnmapAll(evicted);
    if (*out == nullptr) {
      *out = MapBlock(ClassBytes(index));
      if (*out == nullptr) {
        std::lock_guard lock(mutex_);
        used_bytes_ -= ClassBytes(index);
        return arrow::Status::OutOfMemory("cannot allocate a buffer of ", size, " bytes");
      }
    }
    MarkUsed(*out, static_cast<uint64_t>(size), ClassBytes(index));
    Count(size);
    return arrow::Status::OK();
  }

  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** data) override {
    if (old_size < kPooledFrom && new_size < kPooledFrom) {
      return small_->Reallocate(old_size, new_size, alignment, data);
    }
    if (old_size >= kPooledFrom && new_size >= kPooledFrom &&
        ClassOf(static_cast<uint64_t>(old_size)) == ClassOf(static_cast<uint64_t>(new_size))) {
      MarkUsed(*data, static_cast<uint64_t>(new_size), ClassBytes(ClassOf(static_cast<uint64_t>(new_size))));
      bytes_.fetch_add(new_size - old_size, std::memory_order_relaxed);
      return arrow::Status::OK();
    }
    uint8_t* moved = nullptr;
    ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
    std::memcpy(moved, *data, static_cast<size_t>(std::min(old_size, new_size)));
    Free(*data, old_size, alignment);
    *data = moved;
    return arrow::Status::OK();
  }

  void Free(uint8_t* data, int64_t size, int64_t alignment) override {
    if (size < kPooledFrom) return small_->Free(data, size, alignment);
    bytes_.fetch_sub(size, std::memory_order_relaxed);
    int index = ClassOf(static_cast<uint64_t>(size));
    const uint64_t block = ClassBytes(index);
    MarkUsed(data, 0, block);
    // The newest blocks are kept: what is freed now is the size that will be asked for next, and blocks left
    // over from another kind of scan would otherwise fill the pool for good.
    Evicted evicted;
    bool lend = false;
    {
      std::lock_guard lock(mutex_);
      used_bytes_ -= block;
      if (block > max_kept_bytes_ / 2) {
        evicted.emplace_back(data, block);
      } else {
        EvictLocked(max_kept_bytes_ - block, &evicted);
        lend = hot_bytes_ + block > max_hot_bytes_;
        kept_[static_cast<size_t>(index)].push_back({data, lend});
        kept_bytes_ += block;
        if (!lend) hot_bytes_ += block;
        // Under the lock: another thread may take it right away, and what it writes must stay.
        if (lend) madvise(data, block, MADV_FREE);
      }
    }
    UnmapAll(evicted);
  }

  void ReleaseUnused() override {
    std::lock_guard lock(mutex_);
    for (int index = 0; index < kNumClasses; ++index) {
      for (const Kept& block : kept_[static_cast<size_t>(index)]) Unmap(block.data, ClassBytes(index));
      kept_[static_cast<size_t>(index)].clear();
    }
    kept_bytes_ = hot_bytes_ = 0;
    peak_used_bytes_ = used_bytes_;
  }

  uint64_t kept_bytes() {
    std::lock_guard lock(mutex_);
    return kept_bytes_;
  }

  int64_t bytes_allocated() const override { return bytes_.load() + small_->bytes_allocated(); }
  int64_t max_memory() const override { return max_.load(); }
  int64_t total_bytes_allocated() const override { return total_.load(); }
  int64_t num_allocations() const override { return allocations_.load(); }
  std::string backend_name() const override { return "lance"; }

 private:
  struct Kept {
    uint8_t* data;
    bool lent;  // the kernel may take its pages
  };
  using Evicted = std::vector<std::pair<uint8_t*, uint64_t>>;

  // Takes kept blocks out until `bound` bytes are left: the oldest of the class that keeps most bytes.
  void EvictLocked(uint64_t bound, Evicted* out) {
    while (kept_bytes_ > bound) {
      size_t largest = 0;
      uint64_t most = 0;
      for (size_t index = 0; index < kept_.size(); ++index) {
        const uint64_t bytes = kept_[index].size() * ClassBytes(static_cast<int>(index));
        if (bytes > most) {
          most = bytes;
          largest = index;
        }
      }
      const uint64_t bytes = ClassBytes(static_cast<int>(largest));
      const Kept block = kept_[largest].front();
      kept_[largest].pop_front();
      Forget(block, bytes);
      out->emplace_back(block.data, bytes);
    }
  }

  void Forget(const Kept& block, uint64_t bytes) {
    kept_bytes_ -= bytes;
    if (!block.lent) hot_bytes_ -= bytes;
  }

  void Count(int64_t size) {
    int64_t now = bytes_.fetch_add(size, std::memory_order_relaxed) + size;
    int64_t seen = max_.load(std::memory_order_relaxed);
    while (now > seen && !max_.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
    }
    total_.fetch_add(size, std::memory_order_relaxed);
    allocations_.fetch_add(1, std::memory_order_relaxed);
  }

  // Null when a fresh block must be mapped. Then blocks of other sizes make room for it, so that all blocks
  // together never take more than was in use at once, or than is in use and max_hot_bytes_.
  uint8_t* TakeKept(int index, Evicted* evicted) {
    const uint64_t bytes = ClassBytes(index);
    std::lock_guard lock(mutex_);
    used_bytes_ += bytes;
    peak_used_bytes_ = std::max(peak_used_bytes_, used_bytes_);
    // A block one or two classes up serves as well, but then its class at Free would differ: only exact
    // classes.
    auto& blocks = kept_[static_cast<size_t>(index)];
    if (blocks.empty()) {
      EvictLocked(std::max(max_hot_bytes_, peak_used_bytes_ - used_bytes_), evicted);
      return nullptr;
    }
    const Kept block = blocks.back();
    blocks.pop_back();
    Forget(block, bytes);
    return block.data;
  }

  static void UnmapAll(const Evicted& blocks) {
    for (const auto& [data, bytes] : blocks) Unmap(data, bytes);
  }

  static void Unmap(uint8_t* block, uint64_t bytes) {
    MarkUsed(block, bytes, bytes);  // the addresses may be mapped again by others
    munmap(block, bytes);
  }

  static uint8_t* MapBlock(uint64_t bytes) {
    uint64_t extra = bytes >= kHugePage ? kHugePage : 0;
    void* mapped = mmap(nullptr, bytes + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    auto* start = static_cast<uint8_t*>(mapped);
    if (extra == 0) return start;
    // Cut the mapping so that it begins on a huge-page boundary.
    auto address = reinterpret_cast<uintptr_t>(start);
    uint64_t head = (kHugePage - address % kHugePage) % kHugePage;
    if (head > 0) munmap(start, head);
    if (extra - head > 0) munmap(start + head + bytes, extra - head);
    madvise(start + head, bytes, MADV_HUGEPAGE);
    return start + head;
  }

  arrow::MemoryPool* small_ = arrow::default_memory_pool();
  std::mutex mutex_;
  std::array<std::deque<Kept>, kNumClasses> kept_;
  uint64_t kept_bytes_ = 0;  // of them hot_bytes_ are not lent
  uint64_t hot_bytes_ = 0;
  uint64_t used_bytes_ = 0;
  uint64_t peak_used_bytes_ = 0;
  const uint64_t max_hot_bytes_ = std::min(kMaxHotBytes, MemoryLimit() / kShareOfMemory);
  const uint64_t max_kept_bytes_ =
      std::max(max_hot_bytes_, std::min(MemoryLimit() / kShareOfMemory, kMaxLentBytes));
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> max_{0};
  std::atomic<int64_t> total_{0};
  std::atomic<int64_t> allocations_{0};
};

RecyclingPool* Pool() {
  // Never destroyed: buffers handed to other libraries may be freed after static destructors ran.
  static auto* pool = new RecyclingPool();
  return pool;
}

}  // namespace

arrow::MemoryPool* BufferPool() { return Pool(); }

Result<std::shared_ptr<arrow::Buffer>> AllocatePooled(uint64_t size) {
  if (size > (uint64_t{1} << 40)) return ResourceExhausted("cannot allocate a buffer of {} bytes", size);
  // Decoders may store whole words past the end, and read them.
  auto buffer = arrow::AllocateResizableBuffer(static_cast<int64_t>(size) + 64, Pool());
  if (!buffer.ok()) return ResourceExhausted("cannot allocate a buffer of {} bytes", size);
  std::shared_ptr<arrow::ResizableBuffer> out = std::move(*buffer);
  ARROW_RETURN_NOT_OK(out->Resize(static_cast<int64_t>(size), /*shrink_to_fit=*/false));
  return out;
}

void ReleaseUnusedBuffers() { Pool()->ReleaseUnused(); }

uint64_t KeptBufferBytes() { return Pool()->kept_bytes(); }

}  // namespace lance::runtime
