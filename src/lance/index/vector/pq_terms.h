#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace lance::index {

/// Of rows that are coded by the residuals to their centroid: the part of their distance that is the same for
/// all queries. With x = centroid + codeword and everything seen from the middle of all centroids,
///   |q - x|^2 = |q - centroid|^2 + (|codeword|^2 + 2 <centroid, codeword>) - 2 <q, codeword>,
/// of which the bracket is a row's term; the last product is of the query and the codebook alone.
struct PqTerms {
  std::vector<float> values;  ///< one a row
  float magnitude = 0;        ///< no smaller than the absolute values that a term is the sum of
};

/// The terms of a partition, made when it is searched for the second time: a search that looks once should
/// not pay for later ones. Thread-safe; nobody waits, in a forked process either.
class LazyPqTerms {
 public:
  /// Null as long as there are none. `make` is called once, by one thread.
  template <class Make>
  const PqTerms* Get(const Make& make) const {
    int state = state_.load(std::memory_order_acquire);
    if (state == kReady) return &terms_;
    if (state == kNew) {
      state_.compare_exchange_strong(state, kSeen, std::memory_order_relaxed);
      return nullptr;
    }
    if (state != kSeen || !state_.compare_exchange_strong(state, kBeingMade, std::memory_order_relaxed)) {
      return nullptr;
    }
    terms_ = make();
    state_.store(kReady, std::memory_order_release);
    return &terms_;
  }

 private:
  enum State { kNew, kSeen, kBeingMade, kReady };
  mutable std::atomic<int> state_ = kNew;
  mutable PqTerms terms_;
};

}  // namespace lance::index
