#include "lance/base/event.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lance {
namespace {

TEST(Event, ReachesEverySinkWithItsValues) {
  static std::vector<Event> first, second;  // sinks stay until the process ends
  AddEventSink([](const Event& event) { first.push_back(event); });
  AddEventSink([](const Event& event) { second.push_back(event); });
  EXPECT_TRUE(EventsWanted());
  Emit(kFileAudit, {{"mode", "create"}, {"path", "a b"}});
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0].target, "lance::file_audit");
  EXPECT_THAT(first[0].values,
              testing::ElementsAre(testing::Pair("mode", "create"), testing::Pair("path", "a b")));
}

TEST(EventLog, WritesTheTargetsThatTheEnvironmentAsksFor) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("lance_event_log_" + std::to_string(getpid()));
  const auto file = folder / "nested" / "log.txt";
  setenv("LANCE_LOG", "lance::file_audit=off,debug", 1);
  setenv("LANCE_LOG_FILE", file.c_str(), 1);
  setenv("LANCE_LOG_TS_PRECISION", "ms", 1);
  StartEventLog();
  Emit(kFileAudit, {{"mode", "create"}});
  Emit(kDatasetEvents, {{"event", "loading"}, {"uri", "memory://x"}});
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_THAT(text.str(),
              testing::ContainsRegex("^.[0-9T:-]*[.][0-9][0-9][0-9]Z INFO  lance::dataset_events. "
                                     "event=loading uri=\"memory://x\"\n$"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lance
