#include <filesystem>
#include <numeric>

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

}  // namespace
}  // namespace lance::store
