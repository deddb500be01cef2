#include "lance/index/vector/search/row_filters.h"

#include <algorithm>

#include "lance/base/row_address.h"
#include "lance/table/deletion.h"
#include "lance/table/row_ids.h"

namespace lance::index {
namespace {

// Row ids that are addresses.
class LiveAddresses : public RowFilter {
 public:
  void Add(uint64_t fragment, std::shared_ptr<const table::DeletionVector> deletions) {
    fragments_.emplace(fragment, std::move(deletions));
  }
  bool Allows(uint64_t row_id) const override {
    const auto found = fragments_.find(row_id >> 32);
    if (found == fragments_.end()) return false;
    return found->second == nullptr || !found->second->Contains(row_id & UINT32_MAX);
  }
  bool is_selective() const override { return false; }

 private:
  std::unordered_map<uint64_t, std::shared_ptr<const table::DeletionVector>> fragments_;
};

Status AddLive(const table::Snapshot& snapshot, const table::Fragment& fragment, RowBits* out) {
  ARROW_ASSIGN_OR_RAISE(auto ids, snapshot.RowIds(fragment));
  LANCE_CHECK_BYTES(ids != nullptr, "fragment {} has no row ids", fragment.id);
  RowRanges live;
  ARROW_RETURN_NOT_OK(snapshot.AppendLive(fragment, {0, ids->size()}, &live));
  std::vector<uint64_t> read;
  for (const RowRange& range : live) {
    read.resize(range.length);
    ids->Read(range, read.data());
    out->Add(read);
  }
  return Status::OK();
}

}  // namespace

void RowBits::Add(std::span<const uint64_t> row_ids) {
  for (size_t i = 0; i < row_ids.size();) {
    const uint64_t upper = row_ids[i] >> 32;
    std::vector<uint64_t>& words = bits_[upper];
    only_ = &words;
    only_upper_ = upper;
    for (; i < row_ids.size() && row_ids[i] >> 32 == upper; ++i) {
      const uint64_t word = (row_ids[i] & UINT32_MAX) >> 6;
      if (word >= words.size()) words.resize(std::max<uint64_t>(word + 1, words.size() * 2), 0);
      const uint64_t bit = uint64_t{1} << (row_ids[i] & 63);
      count_ += (words[word] & bit) == 0;
      words[word] |= bit;
    }
  }
}

void RowBits::Select(std::span<const uint64_t> row_ids, uint32_t first, std::vector<uint32_t>* out) const {
  // Written without a branch: what is allowed has no order.
  const size_t before = out->size();
  out->resize(before + row_ids.size());
  uint32_t* to = out->data() + before;
  for (const uint64_t row_id : row_ids) {
    *to = first++;
    to += Allows(row_id) ? 1 : 0;
  }
  out->resize(static_cast<size_t>(to - out->data()));
}

uint64_t RowBits::memory_bytes() const {
  uint64_t bytes = sizeof(*this);
  for (const auto& [upper, words] : bits_) bytes += words.size() * 8 + 64;
  return bytes;
}

Result<std::shared_ptr<const RowFilter>> LiveRowsOf(const table::Snapshot& snapshot,
                                                    const table::FragmentSet& fragments,
                                                    const table::FragmentSet& indexed) {
  const bool stable = snapshot.manifest().has_stable_row_ids();
  bool all = fragments == indexed;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    if (fragments.Contains(fragment.id)) all = all && !fragment.deletion_file.has_value();
    // A row with a stable id may have moved out of the fragments that the index knows.
    if (stable && !fragments.Contains(fragment.id)) all = false;
  }
  if (all) return nullptr;
  if (stable) {
    auto rows = std::make_shared<RowBits>();
    for (const table::Fragment& fragment : snapshot.manifest().fragments) {
      if (fragments.Contains(fragment.id)) ARROW_RETURN_NOT_OK(AddLive(snapshot, fragment, rows.get()));
    }
    return rows;
  }
  auto rows = std::make_shared<LiveAddresses>();
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    if (!fragments.Contains(fragment.id)) continue;
    ARROW_ASSIGN_OR_RAISE(auto deletions, snapshot.Deletions(fragment));
    rows->Add(fragment.id, std::move(deletions));
  }
  return rows;
}

}  // namespace lance::index
