#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/scalar/key_set.h"
#include "lance/index/scalar/keys.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::index {

/// A row that an index has: its id, and the row of the keys that were looked up.
struct KeyMatch {
  uint64_t id;
  uint32_t key;
};

/// What a search costs.
struct SearchEstimate {
  uint64_t pages = 0;      ///< pieces of the index that are read
  uint64_t rows_read = 0;  ///< that lie in these
  uint64_t rows = 0;       ///< that are found, at most
  SearchEstimate& operator+=(const SearchEstimate& other) {
    pages += other.pages;
    rows_read += other.rows_read;
    rows += other.rows;
    return *this;
  }
};

/// What searches did. Thread-safe.
struct ScalarSearchCounts {
  std::atomic<uint64_t> pages_read{0};  ///< that were not cached
  std::atomic<uint64_t> rows{0};        ///< of the pages that were searched
};

/// An open segment of a scalar index of any kind. Immutable and thread-safe.
class ScalarSegment {
 public:
  virtual ~ScalarSegment() = default;
  virtual const KeyType& type() const = 0;
  /// From what is in memory.
  virtual SearchEstimate Estimate(const KeySet& set) const = 0;
  /// For `keys`: rows `order` of them, by key, none null.
  virtual SearchEstimate Estimate(const Keys& keys, std::span<const uint32_t> order) const = 0;
  /// The ids of all rows whose value is in `set`, in no order. Uses the threads of `pool`, which may be null.
  /// `counts` may be null too.
  virtual Result<std::vector<uint64_t>> Search(const KeySet& set, runtime::ThreadPool* pool,
                                               ScalarSearchCounts* counts) const = 0;
  /// The ids of all rows that have one of `keys`: rows `order` of them, by key, none null.
  virtual Result<std::vector<KeyMatch>> FindKeys(const Keys& keys, std::span<const uint32_t> order,
                                                 runtime::ThreadPool* pool) const = 0;
  /// Reads all pages into the session's index cache.
  virtual Status Prewarm(runtime::ThreadPool* pool) const = 0;
  /// What the reference's statistics say of the segment: a JSON object.
  virtual std::string StatisticsJson() const = 0;
};

}  // namespace lance::index
