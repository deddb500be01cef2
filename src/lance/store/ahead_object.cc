#include "lance/store/ahead_object.h"

#include <algorithm>
#include <cstring>

#include <arrow/buffer.h>

namespace lance::store {
namespace {

// Somebody may keep what is small: it must not keep a whole piece alive.
constexpr uint64_t kSmall = 16 << 10;

// The bytes of a range, where one of the fetched pieces holds all of it.
std::shared_ptr<arrow::Buffer> Find(const AheadObject::Fetched& fetched, ByteRange range) {
  auto after =
      std::upper_bound(fetched.ranges.begin(), fetched.ranges.end(), range.offset,
                       [](uint64_t offset, const ByteRange& piece) { return offset < piece.offset; });
  if (after == fetched.ranges.begin()) return nullptr;
  const ByteRange& piece = *--after;
  if (range.end() > piece.end()) return nullptr;
  auto slice = arrow::SliceBuffer(fetched.buffers[static_cast<size_t>(after - fetched.ranges.begin())],
                                  static_cast<int64_t>(range.offset - piece.offset),
                                  static_cast<int64_t>(range.length));
  if (range.length > kSmall) return slice;
  return arrow::Buffer::FromString(slice->ToString());
}

}  // namespace

std::vector<ByteRange> JoinRanges(std::vector<ByteRange> ranges, const FetchBudget& budget) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
  std::vector<ByteRange> apart;
  for (const ByteRange& range : ranges) {
    if (!apart.empty() && range.offset <= apart.back().end()) {
      apart.back().length = std::max(apart.back().end(), range.end()) - apart.back().offset;
    } else {
      apart.push_back(range);
    }
  }
  // The largest gap that is still joined.
  std::vector<uint64_t> gaps;
  for (size_t i = 1; i < apart.size(); ++i) gaps.push_back(apart[i].offset - apart[i - 1].end());
  std::sort(gaps.begin(), gaps.end());
  uint64_t widest = 0, waste = 0;
  for (const uint64_t gap : gaps) {
    waste += gap;
    if (gap > budget.gap_bytes || waste > budget.waste_bytes) break;
    widest = gap;
  }
  std::vector<ByteRange> out;
  for (const ByteRange& range : apart) {
    if (!out.empty() && range.offset - out.back().end() <= widest) {
      out.back().length = range.end() - out.back().offset;
    } else {
      out.push_back(range);
    }
  }
  return out;
}

Result<std::shared_ptr<const AheadObject::Fetched>> AheadObject::Fetch(std::vector<ByteRange> ranges,
                                                                       const FetchBudget& budget) {
  auto out = std::make_shared<Fetched>();
  out->ranges = JoinRanges(std::move(ranges), budget);
  ARROW_ASSIGN_OR_RAISE(out->buffers, object_->ReadMany(out->ranges));
  const std::lock_guard lock(mutex_);
  std::erase_if(fetched_, [](const auto& other) { return other.expired(); });
  fetched_.push_back(out);
  return std::shared_ptr<const Fetched>(std::move(out));
}

AheadObject::Living AheadObject::Lively() {
  Living out;
  const std::lock_guard lock(mutex_);
  for (const auto& fetched : fetched_) {
    if (auto living = fetched.lock()) out.push_back(std::move(living));
  }
  return out;
}

template <typename ReadRest>
Result<std::vector<std::shared_ptr<arrow::Buffer>>> AheadObject::Serve(std::span<const ByteRange> ranges,
                                                                       ReadRest rest) {
  const Living living = Lively();
  if (living.empty()) return rest(ranges);
  std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
  std::vector<ByteRange> missing;
  std::vector<size_t> places;
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (const auto& fetched : living) {
      if (out[i] == nullptr) out[i] = Find(*fetched, ranges[i]);
    }
    if (out[i] != nullptr) continue;
    missing.push_back(ranges[i]);
    places.push_back(i);
  }
  if (missing.empty()) return out;
  ARROW_ASSIGN_OR_RAISE(auto read, rest(std::span<const ByteRange>(missing)));
  for (size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(read[i]);
  return out;
}

Status AheadObject::ReadInto(ByteRange range, uint8_t* out) {
  for (const auto& fetched : Lively()) {
    if (const auto found = Find(*fetched, range)) {
      std::memcpy(out, found->data(), range.length);
      return Status::OK();
    }
  }
  return object_->ReadInto(range, out);
}

Result<std::shared_ptr<arrow::Buffer>> AheadObject::Read(ByteRange range) {
  for (const auto& fetched : Lively()) {
    if (auto found = Find(*fetched, range)) return found;
  }
  return object_->Read(range);
}

Result<std::vector<std::shared_ptr<arrow::Buffer>>> AheadObject::ReadMany(std::span<const ByteRange> ranges) {
  return Serve(ranges, [&](std::span<const ByteRange> missing) { return object_->ReadMany(missing); });
}

Result<std::vector<std::shared_ptr<arrow::Buffer>>> AheadObject::ViewMany(std::span<const ByteRange> ranges) {
  return Serve(ranges, [&](std::span<const ByteRange> missing) { return object_->ViewMany(missing); });
}

}  // namespace lance::store
