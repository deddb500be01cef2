#include "lance/index/row_moves.h"

#include <algorithm>

#include <roaring/roaring.hh>

#include "lance/base/row_address.h"
#include "lance/base/span_reader.h"
#include "lance/table/deletion.h"
#include "lance/table/index_maintenance.h"

namespace lance::index {
namespace {

// Bytes of the 32-bit Roaring bitmap that `bytes` start with.
Result<size_t> RoaringSize(std::span<const uint8_t> bytes) {
  try {
    const auto bitmap = Roaring::readSafe(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bitmap.getSizeInBytes(/*portable=*/true);
  } catch (const std::exception& error) {
    return Corruption("rows of a fragment reuse index are no Roaring bitmap: {}", error.what());
  }
}

}  // namespace

Result<std::shared_ptr<const RowMoves>> RowMoves::Load(const table::Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  for (const table::IndexMetadata& index : *indices) {
    if (index.name != table::kFragmentReuseIndex) continue;
    if (index.index_version.value_or(0) != 0) return NotSupported("tagged fragment reuse indices");
    const auto* bytes = reinterpret_cast<const uint8_t*>(index.details.data());
    ARROW_ASSIGN_OR_RAISE(table::FragmentReuse reuse,
                          table::ParseFragmentReuse({bytes, index.details.size()}));
    return Of(reuse, index.uuid);
  }
  return nullptr;
}

Result<std::shared_ptr<const RowMoves>> RowMoves::Of(const table::FragmentReuse& reuse, std::string key) {
  auto moves = std::make_shared<RowMoves>();
  for (const auto& version : reuse.versions) {
    for (const auto& from : version.groups) {
      Group group;
      for (const auto& digest : from.old_fragments) group.old_fragments.push_back(digest.id);
      uint64_t rows = 0;
      for (const auto& digest : from.new_fragments) {
        rows += digest.physical_rows;
        group.new_fragments.push_back({rows, digest.physical_rows, digest.id});
      }
      SpanReader reader(
          {reinterpret_cast<const uint8_t*>(from.live_addresses.data()), from.live_addresses.size()});
      ARROW_ASSIGN_OR_RAISE(uint64_t count, reader.ReadLE<uint64_t>("fragments of moved rows"));
      uint64_t before = 0;
      for (uint64_t i = 0; i < count; ++i) {
        ARROW_ASSIGN_OR_RAISE(uint32_t fragment, reader.ReadLE<uint32_t>("fragment of moved rows"));
        SpanReader rest = reader;
        ARROW_ASSIGN_OR_RAISE(auto left, rest.ReadBytes(rest.remaining(), "moved rows"));
        ARROW_ASSIGN_OR_RAISE(size_t size, RoaringSize(left));
        ARROW_ASSIGN_OR_RAISE(auto bitmap, reader.ReadBytes(size, "moved rows"));
        LiveRows live;
        live.rows_before = before;
        ARROW_ASSIGN_OR_RAISE(live.rows, table::DeletionVector::FromRoaring(bitmap));
        before += live.rows->count();
        group.live.emplace(fragment, std::move(live));
      }
      moves->groups_.push_back(std::move(group));
    }
  }
  if (moves->groups_.empty()) return nullptr;
  moves->key_ = std::move(key);
  return moves;
}

std::optional<uint64_t> RowMoves::Find(uint64_t address) const {
  for (const Group& group : groups_) {
    const RowAddress at{address};
    const bool moved = std::find(group.old_fragments.begin(), group.old_fragments.end(), at.fragment_id()) !=
                       group.old_fragments.end();
    if (!moved) continue;
    const auto live = group.live.find(at.fragment_id());
    if (live == group.live.end() || !live->second.rows->Contains(at.offset())) return std::nullopt;
    const uint64_t row = live->second.rows_before + live->second.rows->CountBelow(at.offset());
    const auto target = std::upper_bound(group.new_fragments.begin(), group.new_fragments.end(), row,
                                         [](uint64_t r, const NewFragment& f) { return r < f.end; });
    if (target == group.new_fragments.end()) return std::nullopt;
    address = RowAddress::Of(static_cast<uint32_t>(target->id),
                             static_cast<uint32_t>(row - (target->end - target->rows)))
                  .value;
  }
  return address;
}

table::FragmentSet RowMoves::Covered(table::FragmentSet covered) const {
  for (const Group& group : groups_) {
    const bool all = std::all_of(group.old_fragments.begin(), group.old_fragments.end(),
                                 [&](uint64_t id) { return covered.Contains(id); });
    for (uint64_t id : group.old_fragments) covered.Remove(id);
    if (!all) continue;
    for (const NewFragment& fragment : group.new_fragments) covered.Add(fragment.id);
  }
  return covered;
}

}  // namespace lance::index
