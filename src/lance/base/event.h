#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lance {

/// Something that happened to a table: for logs and traces. `target` groups events ("lance::dataset_events",
/// "lance::file_audit"); values are named.
struct Event {
  std::string target;
  std::vector<std::pair<std::string, std::string>> values;
  std::chrono::system_clock::time_point at;
};

inline constexpr std::string_view kDatasetEvents = "lance::dataset_events";
inline constexpr std::string_view kFileAudit = "lance::file_audit";

/// Called with every event from then on, on the thread that it happens on: must be quick and must not fail.
using EventSink = std::function<void(const Event&)>;
void AddEventSink(EventSink sink);

/// Tells the sinks. Without any this costs a look at a flag, but the values are made before it: ask
/// EventsWanted where that is dear. Thread-safe.
void Emit(std::string_view target, std::initializer_list<std::pair<std::string_view, std::string>> values);
bool EventsWanted();

/// Writes events as lines, to what the environment names: LANCE_LOG says which ("info", "off",
/// "lance::file_audit=off,debug"; unset: none), LANCE_LOG_FILE where to (a file, its folder is made; else,
/// and when that fails, stderr), LANCE_LOG_TS_PRECISION how exact times are ("s", "ms", "us", "ns"). Once a
/// process.
void StartEventLog();

}  // namespace lance
