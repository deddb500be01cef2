#include "lance/base/event.h"

#include <array>
#include <atomic>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <fmt/format.h>

namespace lance {
namespace {

struct Sinks {
  std::mutex mutex;
  std::vector<std::shared_ptr<const EventSink>> all;
};

// Never destroyed: threads may emit while the process ends.
Sinks& TheSinks() {
  static auto* sinks = new Sinks();
  return *sinks;
}

std::atomic<bool> any_sink = false;

enum class Level { kOff, kError, kWarn, kInfo, kDebug, kTrace };

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
  }
  return out;
}

std::optional<Level> LevelOf(const std::string& name) {
  static constexpr std::array<std::string_view, 6> kNames = {"off",  "error", "warn",
                                                             "info", "debug", "trace"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

// "info", or "target=level" for targets that begin so.
struct LogFilter {
  Level common = Level::kOff;
  std::map<std::string, Level, std::greater<>> by_target;  // longer names before their beginnings

  static LogFilter Parse(std::string_view text) {
    LogFilter out;
    while (!text.empty()) {
      const size_t comma = std::min(text.find(','), text.size());
      const std::string part = Lower(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
      const size_t equals = part.find('=');
      const auto level = LevelOf(equals == part.npos ? part : part.substr(equals + 1));
      if (equals != part.npos && level) {
        out.by_target[part.substr(0, equals)] = *level;
      } else if (level) {
        out.common = *level;
      }
    }
    return out;
  }

  // Every event is an information.
  bool Shows(const std::string& target) const {
    for (const auto& [name, level] : by_target) {
      if (target.starts_with(name)) return level >= Level::kInfo;
    }
    return common >= Level::kInfo;
  }
};

std::string TimeText(std::chrono::system_clock::time_point at, const std::string& precision) {
  using std::chrono::nanoseconds;
  const int64_t nanos = std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = nanos / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const int64_t rest = nanos % 1'000'000'000;
  std::string fraction;
  if (precision == "ms") fraction = fmt::format(".{:03}", rest / 1'000'000);
  if (precision == "us") fraction = fmt::format(".{:06}", rest / 1'000);
  if (precision == "ns") fraction = fmt::format(".{:09}", rest);
  return text.data() + fraction + "Z";
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::FILE* OpenLog(const std::string& path) {
  if (path.empty()) return stderr;
  std::error_code ignored;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::FILE* file = std::fopen(path.c_str(), "a");
  if (file != nullptr) return file;
  std::fprintf(stderr, "cannot write the log to %s (LANCE_LOG_FILE), it goes to stderr\n", path.c_str());
  return stderr;
}

bool IsPlain(const std::string& value) {
  for (const char c : value) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) return false;
  }
  return !value.empty();
}

}  // namespace

void AddEventSink(EventSink sink) {
  Sinks& sinks = TheSinks();
  std::lock_guard lock(sinks.mutex);
  sinks.all.push_back(std::make_shared<const EventSink>(std::move(sink)));
  any_sink = true;
}

bool EventsWanted() { return any_sink.load(std::memory_order_relaxed); }

void Emit(std::string_view target, std::initializer_list<std::pair<std::string_view, std::string>> values) {
  if (!EventsWanted()) return;
  Event event{std::string(target), {}, std::chrono::system_clock::now()};
  for (const auto& [name, value] : values) event.values.emplace_back(name, value);
  std::vector<std::shared_ptr<const EventSink>> told;
  {
    Sinks& sinks = TheSinks();
    std::lock_guard lock(sinks.mutex);
    told = sinks.all;
  }
  for (const auto& sink : told) (*sink)(event);
}

void StartEventLog() {
  static std::once_flag once;
  std::call_once(once, [] {
    const LogFilter filter = LogFilter::Parse(FromEnvironment("LANCE_LOG"));
    if (filter.common == Level::kOff && filter.by_target.empty()) return;
    std::FILE* file = OpenLog(FromEnvironment("LANCE_LOG_FILE"));
    AddEventSink([filter, file, precision = FromEnvironment("LANCE_LOG_TS_PRECISION")](const Event& event) {
      if (!filter.Shows(event.target)) return;
      std::string line = fmt::format("[{} INFO  {}]", TimeText(event.at, precision), event.target);
      for (const auto& [name, value] : event.values) {
        line += IsPlain(value) ? fmt::format(" {}={}", name, value) : fmt::format(" {}=\"{}\"", name, value);
      }
      line += "\n";
      std::fwrite(line.data(), 1, line.size(), file);  // one call: lines of threads do not mix
      std::fflush(file);
    });
  });
}

}  // namespace lance
