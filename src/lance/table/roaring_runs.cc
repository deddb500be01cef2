// The portable form, https://github.com/RoaringBitmap/RoaringFormatSpec: a header with the high 16 bits and
// the cardinality of each container, optional byte offsets, then the containers: sorted 16-bit arrays, 8 KiB
// bitmaps, or runs. Read here and not with the library because its deserializer trusts the contents.
#include "lance/table/roaring_runs.h"

#include <bit>

#include "lance/base/span_reader.h"

namespace lance::table {
namespace {

constexpr uint32_t kCookie = 12347;  // with run containers; the container count - 1 in the upper half
constexpr uint32_t kCookieNoRuns = 12346;
constexpr uint32_t kOffsetsFrom = 4;  // fewer containers than this have no offsets when there is a run flag
constexpr uint32_t kMaxArray = 4096;
constexpr uint32_t kBitmapWords = 1024;

struct Container {
  uint64_t high;  // shifted
  uint32_t cardinality;
  bool is_run;
};

Status ReadRuns(SpanReader& reader, const Container& container, RowRanges* out) {
  ARROW_ASSIGN_OR_RAISE(uint16_t count, reader.ReadLE<uint16_t>("roaring run count"));
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadBytes(uint64_t{count} * 4, "roaring runs"));
  uint64_t next = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t start = LoadLE<uint16_t>(bytes.data() + i * 4);
    const uint64_t length = uint64_t{LoadLE<uint16_t>(bytes.data() + i * 4 + 2)} + 1;
    LANCE_CHECK_BYTES(start >= next && start + length <= 65536,
                      "roaring run {} of a container is out of order", i);
    AppendRange(out, {container.high + start, length});
    next = start + length;
  }
  return Status::OK();
}

Status ReadArray(SpanReader& reader, const Container& container, RowRanges* out) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadBytes(uint64_t{container.cardinality} * 2, "roaring array"));
  int64_t previous = -1;
  for (uint32_t i = 0; i < container.cardinality; ++i) {
    const uint16_t low = LoadLE<uint16_t>(bytes.data() + i * 2);
    LANCE_CHECK_BYTES(low > previous, "roaring array element {} is out of order", i);
    AppendRange(out, {container.high + low, 1});
    previous = low;
  }
  return Status::OK();
}

Status ReadBitmap(SpanReader& reader, const Container& container, RowRanges* out) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadBytes(kBitmapWords * 8, "roaring bitmap"));
  uint32_t ones = 0;
  for (uint32_t w = 0; w < kBitmapWords; ++w) {
    uint64_t word = LoadLE<uint64_t>(bytes.data() + w * 8);
    ones += std::popcount(word);
    uint64_t at = container.high + w * 64;
    while (word != 0) {
      const int skip = std::countr_zero(word);
      word >>= skip;
      const int length = std::countr_one(word);
      AppendRange(out, {at + skip, static_cast<uint64_t>(length)});
      if (skip + length >= 64) break;
      word >>= length;
      at += skip + length;
    }
  }
  LANCE_CHECK_BYTES(ones == container.cardinality,
                    "a roaring bitmap container has {} bits, its header says {}", ones,
                    container.cardinality);
  return Status::OK();
}

}  // namespace

Result<RowRanges> ParseRoaring(std::span<const uint8_t> bytes) {
  SpanReader reader(bytes);
  ARROW_ASSIGN_OR_RAISE(uint32_t cookie, reader.ReadLE<uint32_t>("roaring cookie"));
  uint32_t count = 0;
  std::span<const uint8_t> run_flags;
  const bool has_runs = (cookie & 0xFFFF) == kCookie;
  if (has_runs) {
    count = (cookie >> 16) + 1;
    ARROW_ASSIGN_OR_RAISE(run_flags, reader.ReadBytes((count + 7) / 8, "roaring run flags"));
  } else {
    LANCE_CHECK_BYTES(cookie == kCookieNoRuns, "roaring cookie {} is unknown", cookie);
    ARROW_ASSIGN_OR_RAISE(count, reader.ReadLE<uint32_t>("roaring container count"));
    LANCE_CHECK_BYTES(count <= 65536, "roaring container count {} is above 65536", count);
  }
  ARROW_ASSIGN_OR_RAISE(auto headers, reader.ReadBytes(uint64_t{count} * 4, "roaring container headers"));
  // The offsets repeat what the containers' sizes say.
  if (!has_runs || count >= kOffsetsFrom) {
    ARROW_RETURN_NOT_OK(reader.Skip(uint64_t{count} * 4, "roaring offsets"));
  }
  RowRanges out;
  int64_t previous_high = -1;
  for (uint32_t i = 0; i < count; ++i) {
    const uint16_t high = LoadLE<uint16_t>(headers.data() + i * 4);
    LANCE_CHECK_BYTES(high > previous_high, "roaring container {} is out of order", i);
    previous_high = high;
    const Container container{uint64_t{high} << 16,
                              LoadLE<uint16_t>(headers.data() + i * 4 + 2) + uint32_t{1},
                              has_runs && ((run_flags[i / 8] >> (i % 8)) & 1) != 0};
    if (container.is_run) {
      ARROW_RETURN_NOT_OK(ReadRuns(reader, container, &out));
    } else if (container.cardinality <= kMaxArray) {
      ARROW_RETURN_NOT_OK(ReadArray(reader, container, &out));
    } else {
      ARROW_RETURN_NOT_OK(ReadBitmap(reader, container, &out));
    }
  }
  LANCE_CHECK_BYTES(reader.remaining() == 0, "{} bytes follow the roaring bitmap", reader.remaining());
  return out;
}

}  // namespace lance::table
