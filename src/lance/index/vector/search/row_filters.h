#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/search/neighbors.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::index {

/// A set of row ids as bits, by upper half. Immutable once it is shared.
class RowBits : public RowFilter {
 public:
  RowBits() = default;
  RowBits(const RowBits&) = delete;
  RowBits& operator=(const RowBits&) = delete;

  void Add(std::span<const uint64_t> row_ids);
  uint64_t count() const { return count_; }
  uint64_t memory_bytes() const;
  void set_selective(bool selective) { selective_ = selective; }

  bool Allows(uint64_t row_id) const override {
    const std::vector<uint64_t>* words = only_;
    if (words == nullptr || row_id >> 32 != only_upper_) {
      const auto found = bits_.find(row_id >> 32);
      if (found == bits_.end()) return false;
      words = &found->second;
    }
    const uint64_t word = (row_id & UINT32_MAX) >> 6;
    return word < words->size() && ((*words)[word] >> (row_id & 63) & 1) != 0;
  }
  void Select(std::span<const uint64_t> row_ids, uint32_t first, std::vector<uint32_t>* out) const override;
  bool is_selective() const override { return selective_; }
  uint64_t most() const override { return count_; }

 private:
  std::unordered_map<uint64_t, std::vector<uint64_t>> bits_;
  const std::vector<uint64_t>* only_ = nullptr;  // in bits_, those with only_upper_: spares looking it up
  uint64_t only_upper_ = 0;
  uint64_t count_ = 0;
  bool selective_ = false;
};

/// Rows that both filters allow.
class BothFilters : public RowFilter {
 public:
  BothFilters(std::shared_ptr<const RowFilter> first, std::shared_ptr<const RowFilter> second)
      : first_(std::move(first)), second_(std::move(second)) {}
  bool Allows(uint64_t row_id) const override { return first_->Allows(row_id) && second_->Allows(row_id); }
  bool is_selective() const override { return first_->is_selective() || second_->is_selective(); }
  uint64_t most() const override { return std::min(first_->most(), second_->most()); }

 private:
  std::shared_ptr<const RowFilter> first_;
  std::shared_ptr<const RowFilter> second_;
};

/// Lets the live rows of some fragments through. nullptr when that is all that an index over `indexed`
/// fragments can hold. Reads deletion files, and with stable row ids the ids of these fragments.
Result<std::shared_ptr<const RowFilter>> LiveRowsOf(const table::Snapshot& snapshot,
                                                    const table::FragmentSet& fragments,
                                                    const table::FragmentSet& indexed);

}  // namespace lance::index
