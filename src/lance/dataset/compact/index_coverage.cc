#include "lance/dataset/compact/index_coverage.h"

#include <algorithm>

#include "lance/dataset/compact/remap_indices.h"
#include "lance/index/row_moves.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/roaring_runs.h"

namespace lance::dataset {

namespace {

bool Contains(const RowRanges& fragments, uint64_t fragment_id) {
  auto after = std::upper_bound(fragments.begin(), fragments.end(), fragment_id,
                                [](uint64_t id, const RowRange& range) { return id < range.start; });
  return after != fragments.begin() && fragment_id < std::prev(after)->end();
}

}  // namespace

bool IndexCoverage::Entry::Covers(uint64_t fragment_id) const {
  return covers_all || Contains(fragments, fragment_id);
}

Result<IndexCoverage> IndexCoverage::Load(const table::Snapshot& snapshot) {
  IndexCoverage out;
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  ARROW_ASSIGN_OR_RAISE(const auto moves, index::RowMoves::Load(snapshot));
  for (const table::IndexMetadata& index : *indices) {
    const bool is_reuse_index = index.name == table::kFragmentReuseIndex;
    if (table::IsSystemIndex(index) && !is_reuse_index) continue;
    Entry entry;
    entry.is_reuse_index = is_reuse_index;
    entry.name = index.name;
    entry.needs_remap = NeedsRemap(snapshot, index);
    entry.can_remap = CanRemap(index);
    if (index.fragment_bitmap.has_value()) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(index.fragment_bitmap->data());
      ARROW_ASSIGN_OR_RAISE(
          entry.fragments,
          WithContext(table::ParseRoaring({bytes, index.fragment_bitmap->size()}), "index " + index.name));
      entry.stored = entry.fragments;
      if (moves != nullptr && !is_reuse_index) {
        entry.fragments = moves->Covered(table::FragmentSet(std::move(entry.fragments))).ranges();
      }
    } else {
      entry.covers_all = true;
    }
    out.entries_.push_back(std::move(entry));
  }
  return out;
}

std::vector<int> IndexCoverage::Covering(uint64_t fragment_id) const {
  std::vector<int> out;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].is_reuse_index && entries_[i].Covers(fragment_id)) out.push_back(static_cast<int>(i));
  }
  return out;
}

Status IndexCoverage::CheckRewritable(std::span<const uint64_t> fragment_ids) const {
  for (const Entry& entry : entries_) {
    if (!entry.needs_remap || entry.can_remap || entry.is_reuse_index) continue;
    for (uint64_t id : fragment_ids) {
      if (!entry.Covers(id)) continue;
      return NotSupported(
          "compacting fragment {}: index '{}' covers it, and remapping the row addresses of such an "
          "index is not there yet; set defer_index_remap, drop the index, or exclude the fragments it covers",
          id, entry.name);
    }
  }
  return Status::OK();
}

bool IndexCoverage::DependsOnMoves(std::span<const uint64_t> fragment_ids) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.needs_remap && !entry.is_reuse_index && !entry.covers_all &&
           std::any_of(fragment_ids.begin(), fragment_ids.end(),
                       [&](uint64_t id) { return entry.Covers(id) && !Contains(entry.stored, id); });
  });
}

bool IndexCoverage::CoversAny(std::span<const uint64_t> fragment_ids) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return std::any_of(fragment_ids.begin(), fragment_ids.end(),
                       [&](uint64_t id) { return entry.Covers(id); });
  });
}

}  // namespace lance::dataset
