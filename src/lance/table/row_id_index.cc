#include "lance/table/row_id_index.h"

#include <algorithm>

#include "lance/base/row_address.h"

namespace lance::table {

std::shared_ptr<const RowIdIndex> RowIdIndex::Build(std::vector<Source> sources) {
  auto out = std::make_shared<RowIdIndex>();
  out->sources_ = std::move(sources);
  std::vector<uint64_t> ids;
  for (const Source& source : out->sources_) {
    for (size_t i = 0; i < source.ids->segments().size(); ++i) {
      const U64Segment& segment = source.ids->segments()[i];
      const uint64_t address = RowAddress::Of(source.fragment_id, source.ids->SegmentStart(i)).value;
      if (segment.kind() != U64Segment::Kind::kSortedArray && segment.kind() != U64Segment::Kind::kArray) {
        out->pieces_.push_back({segment.min(), segment.max(), 0, &segment, address});
        continue;
      }
      ids.resize(segment.size());
      segment.Read(0, segment.size(), ids.data());
      for (uint64_t k = 0; k < ids.size(); ++k) out->entries_.push_back({ids[k], address + k});
    }
  }
  std::sort(out->pieces_.begin(), out->pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.min < b.min; });
  uint64_t max_so_far = 0;
  for (Piece& piece : out->pieces_) piece.max_so_far = max_so_far = std::max(max_so_far, piece.max);
  std::sort(out->entries_.begin(), out->entries_.end(), [](const Entry& a, const Entry& b) {
    return a.id != b.id ? a.id < b.id : a.address < b.address;
  });
  return out;
}

bool RowIdIndex::VisitAddresses(uint64_t id, const std::function<bool(uint64_t)>& visit) const {
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), id,
                                [](const Entry& candidate, uint64_t value) { return candidate.id < value; });
  for (; entry != entries_.end() && entry->id == id; ++entry) {
    if (visit(entry->address)) return true;
  }
  // Pieces that start at or before `id`, backwards until none before can reach it.
  auto piece = std::upper_bound(pieces_.begin(), pieces_.end(), id,
                                [](uint64_t value, const Piece& candidate) { return value < candidate.min; });
  while (piece != pieces_.begin()) {
    --piece;
    if (piece->max_so_far < id) return false;
    if (piece->max < id) continue;
    if (auto index = piece->segment->Find(id); index && visit(piece->first_address + *index)) return true;
  }
  return false;
}

uint64_t RowIdIndex::memory_bytes() const {
  uint64_t total = sizeof(*this) + pieces_.size() * sizeof(Piece) + entries_.size() * sizeof(Entry);
  for (const Source& source : sources_) total += source.ids->memory_bytes();
  return total;
}

}  // namespace lance::table
