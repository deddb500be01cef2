#pragma once

#include <cstdint>
#include <memory>

#include "lance/export.h"

namespace lance {

namespace runtime {
class Session;
}

/// Bounds of what datasets opened with one session share.
struct SessionOptions {
  /// Bytes of open files' metadata, manifests, deletion vectors and row-id sequences kept.
  uint64_t metadata_cache_bytes = 1ull << 30;
  /// Bytes of index pages kept.
  uint64_t index_cache_bytes = 6ull << 30;
  /// Worker threads for scans; 0: everything runs on the calling thread; -1: one per core.
  int num_threads = -1;
};

/// Caches and worker threads shared by datasets. Thread-safe.
class LANCE_EXPORT Session {
 public:
  static std::shared_ptr<Session> Make(const SessionOptions& options = {});
  /// The session of datasets opened without one.
  static std::shared_ptr<Session> Default();
  ~Session();
  uint64_t metadata_cache_bytes() const;
  uint64_t index_cache_bytes() const;
  /// The share of lookups that found what they wanted, since the session began; 0 before the first.
  double index_cache_hit_rate() const;
  const std::shared_ptr<runtime::Session>& impl() const { return impl_; }

 private:
  explicit Session(std::shared_ptr<runtime::Session> impl);
  std::shared_ptr<runtime::Session> impl_;
};

}  // namespace lance
