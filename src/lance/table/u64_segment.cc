#include "lance/table/u64_segment.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/proto/table_format.pb.h"

namespace lance::table {
namespace {

// Words of a bitmap that share one entry of the rank table: 512 bits, one cache line.
constexpr uint64_t kRankWords = 8;

template <typename Offset>
void Widen(const uint8_t* from, uint64_t base, uint64_t count, uint64_t* out) {
  for (uint64_t i = 0; i < count; ++i) out[i] = base + LoadLE<Offset>(from + i * sizeof(Offset));
}

template <typename Offset>
uint64_t MaxOffset(const std::vector<uint8_t>& bytes) {
  Offset largest = 0;
  for (size_t at = 0; at < bytes.size(); at += sizeof(Offset)) {
    largest = std::max(largest, LoadLE<Offset>(bytes.data() + at));
  }
  return largest;
}

// The position of the `index`-th set bit of a word that has more than `index` of them.
int SelectInWord(uint64_t word, uint64_t index) {
  for (; index > 0; --index) word &= word - 1;
  return std::countr_zero(word);
}

}  // namespace

Result<PackedU64> PackedU64::Parse(const pb::EncodedU64Array& from) {
  PackedU64 out;
  const std::string* bytes = nullptr;
  switch (from.array_case()) {
    case pb::EncodedU64Array::kU16Array:
      out.width_ = 2;
      out.base_ = from.u16_array().base();
      bytes = &from.u16_array().offsets();
      break;
    case pb::EncodedU64Array::kU32Array:
      out.width_ = 4;
      out.base_ = from.u32_array().base();
      bytes = &from.u32_array().offsets();
      break;
    case pb::EncodedU64Array::kU64Array:
      bytes = &from.u64_array().values();
      break;
    case pb::EncodedU64Array::ARRAY_NOT_SET:
      return Corruption("an array of row ids has no type");
  }
  LANCE_CHECK_BYTES(bytes->size() % out.width_ == 0, "an array of row ids has {} bytes, not a multiple of {}",
                    bytes->size(), out.width_);
  out.size_ = bytes->size() / out.width_;
  if (out.width_ == 8) {
    out.values_.resize(out.size_);
    if (out.size_ > 0) std::memcpy(out.values_.data(), bytes->data(), bytes->size());
    return out;
  }
  out.bytes_.assign(bytes->begin(), bytes->end());
  const uint64_t largest =
      out.width_ == 2 ? MaxOffset<uint16_t>(out.bytes_) : MaxOffset<uint32_t>(out.bytes_);
  ARROW_RETURN_NOT_OK(CheckedAdd(out.base_, largest, "a row id").status());
  return out;
}

PackedU64 PackedU64::FromValues(std::vector<uint64_t> values) {
  PackedU64 out;
  out.size_ = values.size();
  out.values_ = std::move(values);
  return out;
}

uint64_t PackedU64::operator[](uint64_t index) const {
  switch (width_) {
    case 2:
      return base_ + LoadLE<uint16_t>(bytes_.data() + index * 2);
    case 4:
      return base_ + LoadLE<uint32_t>(bytes_.data() + index * 4);
    default:
      return values_[index];
  }
}

void PackedU64::Read(uint64_t start, uint64_t length, uint64_t* out) const {
  switch (width_) {
    case 2:
      return Widen<uint16_t>(bytes_.data() + start * 2, base_, length, out);
    case 4:
      return Widen<uint32_t>(bytes_.data() + start * 4, base_, length, out);
    default:
      std::copy_n(values_.data() + start, length, out);
  }
}

uint64_t PackedU64::LowerBound(uint64_t value) const {
  uint64_t low = 0, high = size_;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if ((*this)[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool PackedU64::StrictlyAscending() const {
  for (uint64_t i = 1; i < size_; ++i) {
    if ((*this)[i - 1] >= (*this)[i]) return false;
  }
  return true;
}

Result<U64Segment> U64Segment::Parse(const pb::U64Segment& from) {
  U64Segment out;
  const auto range = [&](uint64_t start, uint64_t end) -> Status {
    LANCE_CHECK_BYTES(start <= end, "a row id range starts at {} and ends at {}", start, end);
    out.start_ = start;
    out.end_ = end;
    return Status::OK();
  };
  switch (from.segment_case()) {
    case pb::U64Segment::kRange:
      ARROW_RETURN_NOT_OK(range(from.range().start(), from.range().end()));
      out.size_ = out.end_ - out.start_;
      return out;
    case pb::U64Segment::kRangeWithHoles: {
      out.kind_ = Kind::kRangeWithHoles;
      ARROW_RETURN_NOT_OK(range(from.range_with_holes().start(), from.range_with_holes().end()));
      ARROW_ASSIGN_OR_RAISE(out.array_, PackedU64::Parse(from.range_with_holes().holes()));
      const uint64_t holes = out.array_.size();
      LANCE_CHECK_BYTES(out.array_.StrictlyAscending(), "the holes of a row id range do not ascend");
      LANCE_CHECK_BYTES(holes == 0 || (out.array_[0] >= out.start_ && out.array_[holes - 1] < out.end_),
                        "a hole lies outside its row id range [{}, {})", out.start_, out.end_);
      out.size_ = out.end_ - out.start_ - holes;
      return out;
    }
    case pb::U64Segment::kRangeWithBitmap: {
      out.kind_ = Kind::kRangeWithBitmap;
      ARROW_RETURN_NOT_OK(range(from.range_with_bitmap().start(), from.range_with_bitmap().end()));
      const std::string& bitmap = from.range_with_bitmap().bitmap();
      ARROW_RETURN_NOT_OK(out.ParseBitmap({reinterpret_cast<const uint8_t*>(bitmap.data()), bitmap.size()}));
      return out;
    }
    case pb::U64Segment::kSortedArray: {
      out.kind_ = Kind::kSortedArray;
      ARROW_ASSIGN_OR_RAISE(out.array_, PackedU64::Parse(from.sorted_array()));
      LANCE_CHECK_BYTES(out.array_.StrictlyAscending(), "a sorted array of row ids does not ascend");
      out.size_ = out.array_.size();
      if (out.size_ > 0) {
        out.start_ = out.array_[0];
        out.end_ = out.array_[out.size_ - 1] + 1;  // 0 when the last is the largest number; max() still holds
      }
      return out;
    }
    case pb::U64Segment::kArray: {
      out.kind_ = Kind::kArray;
      ARROW_ASSIGN_OR_RAISE(out.array_, PackedU64::Parse(from.array()));
      out.size_ = out.array_.size();
      return out;
    }
    case pb::U64Segment::SEGMENT_NOT_SET:
      break;
  }
  return Corruption("a row id segment has no type");
}

U64Segment U64Segment::FromValues(std::vector<uint64_t> values) {
  U64Segment out;
  out.size_ = values.size();
  out.array_ = PackedU64::FromValues(std::move(values));
  out.kind_ = out.array_.StrictlyAscending() ? Kind::kSortedArray : Kind::kArray;
  if (out.kind_ == Kind::kSortedArray && out.size_ > 0) {
    out.start_ = out.array_[0];
    out.end_ = out.array_[out.size_ - 1] + 1;
  }
  return out;
}

// Bits count from the least significant of each byte. (The format's own comment says the opposite; files
// and the reference say this.)
Status U64Segment::ParseBitmap(std::span<const uint8_t> bytes) {
  const uint64_t span = end_ - start_;
  LANCE_CHECK_BYTES(bytes.size() == CeilDiv(span, 8),
                    "the bitmap of row id range [{}, {}) has {} bytes instead of {}", start_, end_,
                    bytes.size(), CeilDiv(span, 8));
  bits_.resize(CeilDiv(bytes.size(), 8));
  if (!bytes.empty()) std::memcpy(bits_.data(), bytes.data(), bytes.size());
  LANCE_CHECK_BYTES(span % 64 == 0 || bits_.back() >> (span % 64) == 0,
                    "the bitmap of row id range [{}, {}) has bits set past its end", start_, end_);
  for (size_t i = 0; i < bits_.size(); ++i) {
    if (i % kRankWords == 0) ones_before_.push_back(size_);
    size_ += std::popcount(bits_[i]);
  }
  return Status::OK();
}

uint64_t U64Segment::BitmapSelect(uint64_t index) const {
  const auto block =
      std::upper_bound(ones_before_.begin(), ones_before_.end(), index) - ones_before_.begin() - 1;
  uint64_t left = index - ones_before_[block];
  uint64_t word = block * kRankWords;
  for (uint64_t ones; left >= (ones = std::popcount(bits_[word])); ++word) left -= ones;
  return word * 64 + SelectInWord(bits_[word], left);
}

uint64_t U64Segment::BitmapRank(uint64_t position) const {
  const uint64_t word = position / 64;
  uint64_t rank = ones_before_[word / kRankWords];
  for (uint64_t i = word / kRankWords * kRankWords; i < word; ++i) rank += std::popcount(bits_[i]);
  return rank + std::popcount(bits_[word] & ((uint64_t{1} << (position % 64)) - 1));
}

uint64_t U64Segment::Get(uint64_t index) const {
  switch (kind_) {
    case Kind::kRange:
      return start_ + index;
    case Kind::kRangeWithHoles: {
      // Element `index` comes after the holes h[i] that have at most `index` elements before them.
      uint64_t low = 0, high = array_.size();
      while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (array_[middle] - start_ - middle <= index) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return start_ + index + low;
    }
    case Kind::kRangeWithBitmap:
      return start_ + BitmapSelect(index);
    case Kind::kSortedArray:
    case Kind::kArray:
      break;
  }
  return array_[index];
}

std::optional<uint64_t> U64Segment::Find(uint64_t value) const {
  if (size_ == 0) return std::nullopt;
  if (kind_ == Kind::kArray) {
    for (uint64_t i = 0; i < size_; ++i) {
      if (array_[i] == value) return i;
    }
    return std::nullopt;
  }
  if (value < min() || value > max()) return std::nullopt;
  switch (kind_) {
    case Kind::kRange:
      return value - start_;
    case Kind::kRangeWithBitmap: {
      const uint64_t position = value - start_;
      if (((bits_[position / 64] >> (position % 64)) & 1) == 0) return std::nullopt;
      return BitmapRank(position);
    }
    default:
      break;
  }
  const uint64_t below = array_.LowerBound(value);
  const bool listed = below < array_.size() && array_[below] == value;
  if (kind_ == Kind::kSortedArray) return listed ? std::optional(below) : std::nullopt;
  return listed ? std::nullopt : std::optional(value - start_ - below);
}

void U64Segment::Read(uint64_t start, uint64_t length, uint64_t* out) const {
  if (length == 0) return;
  switch (kind_) {
    case Kind::kRange:
      std::iota(out, out + length, start_ + start);
      return;
    case Kind::kRangeWithHoles: {
      uint64_t value = Get(start);
      uint64_t hole = array_.LowerBound(value);
      for (uint64_t done = 0; done < length;) {
        const uint64_t stop = hole < array_.size() ? array_[hole] : end_;
        const uint64_t count = std::min(stop - value, length - done);
        std::iota(out + done, out + done + count, value);
        done += count;
        value = stop + 1;
        ++hole;
      }
      return;
    }
    case Kind::kRangeWithBitmap: {
      const uint64_t first = BitmapSelect(start);
      uint64_t word = first / 64;
      uint64_t bits = bits_[word] & (~uint64_t{0} << (first % 64));
      for (uint64_t done = 0; done < length;) {
        for (; bits != 0 && done < length; bits &= bits - 1)
          out[done++] = start_ + word * 64 + std::countr_zero(bits);
        if (done < length) bits = bits_[++word];
      }
      return;
    }
    case Kind::kSortedArray:
    case Kind::kArray:
      array_.Read(start, length, out);
  }
}

uint64_t U64Segment::memory_bytes() const {
  return sizeof(*this) + array_.memory_bytes() + (bits_.size() + ones_before_.size()) * 8;
}

}  // namespace lance::table
