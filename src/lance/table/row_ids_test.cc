#include "lance/table/row_ids.h"

#include <gtest/gtest.h>

#include <random>

#include "lance/base/testing.h"
#include "lance/proto/table_format.pb.h"
#include "lance/table/row_id_index.h"

namespace lance::table {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <typename Offset>
std::string Pack(const std::vector<uint64_t>& values, uint64_t base) {
  std::string out;
  for (const uint64_t value : values) {
    const auto offset = static_cast<Offset>(value - base);
    out.append(reinterpret_cast<const char*>(&offset), sizeof(offset));
  }
  return out;
}

void SetArray(const std::vector<uint64_t>& values, int width, pb::EncodedU64Array* out) {
  const uint64_t base = values.empty() ? 0 : *std::min_element(values.begin(), values.end());
  if (width == 2) {
    out->mutable_u16_array()->set_base(base);
    out->mutable_u16_array()->set_offsets(Pack<uint16_t>(values, base));
  } else if (width == 4) {
    out->mutable_u32_array()->set_base(base);
    out->mutable_u32_array()->set_offsets(Pack<uint32_t>(values, base));
  } else {
    out->mutable_u64_array()->set_values(Pack<uint64_t>(values, 0));
  }
}

// The same numbers in the form asked for; they must suit it.
pb::U64Segment Encode(U64Segment::Kind kind, int width, const std::vector<uint64_t>& values) {
  pb::U64Segment out;
  const uint64_t start = values.empty() ? 5 : values.front();
  const uint64_t end = values.empty() ? 5 : values.back() + 1;
  switch (kind) {
    case U64Segment::Kind::kRange:
      out.mutable_range()->set_start(start);
      out.mutable_range()->set_end(end);
      break;
    case U64Segment::Kind::kRangeWithHoles: {
      std::vector<uint64_t> holes;
      for (uint64_t v = start, i = 0; v < end; ++v) {
        if (values[i] == v) {
          ++i;
        } else {
          holes.push_back(v);
        }
      }
      out.mutable_range_with_holes()->set_start(start);
      out.mutable_range_with_holes()->set_end(end);
      SetArray(holes, width, out.mutable_range_with_holes()->mutable_holes());
      break;
    }
    case U64Segment::Kind::kRangeWithBitmap: {
      std::string bits((end - start + 7) / 8, '\0');
      for (const uint64_t v : values) bits[(v - start) / 8] |= static_cast<char>(1 << ((v - start) % 8));
      out.mutable_range_with_bitmap()->set_start(start);
      out.mutable_range_with_bitmap()->set_end(end);
      out.mutable_range_with_bitmap()->set_bitmap(bits);
      break;
    }
    case U64Segment::Kind::kSortedArray:
      SetArray(values, width, out.mutable_sorted_array());
      break;
    case U64Segment::Kind::kArray:
      SetArray(values, width, out.mutable_array());
      break;
  }
  return out;
}

std::vector<uint64_t> Ascending(uint64_t start, size_t count, uint64_t max_gap, int seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> out;
  for (uint64_t v = start; out.size() < count; v += 1 + random() % max_gap) out.push_back(v);
  return out;
}

void ExpectSegment(const U64Segment& segment, const std::vector<uint64_t>& values) {
  ASSERT_EQ(segment.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(segment.Get(i), values[i]) << i;
    ASSERT_EQ(segment.Find(values[i]), i);
  }
  const std::set<uint64_t> known(values.begin(), values.end());
  const uint64_t low = values.empty() ? 0 : *known.begin(), high = values.empty() ? 20 : *known.rbegin() + 3;
  for (uint64_t v = low > 3 ? low - 3 : 0; v < high; ++v) {
    if (known.count(v) == 0) {
      ASSERT_EQ(segment.Find(v), std::nullopt) << v;
    }
  }
  for (size_t start = 0; start < values.size(); start += 37) {
    const size_t length = std::min<size_t>(values.size() - start, 1 + start % 91);
    std::vector<uint64_t> read(length);
    segment.Read(start, length, read.data());
    ASSERT_EQ(read, std::vector<uint64_t>(values.begin() + start, values.begin() + start + length));
  }
}

TEST(U64Segment, ReadsEveryFormAlike) {
  using Kind = U64Segment::Kind;
  for (const uint64_t gap : {1, 2, 5, 40}) {
    for (const size_t count : {1, 63, 64, 65, 600, 1500}) {
      const std::vector<uint64_t> values = Ascending(1000, count, gap, 3);
      for (const Kind kind :
           {Kind::kRange, Kind::kRangeWithHoles, Kind::kRangeWithBitmap, Kind::kSortedArray, Kind::kArray}) {
        if (kind == Kind::kRange && gap > 1) continue;
        for (const int width : {2, 4, 8}) {
          SCOPED_TRACE(
              fmt::format("kind {} width {} gap {} count {}", static_cast<int>(kind), width, gap, count));
          ASSERT_OK_AND_ASSIGN(U64Segment segment, U64Segment::Parse(Encode(kind, width, values)));
          ExpectSegment(segment, values);
        }
      }
    }
  }
}

TEST(U64Segment, ReadsUnsortedArrays) {
  const std::vector<uint64_t> values = {900, 3, 77, 12};
  ASSERT_OK_AND_ASSIGN(U64Segment segment, U64Segment::Parse(Encode(U64Segment::Kind::kArray, 2, values)));
  ExpectSegment(segment, values);
}

TEST(U64Segment, HoldsTheLargestNumbers) {
  const std::vector<uint64_t> values = {UINT64_MAX - 1, UINT64_MAX};
  ASSERT_OK_AND_ASSIGN(U64Segment segment,
                       U64Segment::Parse(Encode(U64Segment::Kind::kSortedArray, 8, values)));
  EXPECT_EQ(segment.Find(UINT64_MAX), 1u);
  EXPECT_EQ(segment.max(), UINT64_MAX);
}

TEST(U64Segment, CostsNothingForAHugeRange) {
  pb::U64Segment proto;
  proto.mutable_range()->set_end(UINT64_MAX);
  ASSERT_OK_AND_ASSIGN(U64Segment segment, U64Segment::Parse(proto));
  EXPECT_EQ(segment.size(), UINT64_MAX);
  EXPECT_EQ(segment.Get(uint64_t{1} << 63), uint64_t{1} << 63);
  EXPECT_LT(segment.memory_bytes(), 1000u);
}

TEST(U64Segment, RefusesWhatCannotBe) {
  const auto expect = [](const char* text, const pb::U64Segment& segment) {
    EXPECT_ERROR(ErrorKind::kCorruption, text, U64Segment::Parse(segment).status());
  };
  pb::U64Segment segment;
  expect("no type", segment);
  segment.mutable_range()->set_start(2);
  expect("starts at 2", segment);

  segment.mutable_range_with_holes()->set_end(10);
  expect("no type", segment);
  SetArray({3, 3}, 8, segment.mutable_range_with_holes()->mutable_holes());
  expect("do not ascend", segment);
  SetArray({3, 10}, 8, segment.mutable_range_with_holes()->mutable_holes());
  expect("outside", segment);

  segment.mutable_range_with_bitmap()->set_end(10);
  segment.mutable_range_with_bitmap()->set_bitmap("\x01");
  expect("1 bytes instead of 2", segment);
  segment.mutable_range_with_bitmap()->set_bitmap("\x01\x04");
  expect("past its end", segment);
  segment.mutable_range_with_bitmap()->set_end(UINT64_MAX);
  expect("bytes instead of", segment);

  SetArray({3, 2}, 4, segment.mutable_sorted_array());
  expect("does not ascend", segment);
  segment.mutable_sorted_array()->mutable_u32_array()->set_offsets("abcde");
  expect("not a multiple of 4", segment);
  segment.mutable_array()->mutable_u16_array()->set_base(UINT64_MAX - 1);
  segment.mutable_array()->mutable_u16_array()->set_offsets(std::string("\x02\x00", 2));
  expect("overflows", segment);
}

TEST(RowIdSequence, JoinsSegments) {
  pb::RowIdSequence proto;
  std::vector<uint64_t> all;
  for (int i = 0; i < 20; ++i) {
    const auto kind = static_cast<U64Segment::Kind>(i % 5);
    const auto values = Ascending(10000 * (20 - i), 1 + i * 7, kind == U64Segment::Kind::kRange ? 1 : 3, i);
    *proto.add_segments() = Encode(kind, 2 << (i % 3), values);
    all.insert(all.end(), values.begin(), values.end());
    if (i % 4 == 0) *proto.add_segments() = Encode(U64Segment::Kind::kRange, 8, {});
  }
  ASSERT_OK_AND_ASSIGN(auto sequence, RowIdSequence::Parse(Bytes(proto.SerializeAsString())));
  ASSERT_EQ(sequence->size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(sequence->Get(i), all[i]);
    EXPECT_EQ(sequence->Find(all[i]), i);
  }
  EXPECT_EQ(sequence->Find(1), std::nullopt);
  std::vector<uint64_t> read(all.size() - 10);
  sequence->Read({5, read.size()}, read.data());
  EXPECT_EQ(read, std::vector<uint64_t>(all.begin() + 5, all.end() - 5));
}

TEST(RowIdSequence, RefusesAnOverflowingLength) {
  pb::RowIdSequence proto;
  for (int i = 0; i < 2; ++i) proto.add_segments()->mutable_range()->set_end(UINT64_MAX);
  EXPECT_ERROR(ErrorKind::kCorruption, "overflows",
               RowIdSequence::Parse(Bytes(proto.SerializeAsString())).status());
  EXPECT_ERROR(ErrorKind::kCorruption, "protobuf", RowIdSequence::Parse(Bytes("\xff\xff\xff")).status());
}

TEST(VersionSequence, CountsElementsAndIgnoresTheirValues) {
  pb::RowDatasetVersionSequence proto;
  std::vector<uint64_t> want;
  const auto add = [&](U64Segment::Kind kind, const std::vector<uint64_t>& span, uint64_t version) {
    auto* run = proto.add_runs();
    *run->mutable_span() = Encode(kind, 8, span);
    run->set_version(version);
    want.insert(want.end(), span.size(), version);
  };
  add(U64Segment::Kind::kRange, {0, 1, 2}, 4);
  add(U64Segment::Kind::kRangeWithHoles, {100, 103, 104}, 2);
  add(U64Segment::Kind::kArray, {7, 7, 1}, 9);
  add(U64Segment::Kind::kRangeWithBitmap, {5, 8}, 9);
  ASSERT_OK_AND_ASSIGN(auto sequence, VersionSequence::Parse(Bytes(proto.SerializeAsString())));
  ASSERT_EQ(sequence->size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(sequence->Get(i), want[i]);
  std::vector<uint64_t> read(6);
  sequence->Read({2, 6}, read.data());
  EXPECT_EQ(read, std::vector<uint64_t>(want.begin() + 2, want.begin() + 8));
  EXPECT_EQ(VersionSequence::FromValues(want)->runs().size(), 3u);
  EXPECT_EQ(VersionSequence::FromValues(want)->Get(5), want[5]);
}

TEST(RowIdIndex, FindsAllAddressesOfAnId) {
  std::vector<RowIdIndex::Source> sources;
  const auto add = [&](uint64_t fragment, std::vector<pb::U64Segment> segments) {
    pb::RowIdSequence proto;
    for (auto& segment : segments) *proto.add_segments() = segment;
    sources.push_back({fragment, RowIdSequence::Parse(Bytes(proto.SerializeAsString())).ValueOrDie()});
  };
  using Kind = U64Segment::Kind;
  add(0, {Encode(Kind::kRange, 8, Ascending(0, 100, 1, 0))});
  add(1,
      {Encode(Kind::kRange, 8, Ascending(1000, 10, 1, 0)), Encode(Kind::kRangeWithHoles, 8, {40, 42, 45})});
  add(2, {Encode(Kind::kArray, 8, {42, 7, 1003})});
  add(3, {Encode(Kind::kRangeWithBitmap, 8, {500, 503, 900})});
  const auto index = RowIdIndex::Build(sources);
  const auto addresses = [&](uint64_t id) {
    std::multiset<uint64_t> out;
    index->VisitAddresses(id, [&](uint64_t address) {
      out.insert(address);
      return false;
    });
    return out;
  };
  for (uint64_t id = 0; id < 1200; ++id) {
    std::multiset<uint64_t> want;
    for (const auto& source : sources) {
      for (uint64_t i = 0; i < source.ids->size(); ++i) {
        if (source.ids->Get(i) == id) want.insert((source.fragment_id << 32) + i);
      }
    }
    EXPECT_EQ(addresses(id), want) << id;
  }
}

}  // namespace
}  // namespace lance::table
