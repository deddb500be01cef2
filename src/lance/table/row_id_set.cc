#include "lance/table/row_id_set.h"

#include <algorithm>
#include <vector>

#include <roaring/roaring.hh>

#include "lance/base/span_reader.h"
#include "lance/table/deletion.h"
#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

// Looking one id up in a sequence costs about as much as testing this many ids in order.
constexpr uint64_t kTestsPerLookup = 64;

void AppendLE(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

// What is in `from` and not in `removed`; both ascending and disjoint.
RowRanges Subtract(const RowRanges& from, const RowRanges& removed) {
  RowRanges out;
  size_t next = 0;
  for (const RowRange& range : from) {
    uint64_t at = range.start;
    while (next < removed.size() && removed[next].end() <= at) ++next;
    for (size_t i = next; i < removed.size() && removed[i].start < range.end(); ++i) {
      if (removed[i].start > at) AppendRange(&out, {at, removed[i].start - at});
      at = std::max(at, removed[i].end());
    }
    if (at < range.end()) AppendRange(&out, {at, range.end() - at});
  }
  return out;
}

}  // namespace

Result<RowIdSet> RowIdSet::Parse(std::span<const uint8_t> bytes) {
  SpanReader reader(bytes);
  ARROW_ASSIGN_OR_RAISE(uint32_t count, reader.ReadLE<uint32_t>("number of entries"));
  RowIdSet out;
  for (uint32_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(uint32_t upper, reader.ReadLE<uint32_t>("upper half"));
    ARROW_ASSIGN_OR_RAISE(uint32_t size, reader.ReadLE<uint32_t>("bitmap size"));
    if (size == 0) {
      out.entries_[upper] = nullptr;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto bitmap, reader.ReadBytes(size, "bitmap"));
    // Any set of 32-bit offsets will do here; it answers both as runs and by member.
    ARROW_ASSIGN_OR_RAISE(out.entries_[upper], DeletionVector::FromRoaring(bitmap));
  }
  return out;
}

std::string RowIdSet::Serialize(std::span<const uint64_t> ids) {
  std::map<uint32_t, Roaring> entries;
  for (const uint64_t id : ids) entries[static_cast<uint32_t>(id >> 32)].add(static_cast<uint32_t>(id));
  std::string out;
  AppendLE(static_cast<uint32_t>(entries.size()), &out);
  for (const auto& [upper, bitmap] : entries) {
    const size_t size = bitmap.getSizeInBytes(/*portable=*/true);
    AppendLE(upper, &out);
    AppendLE(static_cast<uint32_t>(size), &out);
    out.resize(out.size() + size);
    bitmap.write(out.data() + out.size() - size, /*portable=*/true);
  }
  return out;
}

bool RowIdSet::Contains(uint64_t id) const {
  auto found = entries_.find(static_cast<uint32_t>(id >> 32));
  if (found == entries_.end()) return false;
  return found->second == nullptr || found->second->Contains(id & UINT32_MAX);
}

RowRanges RowIdSet::LowerHalves(uint32_t upper, uint64_t rows) const {
  RowRanges out;
  auto found = entries_.find(upper);
  if (found == entries_.end()) return out;
  if (found->second == nullptr) {
    AppendRange(&out, {0, rows});
    return out;
  }
  for (const DeletionVector::Run& run : found->second->runs()) {
    if (run.start >= rows) break;
    AppendRange(&out, {run.start, std::min(run.end, rows) - run.start});
  }
  return out;
}

uint64_t RowIdSet::count() const {
  uint64_t count = 0;
  for (const auto& [upper, lower] : entries_) {
    if (lower == nullptr) return UINT64_MAX;
    count += lower->count();
  }
  return count;
}

RowRanges RowIdSet::FindIn(const RowIdSequence& ids) const {
  RowRanges out;
  if (count() < ids.size() / kTestsPerLookup) {
    std::vector<uint64_t> offsets;
    for (const auto& [upper, lower] : entries_) {
      for (const DeletionVector::Run& run : lower->runs()) {
        for (uint64_t low = run.start; low < run.end; ++low) {
          if (auto offset = ids.Find(uint64_t{upper} << 32 | low)) offsets.push_back(*offset);
        }
      }
    }
    std::sort(offsets.begin(), offsets.end());
    for (const uint64_t offset : offsets) AppendRange(&out, {offset, 1});
    return out;
  }
  constexpr uint64_t kBlock = 4096;
  std::vector<uint64_t> block(std::min(kBlock, ids.size()));
  for (uint64_t start = 0; start < ids.size(); start += kBlock) {
    const uint64_t length = std::min(kBlock, ids.size() - start);
    ids.Read({start, length}, block.data());
    for (uint64_t i = 0; i < length; ++i) {
      if (Contains(block[i])) AppendRange(&out, {start + i, 1});
    }
  }
  return out;
}

RowRanges RowIdMask::RowsOf(uint64_t fragment_id, uint64_t physical_rows, const RowIdSequence* ids) const {
  auto rows_of = [&](const RowIdSet& set) {
    return ids == nullptr ? set.LowerHalves(static_cast<uint32_t>(fragment_id), physical_rows)
                          : set.FindIn(*ids);
  };
  RowRanges rows;
  if (allow.has_value()) {
    rows = rows_of(*allow);
  } else {
    AppendRange(&rows, {0, physical_rows});
  }
  return block.has_value() ? Subtract(rows, rows_of(*block)) : rows;
}

}  // namespace lance::table
