#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/maintenance.h"
#include "lance/table/manifest.h"

namespace lance::dataset {

/// Which versions of a line go; a version must meet all conditions.
struct CleanupPolicy {
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> before_time;
  std::optional<uint64_t> before_version;
  std::optional<std::set<uint64_t>> versions;

  bool Matches(const table::Manifest& manifest) const;
};

/// `versions`: all of the line, ascending.
Result<CleanupPolicy> MakePolicy(const CleanupOptions& options, const std::vector<uint64_t>& versions,
                                 std::chrono::sys_time<std::chrono::nanoseconds> now);

/// "14days", "1h 30m", "90061s": the sum of numbers with units. Errors: InvalidArgument.
Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

/// What the config keys lance.auto_cleanup.* ask for after `version` was committed; none when they ask for
/// nothing. `cascade`: for a branch, cleaned along with its parent.
Result<std::optional<CleanupOptions>> AutoCleanupOptions(const std::map<std::string, std::string>& config,
                                                         uint64_t version, bool cascade);

}  // namespace lance::dataset
