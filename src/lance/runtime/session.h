#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "lance/base/status.h"

namespace lance::runtime {

/// A byte-bounded LRU cache of immutable shared objects keyed by string. Thread-safe; a load that fails is
/// not kept.
class Cache {
 public:
  explicit Cache(uint64_t capacity_bytes);
  ~Cache();

  /// Returns the cached object or calls `load` (outside any lock; two threads may load the same key, one
  /// wins). `bytes` of the object are asked after the load.
  template <typename T>
  Result<std::shared_ptr<const T>> GetOrLoad(const std::string& key,
                                             const std::function<Result<std::shared_ptr<const T>>()>& load,
                                             const std::function<uint64_t(const T&)>& bytes) {
    if (auto found = Find(key)) return std::static_pointer_cast<const T>(found);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const T> loaded, load());
    Insert(key, loaded, bytes(*loaded) + key.size() + 64);
    return loaded;
  }
  std::shared_ptr<const void> Find(const std::string& key);
  void Insert(const std::string& key, std::shared_ptr<const void> value, uint64_t bytes);
  void Clear();
  /// Whether entries have made room for others: until then it does not matter which were used last, and who
  /// still knows an entry need not look it up.
  bool has_evicted() const;
  /// Counts lookups that were spared that way.
  void CountHits(uint64_t hits);
  uint64_t size_bytes() const;
  uint64_t hits() const;
  uint64_t misses() const;
  /// Hits of all lookups, from 0 to 1; 0 before the first.
  double hit_rate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ThreadPool;  // thread_pool.h

/// What datasets of one session share. Thread-safe.
class Session {
 public:
  Session(uint64_t metadata_cache_bytes, uint64_t index_cache_bytes, int num_threads);
  ~Session();
  Cache& metadata_cache() { return metadata_cache_; }
  Cache& index_cache() { return index_cache_; }
  /// nullptr when the session has no threads: work runs on the caller's. Started on first use; survives fork
  /// by starting anew in the child.
  ThreadPool* thread_pool();

 private:
  Cache metadata_cache_;
  Cache index_cache_;
  int num_threads_;
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace lance::runtime
