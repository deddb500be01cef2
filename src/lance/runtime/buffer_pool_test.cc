#include "lance/runtime/buffer_pool.h"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include "lance/runtime/memory_limit.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace lance::runtime {
namespace {

constexpr uint64_t kLarge = 3 << 20;

TEST(BufferPool, KeepsALargeBlockForTheNextOfItsSize) {
  ReleaseUnusedBuffers();
  ASSERT_EQ(KeptBufferBytes(), 0u);
  auto first = AllocatePooled(kLarge).ValueOrDie();
  const uint8_t* block = first->data();
  first.reset();
  EXPECT_GE(KeptBufferBytes(), kLarge);
  auto second = AllocatePooled(kLarge + 1000).ValueOrDie();
  EXPECT_EQ(second->data(), block);
  EXPECT_EQ(KeptBufferBytes(), 0u);
  second.reset();
  ReleaseUnusedBuffers();
  EXPECT_EQ(KeptBufferBytes(), 0u);
}

std::vector<std::shared_ptr<arrow::Buffer>> Fill(int count, uint64_t size) {
  std::vector<std::shared_ptr<arrow::Buffer>> out;
  for (int i = 0; i < count; ++i) {
    out.push_back(AllocatePooled(size).ValueOrDie());
    std::memset(out.back()->mutable_data(), i, size);
  }
  return out;
}

TEST(BufferPool, AResultOfTheSizeOfTheLastOneTakesItsBlocks) {
  if (MemoryLimit() < uint64_t{8} << 30) GTEST_SKIP() << "keeps 1/8 of memory";
  ReleaseUnusedBuffers();
  const int count = 200;  // 600 MiB: more than is kept without lending it to the kernel
  std::set<const uint8_t*> before;
  for (const auto& buffer : Fill(count, kLarge)) before.insert(buffer->data());
  EXPECT_GE(KeptBufferBytes(), count * kLarge);
  auto again = Fill(count, kLarge);
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(before.contains(again[i]->data()));
    // What was written to a block that had been lent stays.
    EXPECT_EQ(again[i]->data()[kLarge - 1], static_cast<uint8_t>(i));
  }
  again.clear();
  ReleaseUnusedBuffers();
}

TEST(BufferPool, BlocksOfOtherSizesMakeRoom) {
  ReleaseUnusedBuffers();
  constexpr int kCount = 200;
  Fill(kCount, kLarge);
  const uint64_t most = KeptBufferBytes();
  auto others = Fill(kCount, kLarge / 2);
  // Kept and used blocks together take no more than the first result did.
  EXPECT_LE(KeptBufferBytes() + others.size() * (kLarge / 2),
            std::max(most, others.size() * kLarge / 2 + (uint64_t{384} << 20)));
  others.clear();
  ReleaseUnusedBuffers();
  EXPECT_EQ(KeptBufferBytes(), 0u);
}

TEST(BufferPool, BuffersOfAnySizeHaveWritablePadding) {
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{256 << 10}, kLarge, kLarge + 1}) {
    auto buffer = AllocatePooled(size).ValueOrDie();
    ASSERT_EQ(buffer->size(), static_cast<int64_t>(size));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u);
    std::memset(buffer->mutable_data(), 7, size + 64);
  }
}

TEST(BufferPool, GrowingKeepsWhatWasWritten) {
  // From Arrow's pool, within a size class, and from class to class.
  arrow::MemoryPool* pool = BufferPool();
  const std::vector<int64_t> sizes = {1000, 300 << 10, 301 << 10, 5 << 20, 900, 400 << 10};
  uint8_t* data = nullptr;
  ASSERT_TRUE(pool->Allocate(sizes[0], 64, &data).ok());
  std::memset(data, 9, 500);
  for (size_t i = 1; i < sizes.size(); ++i) {
    ASSERT_TRUE(pool->Reallocate(sizes[i - 1], sizes[i], 64, &data).ok());
    for (int at = 0; at < 500; ++at) ASSERT_EQ(data[at], 9);
    data[sizes[i] - 1] = 1;
  }
  pool->Free(data, sizes.back(), 64);
}

TEST(BufferPool, RefusesSizesThatCannotBe) {
  EXPECT_TRUE(Is(AllocatePooled(uint64_t{1} << 41).status(), ErrorKind::kResourceExhausted));
  EXPECT_TRUE(Is(AllocatePooled(~uint64_t{0}).status(), ErrorKind::kResourceExhausted));
}

TEST(BufferPool, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([id, &wrong] {
      for (int turn = 0; turn < 50; ++turn) {
        auto buffer = AllocatePooled(kLarge).ValueOrDie();
        std::memset(buffer->mutable_data(), id, 4096);
        for (int at = 0; at < 4096; ++at) wrong += buffer->data()[at] != id;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

#if defined(__SANITIZE_ADDRESS__)
TEST(BufferPool, TellsTheSanitizerWhatIsInUse) {
  ReleaseUnusedBuffers();
  auto buffer = AllocatePooled(kLarge).ValueOrDie();
  uint8_t* data = buffer->mutable_data();
  EXPECT_FALSE(__asan_address_is_poisoned(data + kLarge + 63));
  EXPECT_TRUE(__asan_address_is_poisoned(data + kLarge + 64));
  buffer.reset();
  EXPECT_TRUE(__asan_address_is_poisoned(data));
}
#endif

}  // namespace
}  // namespace lance::runtime
