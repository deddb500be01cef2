#pragma once

#include <atomic>

#include "lance/store/object_store.h"

namespace lance::store {

/// The counters behind IoCounters. Thread-safe. What one counts is added to the process's own as well.
struct AtomicCounters {
  std::atomic<uint64_t> read_requests{0};
  std::atomic<uint64_t> read_bytes{0};
  std::atomic<uint64_t> write_requests{0};
  std::atomic<uint64_t> written_bytes{0};

  /// All stores since the process began.
  static AtomicCounters& OfProcess() {
    static AtomicCounters counters;
    return counters;
  }

  void Read(uint64_t bytes) {
    AddRead(bytes);
    OfProcess().AddRead(bytes);
  }
  void Write(uint64_t bytes) {
    AddWrite(bytes);
    OfProcess().AddWrite(bytes);
  }
  IoCounters Get() const { return {read_requests, read_bytes, write_requests, written_bytes}; }

 private:
  void AddRead(uint64_t bytes) {
    read_requests.fetch_add(1, std::memory_order_relaxed);
    read_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  void AddWrite(uint64_t bytes) {
    write_requests.fetch_add(1, std::memory_order_relaxed);
    written_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
};

}  // namespace lance::store
