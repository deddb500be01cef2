#include "lance/index/vector/pq_terms.h"

#include <atomic>
#include <thread>
#include <vector>

#include "lance/base/testing.h"

namespace lance::index {
namespace {

TEST(LazyPqTerms, AreMadeAtTheSecondSearch) {
  LazyPqTerms terms;
  int made = 0;
  const auto make = [&] {
    ++made;
    return PqTerms{{1, 2, 3}, 4};
  };
  EXPECT_EQ(terms.Get(make), nullptr);
  for (int i = 0; i < 3; ++i) {
    const PqTerms* got = terms.Get(make);
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(got->values, (std::vector<float>{1, 2, 3}));
  }
  EXPECT_EQ(made, 1);
}

TEST(LazyPqTerms, ManyThreadsSeeThemWholeOrNotAtAll) {
  for (int round = 0; round < 200; ++round) {
    LazyPqTerms terms;
    std::atomic<int> made = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          const PqTerms* got = terms.Get([&] {
            ++made;
            return PqTerms{std::vector<float>(50, 7.0f), 4};
          });
          if (got == nullptr) continue;
          ASSERT_EQ(got->values, std::vector<float>(50, 7.0f));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
  }
}

}  // namespace
}  // namespace lance::index
