#include "lance/runtime/session.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <thread>

#include "lance/runtime/thread_pool.h"

namespace lance::runtime {
namespace {

std::shared_ptr<const int> Value(int value) { return std::make_shared<const int>(value); }

TEST(Cache, DropsTheLeastRecentlyUsedWhenFull) {
  Cache cache(100);
  cache.Insert("a", Value(1), 40);
  cache.Insert("b", Value(2), 40);
  ASSERT_NE(cache.Find("a"), nullptr);  // now b is the oldest
  cache.Insert("c", Value(3), 40);
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_NE(cache.Find("c"), nullptr);
  EXPECT_EQ(cache.size_bytes(), 80u);
  EXPECT_EQ(cache.hits(), 3u);
  EXPECT_EQ(cache.misses(), 1u);
}

TEST(Cache, TellsWhetherAnythingMadeRoom) {
  Cache cache(100);
  cache.Insert("a", Value(1), 60);
  cache.Insert("a", Value(1), 90);  // in its own place
  cache.Insert("large", Value(2), 101);
  EXPECT_FALSE(cache.has_evicted());
  cache.Insert("b", Value(3), 60);
  EXPECT_TRUE(cache.has_evicted());
  cache.CountHits(3);
  EXPECT_EQ(cache.hits(), 3u);
}

TEST(Cache, ReplacesAKeyAndKeepsTheByteCount) {
  Cache cache(100);
  cache.Insert("a", Value(1), 90);
  cache.Insert("a", Value(2), 10);
  EXPECT_EQ(*std::static_pointer_cast<const int>(cache.Find("a")), 2);
  EXPECT_EQ(cache.size_bytes(), 10u);
}

TEST(Cache, DoesNotKeepWhatIsLargerThanItself) {
  Cache cache(100);
  cache.Insert("small", Value(1), 60);
  cache.Insert("large", Value(2), 101);
  EXPECT_EQ(cache.Find("large"), nullptr);
  EXPECT_NE(cache.Find("small"), nullptr);
  Cache none(0);
  none.Insert("a", Value(1), 1);
  EXPECT_EQ(none.size_bytes(), 0u);
}

TEST(Cache, DoesNotKeepAFailedLoad) {
  Cache cache(1000);
  int loads = 0;
  const std::function<uint64_t(const int&)> bytes = [](const int&) { return uint64_t{4}; };
  auto failing = cache.GetOrLoad<int>(
      "k", [&]() -> Result<std::shared_ptr<const int>> { return ++loads, NotFound("gone"); }, bytes);
  EXPECT_TRUE(Is(failing.status(), ErrorKind::kNotFound));
  for (int i = 0; i < 2; ++i) {
    auto loaded = cache.GetOrLoad<int>(
        "k", [&]() -> Result<std::shared_ptr<const int>> { return ++loads, Value(7); }, bytes);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(**loaded, 7);
  }
  EXPECT_EQ(loads, 2);
  cache.Clear();
  EXPECT_EQ(cache.size_bytes(), 0u);
  EXPECT_EQ(cache.Find("k"), nullptr);
}

// Waits for `count` events without a clock.
class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}
  void Hit() {
    std::lock_guard lock(mutex_);
    if (--count_ == 0) done_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return count_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  int count_;
};

TEST(ThreadPool, RunsEverythingThatWasSubmitted) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(2);
    for (int i = 0; i < 1000; ++i) pool.Submit([&] { ++ran; });
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(ThreadPool, LetsAWaitingCallerRunQueuedWork) {
  ThreadPool pool(1);
  Countdown entered(1), released(1), helped(1);
  pool.Submit([&] {
    entered.Hit();
    released.Wait();
  });
  entered.Wait();
  pool.Submit([&] { helped.Hit(); });
  EXPECT_TRUE(pool.RunOne());
  helped.Wait();
  EXPECT_FALSE(pool.RunOne());
  released.Hit();
}

TEST(ThreadPool, SurvivesATaskThatThrows) {
  ThreadPool pool(1);
  Countdown done(1);
  pool.Submit([] { throw 1; });
  pool.Submit([&] { done.Hit(); });
  done.Wait();
}

TEST(Session, HasNoThreadsWhenToldSo) { EXPECT_EQ(Session(1, 1, 0).thread_pool(), nullptr); }

TEST(Session, WorksInAForkedChild) {
  Session session(1000, 1000, 2);
  Countdown warm(1);
  session.thread_pool()->Submit([&] { warm.Hit(); });
  warm.Wait();
  session.metadata_cache().Insert("k", Value(1), 10);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Countdown done(2);
    session.thread_pool()->Submit([&] { done.Hit(); });
    session.thread_pool()->Submit([&] { done.Hit(); });
    done.Wait();
    session.metadata_cache().Insert("k2", Value(2), 10);
    _exit(session.metadata_cache().Find("k2") != nullptr ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_NE(session.metadata_cache().Find("k"), nullptr);
}

}  // namespace
}  // namespace lance::runtime
