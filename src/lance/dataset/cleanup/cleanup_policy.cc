#include "lance/dataset/cleanup/cleanup_policy.h"

#include <charconv>

namespace lance::dataset {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::hours kDefaultAge{14 * 24};

struct Unit {
  const char* names;  // separated by blanks
  double seconds;
};

constexpr Unit kUnits[] = {
    {" ns nsec nanos ", 1e-9},
    {" us usec micros ", 1e-6},
    {" ms msec millis ", 1e-3},
    {" s sec secs second seconds ", 1},
    {" m min mins minute minutes ", 60},
    {" h hr hrs hour hours ", 3600},
    {" d day days ", 86400},
    {" w week weeks wk wks ", 604800},
    {" M month months ", 2630016},  // 30.44 days
    {" y year years yr yrs ", 31557600},
};

std::optional<double> SecondsOf(std::string_view unit) {
  const std::string padded = " " + std::string(unit) + " ";
  for (const Unit& known : kUnits) {
    if (!unit.empty() && std::string_view(known.names).find(padded) != std::string_view::npos) {
      return known.seconds;
    }
  }
  return std::nullopt;
}

Result<uint64_t> ParseConfig(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  LANCE_CHECK_ARG(error == std::errc() && end == text.data() + text.size(),
                  "Error encountered while parsing {}=\"{}\" as u64", key, text);
  return value;
}

}  // namespace

bool CleanupPolicy::Matches(const table::Manifest& manifest) const {
  if (before_time.has_value() &&
      manifest.timestamp.value_or(std::chrono::sys_time<nanoseconds>{}) >= *before_time) {
    return false;
  }
  if (before_version.has_value() && manifest.version >= *before_version) return false;
  return !versions.has_value() || versions->contains(manifest.version);
}

Result<CleanupPolicy> MakePolicy(const CleanupOptions& options, const std::vector<uint64_t>& versions,
                                 std::chrono::sys_time<nanoseconds> now) {
  CleanupPolicy out;
  std::optional<nanoseconds> age = options.older_than;
  if (!age.has_value() && !options.retain_versions.has_value() && !options.versions.has_value()) {
    age = kDefaultAge;
  }
  if (age.has_value()) {
    const nanoseconds since_epoch = now.time_since_epoch();
    out.before_time =
        std::chrono::sys_time<nanoseconds>(*age > since_epoch ? nanoseconds{0} : since_epoch - *age);
  }
  if (options.retain_versions.has_value() && !versions.empty()) {
    const uint64_t kept = *options.retain_versions;
    out.before_version = versions.size() <= kept ? versions.front() : versions[versions.size() - kept];
  }
  if (options.versions.has_value()) out.versions.emplace(options.versions->begin(), options.versions->end());
  return out;
}

Result<nanoseconds> ParseDuration(std::string_view text) {
  double seconds = 0;
  size_t at = 0;
  bool any = false;
  const auto skip_blanks = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  for (skip_blanks(); at < text.size(); skip_blanks()) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    LANCE_CHECK_ARG(error == std::errc(), "\"{}\" is no duration: a number is expected at {}", text, at);
    at = static_cast<size_t>(end - text.data());
    skip_blanks();
    const size_t start = at;
    while (at < text.size() && ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z')))
      ++at;
    const auto unit = SecondsOf(text.substr(start, at - start));
    LANCE_CHECK_ARG(unit.has_value(), "\"{}\" is no duration: a unit is expected at {}", text, start);
    seconds += static_cast<double>(number) * *unit;
    any = true;
  }
  LANCE_CHECK_ARG(any, "an empty text is no duration");
  LANCE_CHECK_ARG(seconds < 9e9, "the duration \"{}\" is too long", text);
  return nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

Result<std::optional<CleanupOptions>> AutoCleanupOptions(const std::map<std::string, std::string>& config,
                                                         uint64_t version, bool cascade) {
  const auto find = [&](const char* name) -> const std::string* {
    auto found = config.find(std::string("lance.auto_cleanup.") + name);
    return found == config.end() ? nullptr : &found->second;
  };
  const std::string* interval = find("interval");
  if (interval == nullptr) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const uint64_t every, ParseConfig("lance.auto_cleanup.interval", *interval));
  if (every != 0 && version % every != 0) return std::nullopt;
  CleanupOptions out;
  out.error_if_tagged_old_versions = false;
  // Without any condition every version but the newest goes.
  out.older_than = nanoseconds{0};
  if (const std::string* age = find("older_than")) {
    ARROW_ASSIGN_OR_RAISE(out.older_than, WithContext(ParseDuration(*age), "lance.auto_cleanup.older_than"));
  }
  if (const std::string* retained = find("retain_versions")) {
    ARROW_ASSIGN_OR_RAISE(out.retain_versions, ParseConfig("lance.auto_cleanup.retain_versions", *retained));
  }
  if (const std::string* branches = find("referenced_branch")) {
    LANCE_CHECK_ARG(*branches == "true" || *branches == "false",
                    "Error encountered while parsing lance.auto_cleanup.referenced_branch as bool: {}",
                    *branches);
    out.clean_referenced_branches = *branches == "true";
  }
  if (cascade) return out;
  if (const std::string* rate = find("delete_rate_limit")) {
    ARROW_ASSIGN_OR_RAISE(out.delete_rate_limit, ParseConfig("lance.auto_cleanup.delete_rate_limit", *rate));
  }
  if (const std::string* parallel = find("delete_concurrency")) {
    ARROW_ASSIGN_OR_RAISE(out.delete_concurrency,
                          ParseConfig("lance.auto_cleanup.delete_concurrency", *parallel));
  }
  return out;
}

}  // namespace lance::dataset

namespace lance {

arrow::Status CleanupOptions::Validate() const {
  LANCE_CHECK_ARG(!versions.has_value() || !versions->empty(), "versions must not be empty when specified");
  LANCE_CHECK_ARG(retain_versions != uint64_t{0}, "retain_versions must be greater than 0, got 0");
  LANCE_CHECK_ARG(delete_rate_limit != uint64_t{0}, "delete_rate_limit must be greater than 0, got 0");
  LANCE_CHECK_ARG(delete_concurrency != uint64_t{0}, "delete_concurrency must be at least 1, got 0");
  return Status::OK();
}

}  // namespace lance
