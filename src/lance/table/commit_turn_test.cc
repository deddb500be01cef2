#include "lance/table/commit_turn.h"

#include <filesystem>
#include <future>

#include <gtest/gtest.h>

#include "lance/base/uuid.h"
#include "lance/store/local_store.h"
#include "lance/store/object_store.h"

namespace lance::table {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class CommitTurnTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "lance-turn-" + MakeUuid();
    std::filesystem::create_directories(folder_ + "/_versions");
    store_ = store::MakeLocalStore(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // How long another thread waits for its turn.
  milliseconds WaitElsewhere(milliseconds limit) {
    return std::async(std::launch::async,
                      [&] {
                        const auto start = steady_clock::now();
                        CommitTurn turn(*store_, limit);
                        return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
                      })
        .get();
  }

  std::string folder_;
  std::shared_ptr<store::ObjectStore> store_;
};

TEST_F(CommitTurnTest, KeepsOthersWaitingUpToTheLimit) {
  {
    CommitTurn turn(*store_);
    EXPECT_GE(WaitElsewhere(milliseconds(30)), milliseconds(30));
  }
  EXPECT_LT(WaitElsewhere(milliseconds(5000)), milliseconds(5000));
}

TEST_F(CommitTurnTest, IsNotWaitedForByTheThreadThatHasIt) {
  CommitTurn outer(*store_);
  const auto start = steady_clock::now();
  { CommitTurn inner(*store_, milliseconds(5000)); }
  EXPECT_LT(steady_clock::now() - start, milliseconds(5000));
  // The inner one did not give it away.
  EXPECT_GE(WaitElsewhere(milliseconds(30)), milliseconds(30));
}

TEST_F(CommitTurnTest, IsGoneWithoutWhereThereIsNoFolder) {
  std::filesystem::remove_all(folder_);
  CommitTurn turn(*store_);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

}  // namespace
}  // namespace lance::table
