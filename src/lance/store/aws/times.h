#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace lance::store {

using TimePoint = std::chrono::system_clock::time_point;

/// "2009-10-12T17:50:30.000Z", as in listings and credentials; always UTC. None when it is no such time.
std::optional<TimePoint> ParseIsoTime(std::string_view text);

/// "Wed, 12 Oct 2009 17:50:00 GMT", as in headers.
std::optional<TimePoint> ParseHttpTime(std::string_view text);

}  // namespace lance::store
