#include <filesystem>
#include <numeric>

#include <arrow/buffer.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lance/store/coalesce.h"
#include "lance/store/object_store.h"

namespace lance::store {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Few descriptors, as many machines have them: set before the first file is opened.
[[maybe_unused]] const int limited = [] {
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 256);
  return setrlimit(RLIMIT_NOFILE, &files);
}();

// The same promises hold for every store that can write.
class EveryStore : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string name = fmt::format("lance_store_test_{}", getpid());
    std::string uri = std::string(GetParam()) == "memory"
                          ? "memory://" + name
                          : (std::filesystem::temp_directory_path() / name).string();
    opened_ = OpenStore(uri).ValueOrDie();
  }
  void TearDown() override {
    for (const ObjectInfo& object : opened_.store->List("", true).ValueOrDie()) {
      ASSERT_TRUE(opened_.store->Delete(object.path).ok());
    }
    if (std::string(GetParam()) == "local") std::filesystem::remove_all(opened_.uri);
  }
  ObjectStore& store() { return *opened_.store; }
  OpenedStore opened_;
};

TEST_P(EveryStore, ReadsBackWhatWasPut) {
  ASSERT_TRUE(store().Put("a/b.bin", Bytes("hello")).ok());
  EXPECT_EQ(store().Get("a/b.bin").ValueOrDie()->ToString(), "hello");
  EXPECT_EQ(store().Head("a/b.bin").ValueOrDie().size, 5u);
  EXPECT_EQ(store().Open("a/b.bin").ValueOrDie()->Read({1, 3}).ValueOrDie()->ToString(), "ell");
}

TEST_P(EveryStore, RefusesRangesPastTheEnd) {
  ASSERT_TRUE(store().Put("x", Bytes("hello")).ok());
  auto object = store().Open("x").ValueOrDie();
  EXPECT_EQ(KindOf(object->Read({3, 3}).status()), ErrorKind::kCorruption);
  EXPECT_EQ(KindOf(object->Read({UINT64_MAX, 2}).status()), ErrorKind::kCorruption);
  ByteRange ranges[] = {{0, 2}, {4, 9}};
  EXPECT_EQ(KindOf(object->ReadMany(ranges).status()), ErrorKind::kCorruption);
}

TEST_P(EveryStore, PutIfAbsentKeepsTheFirst) {
  ASSERT_TRUE(store().PutIfAbsent("v/1", Bytes("one")).ok());
  EXPECT_EQ(KindOf(store().PutIfAbsent("v/1", Bytes("two"))), ErrorKind::kAlreadyExists);
  EXPECT_EQ(store().Get("v/1").ValueOrDie()->ToString(), "one");
}

TEST_P(EveryStore, ShowsStreamedObjectsOnceTheyAreClosed) {
  auto out = store().Create("data/x.bin").ValueOrDie();
  ASSERT_TRUE(out->Write(Bytes("hel")).ok());
  EXPECT_EQ(out->position(), 3u);
  ASSERT_TRUE(out->Write(Bytes("lo")).ok());
  ASSERT_TRUE(out->Close().ok());
  EXPECT_FALSE(out->Write(Bytes("more")).ok());
  EXPECT_EQ(store().Get("data/x.bin").ValueOrDie()->ToString(), "hello");
}

TEST_P(EveryStore, SyncsWhatWasWrittenBefore) {
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(fmt::format("{}/{}", i % 3, i));
    auto out = store().Create(keys.back(), Durability::kLater).ValueOrDie();
    ASSERT_TRUE(out->Write(Bytes("hello")).ok());
    ASSERT_TRUE(out->Close().ok());
  }
  ASSERT_TRUE(store().Sync(keys).ok());
  ASSERT_TRUE(store().Sync({}).ok());
  ASSERT_TRUE(store().PutIfAbsent("v/1", Bytes("one"), Durability::kSync, keys).ok());
  EXPECT_EQ(store().Get("0/99").ValueOrDie()->ToString(), "hello");
  EXPECT_EQ(store().Get("v/1").ValueOrDie()->ToString(), "one");
}

TEST(LocalStore, ShowsNothingWhosePartsAreLost) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("lance_parts_test_{}", getpid());
  auto store = OpenStore(folder.string()).ValueOrDie().store;
  ASSERT_TRUE(store->Put("data/a", Bytes("a"), Durability::kLater).ok());
  const std::string parts[] = {"data/a", "data/gone"};
  EXPECT_FALSE(store->Sync(parts).ok());
  EXPECT_FALSE(store->PutIfAbsent("v/1", Bytes("one"), Durability::kSync, parts).ok());
  EXPECT_TRUE(store->List("v", true).ValueOrDie().empty());
  EXPECT_TRUE(store->PutIfAbsent("v/1", Bytes("one"), Durability::kBuffered, parts).ok());
  std::filesystem::remove_all(folder);
}

TEST_P(EveryStore, LeavesNothingOfAnAbortedObject) {
  {
    auto dropped = store().Create("data/dropped.bin").ValueOrDie();
    ASSERT_TRUE(dropped->Write(Bytes("hello")).ok());
  }
  auto aborted = store().Create("data/aborted.bin").ValueOrDie();
  ASSERT_TRUE(aborted->Write(Bytes("hello")).ok());
  aborted->Abort();
  EXPECT_TRUE(store().List("data", true).ValueOrDie().empty());
}

TEST_P(EveryStore, NamesMissingObjects) {
  EXPECT_EQ(KindOf(store().Open("none").status()), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(store().Head("none").status()), ErrorKind::kNotFound);
  EXPECT_FALSE(store().Exists("none").ValueOrDie());
  EXPECT_TRUE(store().List("none", true).ValueOrDie().empty());
}

TEST_P(EveryStore, ListsFilesAndFolders) {
  for (const char* key : {"d/1", "d/2", "d/e/3", "f"}) ASSERT_TRUE(store().Put(key, Bytes(key)).ok());
  EXPECT_EQ(store().List("d", false).ValueOrDie().size(), 2u);
  EXPECT_EQ(store().List("d", true).ValueOrDie().size(), 3u);
  EXPECT_EQ(store().ListFolders("d").ValueOrDie(), std::vector<std::string>{"e"});
}

TEST_P(EveryStore, ReadManyAnswersInTheOrderAsked) {
  std::string text(300000, '\0');
  std::iota(text.begin(), text.end(), 0);
  ASSERT_TRUE(store().Put("big", Bytes(text)).ok());
  std::vector<ByteRange> ranges = {{200000, 10}, {5, 3}, {100, 90000}, {8, 0}, {6, 4}, {299999, 1}};
  auto got = store().Open("big").ValueOrDie()->ReadMany(ranges).ValueOrDie();
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(got[i]->ToString(), text.substr(ranges[i].offset, ranges[i].length)) << i;
  }
}

TEST_P(EveryStore, KeepsMoreObjectsOpenThanThereAreDescriptors) {
  std::vector<std::shared_ptr<ReadableObject>> objects;
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(store().Put(fmt::format("o/{}", i % 7), Bytes(fmt::format("object {}", i % 7))).ok());
    auto object = store().Open(fmt::format("o/{}", i % 7));
    ASSERT_TRUE(object.ok()) << i << " " << object.status().ToString();
    objects.push_back(*object);
  }
  for (int i = 599; i >= 0; --i) {
    EXPECT_EQ(objects[i]->Read({0, 8}).ValueOrDie()->ToString(), fmt::format("object {}", i % 7));
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, ::testing::Values("local", "memory"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Coalesce, JoinsNearRangesUpToTheLimit) {
  std::vector<ByteRange> ranges = {{100, 10}, {0, 10}, {112, 10}, {500, 1000}};
  CoalescedPlan plan = Coalesce(ranges, 16, 64);
  ASSERT_EQ(plan.reads.size(), 3u);
  EXPECT_EQ(plan.reads[1].range, (ByteRange{100, 22}));
  EXPECT_EQ(plan.reads[2].range, (ByteRange{500, 1000}));
}

TEST(OpenStore, RefusesUnknownSchemesByName) {
  Status status = OpenStore("hdfs://x/y").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kNotSupported);
  EXPECT_NE(status.message().find("hdfs"), std::string::npos);
}

// Views of a local file, in a folder that goes with the test.
class LocalViews : public ::testing::Test {
 protected:
  static constexpr uint64_t kSize = 5 << 20;
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("lance_views_test_{}", getpid());
    store_ = OpenStore(folder_.string()).ValueOrDie().store;
    content_.resize(kSize);
    for (size_t i = 0; i < kSize; ++i) content_[i] = static_cast<char>(i * 7 + i / 4096);
    ASSERT_TRUE(store_->Put("file", Bytes(content_)).ok());
    object_ = store_->Open("file").ValueOrDie();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void ExpectRight(std::span<const ByteRange> ranges) {
    auto buffers = object_->ViewMany(ranges).ValueOrDie();
    ASSERT_EQ(buffers.size(), ranges.size());
    for (size_t i = 0; i < ranges.size(); ++i) {
      ASSERT_EQ(buffers[i]->ToString(), content_.substr(ranges[i].offset, ranges[i].length));
    }
  }

  // Whether this kernel and file system allow views at all.
  bool ShowsPages() {
    const ByteRange large{1 << 20, 1 << 20};
    for (int turn = 0; turn < 2; ++turn) ExpectRight({&large, 1});
    const auto first = object_->ViewMany({&large, 1}).ValueOrDie()[0];
    return first->address() == object_->ViewMany({&large, 1}).ValueOrDie()[0]->address();
  }

  std::filesystem::path folder_;
  std::shared_ptr<ObjectStore> store_;
  std::string content_;
  std::shared_ptr<ReadableObject> object_;
};

TEST_F(LocalViews, ShowTheBytesEveryTime) {
  const ByteRange ranges[] = {{100, 1 << 20}, {3 << 20, 300 << 10}, {5, 10}, {kSize - (1 << 20), 1 << 20}};
  for (int turn = 0; turn < 4; ++turn) ExpectRight(ranges);
  EXPECT_EQ(object_->ViewMany({}).ValueOrDie().size(), 0u);
}

TEST_F(LocalViews, ShowManySmallRangesOnceEnoughWereRead) {
  std::vector<ByteRange> ranges;
  for (uint64_t i = 0; i < 32; ++i) ranges.push_back({i * 150'000 + 7, 512});
  ranges.push_back({kSize - 512, 512});  // too near to the end to be shown
  for (int turn = 0; turn < 60; ++turn) ExpectRight(ranges);
  if (ShowsPages()) {
    const auto first = object_->ViewMany(ranges).ValueOrDie();
    const auto second = object_->ViewMany(ranges).ValueOrDie();
    for (size_t i = 0; i < 32; ++i) EXPECT_EQ(first[i]->address(), second[i]->address()) << i;
    EXPECT_NE(first[32]->address(), second[32]->address());
  }
  std::filesystem::resize_file(folder_ / "file", 1 << 20);
  EXPECT_EQ(KindOf(object_->ViewMany(ranges).status()), ErrorKind::kCorruption);
}

TEST_F(LocalViews, ReadsOfManyRangesThatThePageCacheLacks) {
  std::vector<ByteRange> ranges;
  for (uint64_t i = 0; i < 40; ++i)
    ranges.push_back({i * 120'000 + 3, i % 5 == 0 ? uint64_t{70'000} : uint64_t{100}});
  const int fd = open((folder_ / "file").c_str(), O_RDONLY);
  for (const bool drop : {true, false}) {
    if (drop) {
      fsync(fd);
      posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    const auto buffers = object_->ReadMany(ranges).ValueOrDie();
    for (size_t i = 0; i < ranges.size(); ++i) {
      ASSERT_EQ(buffers[i]->ToString(), content_.substr(ranges[i].offset, ranges[i].length)) << i;
    }
  }
  close(fd);
  std::filesystem::resize_file(folder_ / "file", 1 << 20);
  EXPECT_EQ(KindOf(object_->ReadMany(ranges).status()), ErrorKind::kCorruption);
}

TEST_F(LocalViews, OutliveTheFile) {
  const ByteRange range{4096, 1 << 20};
  ExpectRight({&range, 1});
  auto view = object_->ViewMany({&range, 1}).ValueOrDie()[0];
  object_ = nullptr;
  ASSERT_TRUE(store_->Delete("file").ok());
  EXPECT_EQ(view->ToString(), content_.substr(range.offset, range.length));
}

TEST_F(LocalViews, OfAFileCutShorterAreErrors) {
  const ByteRange range{4 << 20, (1 << 20) - 4096};
  for (int turn = 0; turn < 2; ++turn) ExpectRight({&range, 1});
  std::filesystem::resize_file(folder_ / "file", 1 << 20);
  EXPECT_EQ(KindOf(object_->ViewMany({&range, 1}).status()), ErrorKind::kCorruption);
  const ByteRange outside{kSize, 1 << 20};
  EXPECT_EQ(KindOf(object_->ViewMany({&outside, 1}).status()), ErrorKind::kCorruption);
}

}  // namespace
}  // namespace lance::store
