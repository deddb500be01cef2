#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace lance::scan {

/// A row found by a search.
struct Candidate {
  float distance = 0;
  uint64_t row_id = 0;  ///< breaks ties
  uint64_t address = 0;
  bool operator<(const Candidate& other) const {
    return distance != other.distance ? distance < other.distance : row_id < other.row_id;
  }
};

/// Keeps the k nearest candidates: memory is bounded by k, however many are offered.
class TopK {
 public:
  explicit TopK(uint64_t k) : k_(k) {}

  /// Candidates farther than this cannot enter.
  float threshold() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().distance;
  }
  void Offer(const Candidate& candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (candidate < heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end());
    }
  }
  /// Nearest first. Empties the heap.
  std::vector<Candidate> Take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }
  size_t size() const { return heap_.size(); }

 private:
  uint64_t k_;
  std::vector<Candidate> heap_;  // the farthest first
};

}  // namespace lance::scan
