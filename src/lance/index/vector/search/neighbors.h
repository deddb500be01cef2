#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace lance::index {

/// A row found by a search. Equal distances are ordered by row id.
struct Neighbor {
  float distance = 0;
  uint64_t row_id = 0;
  bool operator<(const Neighbor& other) const {
    return distance != other.distance ? distance < other.distance : row_id < other.row_id;
  }
};

/// Which rows a search may find. Asked only about rows that are near enough. Immutable and thread-safe.
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  virtual bool Allows(uint64_t row_id) const = 0;
  /// Whether few rows are allowed, so that asking before computing a distance pays.
  virtual bool is_selective() const = 0;
};

/// The k nearest rows of those offered. One thread at a time.
class Neighbors {
 public:
  Neighbors(uint64_t k, std::optional<float> lower_bound, std::optional<float> upper_bound)
      : k_(k), lower_(lower_bound), upper_(upper_bound) {
    limit_ = upper_.value_or(std::numeric_limits<float>::infinity());
  }

  void set_filter(const RowFilter* filter) { filter_ = filter; }
  const RowFilter* filter() const { return filter_; }
  uint64_t k() const { return k_; }
  size_t size() const { return heap_.size(); }
  bool full() const { return heap_.size() >= k_; }
  /// Rows farther than this cannot enter.
  float limit() const { return limit_; }
  /// Whether a row at this distance may be asked for; false for NaN.
  bool Accepts(float distance) const {
    return distance <= limit_ && (!lower_.has_value() || distance >= *lower_) &&
           (!upper_.has_value() || distance < *upper_);
  }
  bool Allows(uint64_t row_id) const { return filter_ == nullptr || filter_->Allows(row_id); }

  void Offer(float distance, uint64_t row_id) {
    if (!Accepts(distance)) return;
    const Neighbor found{distance, row_id};
    if (full() && !(found < heap_.front())) return;
    if (!Allows(row_id)) return;
    if (full()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = found;
    } else {
      heap_.push_back(found);
    }
    std::push_heap(heap_.begin(), heap_.end());
    if (full()) limit_ = heap_.front().distance;
  }
  /// Nearest first; empties the heap.
  std::vector<Neighbor> Take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }

 private:
  uint64_t k_;
  std::optional<float> lower_;
  std::optional<float> upper_;
  float limit_;
  const RowFilter* filter_ = nullptr;
  std::vector<Neighbor> heap_;  // the farthest first
};

}  // namespace lance::index
