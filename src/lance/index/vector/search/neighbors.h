#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
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
  /// Lists the positions, from `first` on, of the allowed ones among `row_ids`.
  virtual void Select(std::span<const uint64_t> row_ids, uint32_t first, std::vector<uint32_t>* out) const {
    for (size_t i = 0; i < row_ids.size(); ++i) {
      if (Allows(row_ids[i])) out->push_back(first + static_cast<uint32_t>(i));
    }
  }
  /// No more rows than this are allowed in all.
  virtual uint64_t most() const { return UINT64_MAX; }
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
  /// How many more there is room for whatever their distance.
  size_t missing() const { return full() ? 0 : static_cast<size_t>(k_ - heap_.size()); }
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
    if (Allows(row_id)) Keep(found);
  }
  /// The same of a row that the filter is known to allow.
  void OfferAllowed(float distance, uint64_t row_id) {
    if (!Accepts(distance)) return;
    const Neighbor found{distance, row_id};
    if (!full() || found < heap_.front()) Keep(found);
  }
  /// Nearest first; empties the heap.
  std::vector<Neighbor> Take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }

 private:
  void Keep(const Neighbor& found) {
    if (full()) {
      ReplaceFarthest(found);
    } else {
      heap_.push_back(found);
      std::push_heap(heap_.begin(), heap_.end());
    }
    if (full()) limit_ = heap_.front().distance;
  }
  // Lets the place at the top sink to where `found` belongs.
  void ReplaceFarthest(const Neighbor& found) {
    size_t at = 0;
    for (size_t child = 1; child < heap_.size(); child = 2 * at + 1) {
      if (child + 1 < heap_.size() && heap_[child] < heap_[child + 1]) ++child;
      if (!(found < heap_[child])) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = found;
  }

  uint64_t k_;
  std::optional<float> lower_;
  std::optional<float> upper_;
  float limit_;
  const RowFilter* filter_ = nullptr;
  std::vector<Neighbor> heap_;  // the farthest first
};

}  // namespace lance::index
