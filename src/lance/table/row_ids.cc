#include "lance/table/row_ids.h"

#include <algorithm>

#include "lance/base/checked_math.h"
#include "lance/proto/table_format.pb.h"
#include "lance/table/parse_message.h"

namespace lance::table {

Result<std::shared_ptr<const RowIdSequence>> RowIdSequence::Parse(std::span<const uint8_t> bytes) {
  pb::RowIdSequence from;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "a row id sequence", &from));
  auto out = std::make_shared<RowIdSequence>();
  out->segments_.reserve(from.segments_size());
  out->ends_.reserve(from.segments_size());
  for (const pb::U64Segment& segment : from.segments()) {
    ARROW_ASSIGN_OR_RAISE(U64Segment parsed, U64Segment::Parse(segment));
    if (parsed.size() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(uint64_t end,
                          CheckedAdd(out->size(), parsed.size(), "the length of a row id sequence"));
    out->segments_.push_back(std::move(parsed));
    out->ends_.push_back(end);
  }
  return out;
}

std::shared_ptr<const RowIdSequence> RowIdSequence::FromValues(std::vector<uint64_t> ids) {
  auto out = std::make_shared<RowIdSequence>();
  if (ids.empty()) return out;
  out->ends_.push_back(ids.size());
  out->segments_.push_back(U64Segment::FromValues(std::move(ids)));
  return out;
}

uint64_t RowIdSequence::Get(uint64_t offset) const {
  const size_t segment = std::upper_bound(ends_.begin(), ends_.end(), offset) - ends_.begin();
  return segments_[segment].Get(offset - SegmentStart(segment));
}

std::optional<uint64_t> RowIdSequence::Find(uint64_t id) const {
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (auto index = segments_[i].Find(id)) return SegmentStart(i) + *index;
  }
  return std::nullopt;
}

void RowIdSequence::Read(RowRange rows, uint64_t* out) const {
  size_t segment = std::upper_bound(ends_.begin(), ends_.end(), rows.start) - ends_.begin();
  while (rows.length > 0) {
    const uint64_t count = std::min(rows.length, ends_[segment] - rows.start);
    segments_[segment].Read(rows.start - SegmentStart(segment), count, out);
    out += count;
    rows.start += count;
    rows.length -= count;
    ++segment;
  }
}

uint64_t RowIdSequence::memory_bytes() const {
  uint64_t total = sizeof(*this) + ends_.size() * 8;
  for (const U64Segment& segment : segments_) total += segment.memory_bytes();
  return total;
}

Result<std::shared_ptr<const VersionSequence>> VersionSequence::Parse(std::span<const uint8_t> bytes) {
  pb::RowDatasetVersionSequence from;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "a row version sequence", &from));
  auto out = std::make_shared<VersionSequence>();
  out->runs_.reserve(from.runs_size());
  for (const pb::RowDatasetVersionRun& run : from.runs()) {
    ARROW_ASSIGN_OR_RAISE(U64Segment span, U64Segment::Parse(run.span()));
    if (span.size() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(uint64_t end,
                          CheckedAdd(out->size(), span.size(), "the length of a row version sequence"));
    out->runs_.push_back({end, run.version()});
  }
  return out;
}

std::shared_ptr<const VersionSequence> VersionSequence::FromValues(std::span<const uint64_t> versions) {
  auto out = std::make_shared<VersionSequence>();
  for (size_t i = 0; i < versions.size(); ++i) {
    if (out->runs_.empty() || out->runs_.back().version != versions[i])
      out->runs_.push_back({0, versions[i]});
    out->runs_.back().end = i + 1;
  }
  return out;
}

std::shared_ptr<const VersionSequence> VersionSequence::Constant(uint64_t rows, uint64_t version) {
  auto out = std::make_shared<VersionSequence>();
  if (rows > 0) out->runs_.push_back({rows, version});
  return out;
}

uint64_t VersionSequence::Get(uint64_t offset) const {
  return std::upper_bound(runs_.begin(), runs_.end(), offset,
                          [](uint64_t value, const Run& run) { return value < run.end; })
      ->version;
}

void VersionSequence::Read(RowRange rows, uint64_t* out) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), rows.start,
                              [](uint64_t value, const Run& candidate) { return value < candidate.end; });
  for (; rows.length > 0; ++run) {
    const uint64_t count = std::min(rows.length, run->end - rows.start);
    std::fill_n(out, count, run->version);
    out += count;
    rows.start += count;
    rows.length -= count;
  }
}

}  // namespace lance::table
