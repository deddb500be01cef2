// Which form a list of row ids is stored in. The reference compares estimates in bytes: 24 + 4 a hole for a
// range with holes, 24 + an eighth of the span for a bitmap, 24 + 2 an id for an array; ties go to the first.
#include <algorithm>
#include <limits>

#include "lance/base/checked_math.h"
#include "lance/proto/table_format.pb.h"
#include "lance/table/parse_message.h"
#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

constexpr uint64_t kSegmentBytes = 24;
constexpr uint64_t kHoleBytes = 4;
constexpr uint64_t kArrayBytes = 2;
constexpr uint64_t kRangeBytes = 16;  // of a range segment, on the wire

template <typename Offset>
std::string Offsets(std::span<const uint64_t> values, uint64_t base) {
  std::string out(values.size() * sizeof(Offset), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    const auto offset = static_cast<Offset>(values[i] - base);
    std::memcpy(out.data() + i * sizeof(Offset), &offset, sizeof(Offset));
  }
  return out;
}

void Encode(std::span<const uint64_t> values, pb::EncodedU64Array* to) {
  if (values.empty()) {
    to->mutable_u64_array();
    return;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const uint64_t base = *low, span = *high - *low;
  if (span <= std::numeric_limits<uint16_t>::max()) {
    to->mutable_u16_array()->set_base(base);
    to->mutable_u16_array()->set_offsets(Offsets<uint16_t>(values, base));
  } else if (span <= std::numeric_limits<uint32_t>::max()) {
    to->mutable_u32_array()->set_base(base);
    to->mutable_u32_array()->set_offsets(Offsets<uint32_t>(values, base));
  } else {
    to->mutable_u64_array()->set_values(Offsets<uint64_t>(values, 0));
  }
}

std::vector<uint64_t> Holes(std::span<const uint64_t> ids) {
  std::vector<uint64_t> out;
  for (size_t i = 1; i < ids.size(); ++i) {
    for (uint64_t id = ids[i - 1] + 1; id < ids[i]; ++id) out.push_back(id);
  }
  return out;
}

std::string Bitmap(std::span<const uint64_t> ids) {
  std::string out(CeilDiv(ids.back() - ids.front() + 1, 8), '\0');
  for (const uint64_t id : ids) {
    const uint64_t bit = id - ids.front();
    out[bit / 8] = static_cast<char>(out[bit / 8] | (1 << (bit % 8)));
  }
  return out;
}

// Strictly ascending ids that are not one range.
void EncodeSorted(std::span<const uint64_t> ids, pb::U64Segment* to) {
  const uint64_t first = ids.front(), end = ids.back() + 1;
  const bool has_end = end != 0;  // the largest number has no exclusive end
  const uint64_t holes = ids.back() - first - (ids.size() - 1);
  constexpr uint64_t kLimit = std::numeric_limits<uint64_t>::max() / 8;
  const uint64_t as_holes = kSegmentBytes + kHoleBytes * std::min(holes, kLimit);
  const uint64_t as_bitmap = kSegmentBytes + (ids.back() - first) / 8 + 1;
  const uint64_t as_array = kSegmentBytes + kArrayBytes * ids.size();
  if (!has_end || (as_array < as_holes && as_array < as_bitmap)) {
    Encode(ids, to->mutable_sorted_array());
  } else if (as_holes <= as_bitmap) {
    to->mutable_range_with_holes()->set_start(first);
    to->mutable_range_with_holes()->set_end(end);
    Encode(Holes(ids), to->mutable_range_with_holes()->mutable_holes());
  } else {
    to->mutable_range_with_bitmap()->set_start(first);
    to->mutable_range_with_bitmap()->set_end(end);
    to->mutable_range_with_bitmap()->set_bitmap(Bitmap(ids));
  }
}

void SetRange(uint64_t start, uint64_t end, pb::U64Segment* to) {
  to->mutable_range()->set_start(start);
  to->mutable_range()->set_end(end);
}

void EncodeIds(std::span<const uint64_t> ids, pb::U64Segment* to) {
  if (ids.empty()) return SetRange(0, 0, to);
  if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) != ids.end()) {
    return Encode(ids, to->mutable_array());
  }
  if (ids.back() - ids.front() == ids.size() - 1 && ids.back() != std::numeric_limits<uint64_t>::max()) {
    return SetRange(ids.front(), ids.back() + 1, to);
  }
  EncodeSorted(ids, to);
}

// The runs of set bits of a bitmap segment.
RowRanges RunsOf(const pb::U64Segment::RangeWithBitmap& from) {
  RowRanges out;
  const std::string& bits = from.bitmap();
  for (uint64_t i = 0; i < bits.size() * 8; ++i) {
    if (((static_cast<uint8_t>(bits[i / 8]) >> (i % 8)) & 1) != 0) AppendRange(&out, {from.start() + i, 1});
  }
  return out;
}

}  // namespace

std::string SerializeRowIds(std::span<const uint64_t> ids) {
  pb::RowIdSequence to;
  EncodeIds(ids, to.add_segments());
  return to.SerializeAsString();
}

std::string SerializeRowIdRange(uint64_t start, uint64_t count) {
  pb::RowIdSequence to;
  SetRange(start, start + count, to.add_segments());
  return to.SerializeAsString();
}

Result<std::string> WithRangeSegments(const std::string& serialized) {
  pb::RowIdSequence from, to;
  const auto* bytes = reinterpret_cast<const uint8_t*>(serialized.data());
  ARROW_RETURN_NOT_OK(ParseMessage({bytes, serialized.size()}, "a row id sequence", &from));
  bool changed = false;
  for (const pb::U64Segment& segment : from.segments()) {
    if (segment.has_range_with_bitmap()) {
      const RowRanges runs = RunsOf(segment.range_with_bitmap());
      if (runs.size() * kRangeBytes < segment.range_with_bitmap().bitmap().size()) {
        for (const RowRange& run : runs) SetRange(run.start, run.end(), to.add_segments());
        changed = true;
        continue;
      }
    }
    *to.add_segments() = segment;
  }
  return changed ? to.SerializeAsString() : serialized;
}

std::string SerializeVersions(std::span<const VersionSequence::Run> runs) {
  pb::RowDatasetVersionSequence to;
  uint64_t start = 0;
  for (const VersionSequence::Run& run : runs) {
    pb::RowDatasetVersionRun* added = to.add_runs();
    SetRange(start, run.end, added->mutable_span());
    added->set_version(run.version);
    start = run.end;
  }
  return to.SerializeAsString();
}

}  // namespace lance::table
