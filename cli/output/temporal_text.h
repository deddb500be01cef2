#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>

namespace lance::cli {

/// Appends days since 1970-01-01 as "2024-02-29"; years outside 0..9999 carry their sign.
void AppendDate(int64_t days, std::string* out);

/// Appends a time of day such as "12:34:56.789"; the fraction has as many digits as the unit.
void AppendTime(int64_t value, arrow::TimeUnit::type unit, std::string* out);

/// Appends date, `separator` and time.
void AppendTimestamp(int64_t value, arrow::TimeUnit::type unit, char separator, std::string* out);

/// Appends a length of time in ISO 8601 seconds: "PT1.5S".
void AppendDuration(int64_t value, arrow::TimeUnit::type unit, std::string* out);

}  // namespace lance::cli
