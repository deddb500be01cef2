#include "lance/table/deletion.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <roaring/roaring.hh>

#include "lance/base/testing.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

using Bytes = std::vector<uint8_t>;

// All questions, against the obvious answers.
void ExpectSame(const DeletionVector& vector, const std::set<uint32_t>& deleted, uint32_t rows) {
  EXPECT_EQ(vector.count(), deleted.size());
  std::vector<uint64_t> live;
  for (uint32_t i = 0; i < rows; ++i) {
    ASSERT_EQ(vector.Contains(i), deleted.count(i) == 1) << i;
    ASSERT_EQ(vector.CountBelow(i), i - live.size()) << i;
    if (deleted.count(i) == 0) live.push_back(i);
  }
  for (size_t i = 0; i < live.size(); ++i) ASSERT_EQ(vector.PhysicalOffset(i), live[i]);
  const auto expand = [](const RowRanges& ranges) {
    std::vector<uint64_t> out;
    for (const RowRange& range : ranges) {
      for (uint64_t i = 0; i < range.length; ++i) out.push_back(range.start + i);
    }
    return out;
  };
  std::mt19937 random(7);
  for (int trial = 0; trial < 50; ++trial) {
    uint64_t a = random() % (rows + 1), b = random() % (rows + 1);
    if (a > b) std::swap(a, b);
    RowRanges ranges;
    vector.AppendLive({a, b - a}, &ranges);
    std::vector<uint64_t> want;
    for (const uint64_t offset : live) {
      if (offset >= a && offset < b) want.push_back(offset);
    }
    EXPECT_EQ(expand(ranges), want);
    a = std::min<uint64_t>(a, live.size());
    b = std::min<uint64_t>(b, live.size());
    ranges.clear();
    vector.AppendPhysical({a, b - a}, &ranges);
    EXPECT_EQ(expand(ranges), std::vector<uint64_t>(live.begin() + a, live.begin() + b));
  }
}

std::set<uint32_t> Pick(uint32_t rows, double share, int run, int seed) {
  std::mt19937 random(seed);
  std::bernoulli_distribution coin(share);
  std::set<uint32_t> out;
  for (uint32_t i = 0; i < rows; i += run) {
    if (!coin(random)) continue;
    for (uint32_t k = i; k < std::min<uint32_t>(rows, i + run); ++k) out.insert(k);
  }
  return out;
}

Bytes Serialize(const Roaring& bitmap) {
  Bytes out(bitmap.getSizeInBytes(true));
  bitmap.write(reinterpret_cast<char*>(out.data()), true);
  return out;
}

Bytes ArrowFile(const std::vector<uint32_t>& offsets, const std::string& name = "row_id",
                bool nullable = false, int batches = 1) {
  arrow::UInt32Builder builder;
  EXPECT_TRUE(builder.AppendValues(offsets).ok());
  auto schema = arrow::schema({arrow::field(name, arrow::uint32(), nullable)});
  auto batch = arrow::RecordBatch::Make(schema, offsets.size(), {builder.Finish().ValueOrDie()});
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.codec = arrow::util::Codec::Create(arrow::Compression::ZSTD).ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(sink, schema, options).ValueOrDie();
  for (int i = 0; i < batches; ++i) EXPECT_TRUE(writer->WriteRecordBatch(*batch).ok());
  EXPECT_TRUE(writer->Close().ok());
  auto buffer = sink->Finish().ValueOrDie();
  return {buffer->data(), buffer->data() + buffer->size()};
}

TEST(DeletionVector, AnswersLikeASetForSparseAndDenseDeletions) {
  for (const double share : {0.0, 0.01, 0.3, 0.99, 1.0}) {
    for (const int run : {1, 3, 64, 200}) {
      SCOPED_TRACE(fmt::format("share {} run {}", share, run));
      const std::set<uint32_t> deleted = Pick(2000, share, run, 5);
      ExpectSame(*DeletionVector::FromOffsets({deleted.begin(), deleted.end()}), deleted, 2000);
    }
  }
}

TEST(DeletionVector, TakesOffsetsInAnyOrderAndTwice) {
  ExpectSame(*DeletionVector::FromOffsets({9, 3, 9, 4, 0}), {0, 3, 4, 9}, 12);
}

TEST(DeletionVector, ReadsEveryKindOfRoaringContainer) {
  for (const bool optimize : {false, true}) {
    Roaring bitmap;
    std::set<uint32_t> deleted;
    const auto add = [&](uint32_t offset) {
      bitmap.add(offset);
      deleted.insert(offset);
    };
    for (uint32_t i = 0; i < 100; ++i) add(i * 17);           // array
    for (uint32_t i = 0; i < 60000; i += 2) add(65536 + i);   // bitmap
    for (uint32_t i = 0; i < 30000; ++i) add(2 * 65536 + i);  // runs
    for (uint32_t i = 0; i < 65536; ++i) add(3 * 65536 + i);  // full, and touching the next
    add(4 * 65536);
    if (optimize) bitmap.runOptimize();
    ASSERT_OK_AND_ASSIGN(auto vector, DeletionVector::FromRoaring(Serialize(bitmap)));
    ExpectSame(*vector, deleted, 5 * 65536);
  }
}

TEST(DeletionVector, KeepsAHugeRunAsOneEntry) {
  Roaring bitmap;
  bitmap.addRange(10, uint64_t{1} << 32);
  bitmap.runOptimize();
  ASSERT_OK_AND_ASSIGN(auto vector, DeletionVector::FromRoaring(Serialize(bitmap)));
  EXPECT_EQ(vector->count(), (uint64_t{1} << 32) - 10);
  EXPECT_EQ(vector->runs().size(), 1u);
  EXPECT_LT(vector->memory_bytes(), 1000u);
  EXPECT_TRUE(vector->Contains(UINT32_MAX));
  EXPECT_FALSE(vector->Contains(9));
}

TEST(DeletionVector, WritesShortRunsThatEndWithAContainer) {
  std::vector<uint32_t> offsets;
  for (uint32_t offset = 65'000; offset < 65'536; ++offset) offsets.push_back(offset);
  for (uint32_t offset = 200'000; offset < 206'000; ++offset) offsets.push_back(offset);
  const auto written = DeletionVector::FromOffsets(offsets);
  ASSERT_OK_AND_ASSIGN(const EncodedDeletions encoded, EncodeDeletions(*written));
  EXPECT_EQ(encoded.type, DeletionFile::Type::kBitmap);
  const auto* bytes = reinterpret_cast<const uint8_t*>(encoded.bytes.data());
  ASSERT_OK_AND_ASSIGN(const auto read, DeletionVector::FromRoaring({bytes, encoded.bytes.size()}));
  EXPECT_EQ(read->count(), offsets.size());
  EXPECT_EQ(read->runs().size(), 2u);
  EXPECT_TRUE(read->Contains(65'535));
  EXPECT_FALSE(read->Contains(65'536));
}

TEST(DeletionVector, RefusesDamagedRoaring) {
  Roaring bitmap;
  for (uint32_t i = 0; i < 6000; ++i) bitmap.add(i * 2);
  for (uint32_t i = 0; i < 10; ++i) bitmap.add(100000 + i * 3);
  const Bytes good = Serialize(bitmap);
  for (size_t length = 0; length < good.size(); length += 101) {
    EXPECT_TRUE(Is(DeletionVector::FromRoaring({good.data(), length}).status(), ErrorKind::kCorruption));
  }
  Bytes cookie = good;
  cookie[0] ^= 0x80;
  EXPECT_ERROR(ErrorKind::kCorruption, "roaring", DeletionVector::FromRoaring(cookie).status());
  Bytes unsorted = good;
  std::swap(unsorted[unsorted.size() - 2], unsorted[unsorted.size() - 4]);
  EXPECT_ERROR(ErrorKind::kCorruption, "out of order", DeletionVector::FromRoaring(unsorted).status());
  Bytes bits = good;
  bits[good.size() - 20 - 100] ^= 0xFF;  // inside the bitmap container
  EXPECT_ERROR(ErrorKind::kCorruption, "bits", DeletionVector::FromRoaring(bits).status());
}

TEST(DeletionVector, ReadsArrowFiles) {
  ASSERT_OK_AND_ASSIGN(auto vector, DeletionVector::FromArrowFile(ArrowFile({5, 1, 2})));
  ExpectSame(*vector, {1, 2, 5}, 8);
  ASSERT_OK_AND_ASSIGN(vector, DeletionVector::FromArrowFile(ArrowFile({})));
  ExpectSame(*vector, {}, 8);
}

TEST(DeletionVector, RefusesArrowFilesOfAnotherShape) {
  EXPECT_ERROR(ErrorKind::kCorruption, "one batch",
               DeletionVector::FromArrowFile(ArrowFile({1}, "row_id", false, 2)).status());
  EXPECT_ERROR(ErrorKind::kCorruption, "row_id",
               DeletionVector::FromArrowFile(ArrowFile({1}, "rowid")).status());
  EXPECT_ERROR(ErrorKind::kCorruption, "row_id",
               DeletionVector::FromArrowFile(ArrowFile({1}, "row_id", true)).status());
  const Bytes good = ArrowFile({1, 2, 3});
  for (size_t length = 0; length < good.size(); length += 7) {
    EXPECT_FALSE(DeletionVector::FromArrowFile({good.data(), length}).ok());
  }
}

TEST(DeletionVector, RefusesArrowFilesThatAskForTooMuchMemory) {
  // The compressed body starts with the claimed length of what it decompresses to.
  Bytes bytes = ArrowFile(std::vector<uint32_t>(100, 7));
  bool found = false;
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, 8);
    if (value != 400) continue;
    value = uint64_t{1} << 40;
    std::memcpy(bytes.data() + at, &value, 8);
    found = true;
  }
  ASSERT_TRUE(found);
  EXPECT_TRUE(Is(DeletionVector::FromArrowFile(bytes).status(), ErrorKind::kCorruption));
}

TEST(DeletionVector, WhatElseTheProcessHoldsDoesNotCount) {
  const auto held = arrow::AllocateBuffer(int64_t{100} << 20);
  ASSERT_TRUE(held.ok());
  ASSERT_OK_AND_ASSIGN(auto vector, DeletionVector::FromArrowFile(ArrowFile({5, 1, 2})));
  ExpectSame(*vector, {1, 2, 5}, 8);
}

}  // namespace
}  // namespace lance::table
