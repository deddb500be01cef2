#include "lance/table/versions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lance/base/testing.h"
#include "lance/store/object_store.h"

namespace lance::table {
namespace {

// A local folder of empty manifests.
class LocalVersions : public testing::Test {
 protected:
  LocalVersions()
      : root_(std::filesystem::temp_directory_path() / fmt::format("lance_versions_{}", getpid())) {
    std::filesystem::create_directories(root_ / "_versions");
    store_ = store::OpenStore(root_.string()).ValueOrDie().store;
  }
  ~LocalVersions() override { std::filesystem::remove_all(root_); }
  void Touch(const std::string& key) { std::ofstream(root_ / key).put('x'); }
  void Touch(uint64_t version) { Touch(ManifestKey(version, NamingScheme::kV2)); }
  void WriteHint(uint64_t version) {
    std::ofstream(root_ / kHint) << fmt::format("{{\"version\":{}}}", version);
  }
  // Gives the folder and the hint these times, in seconds.
  void SetTimes(int64_t folder, int64_t hint) {
    for (const auto& [path, time] :
         {std::pair(root_ / "_versions", folder), std::pair(root_ / kHint, hint)}) {
      const timespec times[2] = {{time, 0}, {time, 0}};
      ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    }
  }
  uint64_t Latest() {
    auto latest = LatestManifest(*store_);
    EXPECT_TRUE(latest.ok()) << latest.status().ToString();
    return latest.ok() ? latest->version : 0;
  }

  static constexpr char kHint[] = "_versions/latest_version_hint.json";
  const std::filesystem::path root_;
  std::shared_ptr<store::ObjectStore> store_;
};

TEST_F(LocalVersions, ListsSmallFoldersWhateverTheHintSays) {
  for (const uint64_t version : {1, 2, 5}) Touch(version);
  WriteHint(2);
  SetTimes(100, 100);
  EXPECT_EQ(Latest(), 5u);
}

TEST_F(LocalVersions, TrustsTheHintOfALargeFolderOnlyAsLongAsNothingElseChanged) {
  for (uint64_t version = 1; version <= 1000; ++version) Touch(version);
  if (store_->StatFolder("_versions")->bytes < (16 << 10))
    GTEST_SKIP() << "folders do not grow on this file system";
  WriteHint(900);
  SetTimes(100, 100);
  EXPECT_EQ(Latest(), 1000u);  // found by looking above the hint
  std::filesystem::remove(root_ / ManifestKey(950, NamingScheme::kV2));
  SetTimes(100, 100);
  EXPECT_EQ(Latest(), 949u);  // what only the hint can say: the folder was not listed
  SetTimes(101, 100);
  EXPECT_EQ(Latest(), 1000u);
  WriteHint(5000);  // no such version
  SetTimes(100, 100);
  EXPECT_EQ(Latest(), 1000u);
  std::ofstream(root_ / kHint) << "not json";
  SetTimes(100, 100);
  EXPECT_EQ(Latest(), 1000u);
}

TEST_F(LocalVersions, SaysThatThereIsNoTable) {
  EXPECT_ERROR(ErrorKind::kNotFound, "was not found", LatestManifest(*store_).status());
}

}  // namespace
}  // namespace lance::table
