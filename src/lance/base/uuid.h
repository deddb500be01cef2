#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lance/base/status.h"

namespace lance {

/// 64 bits from the system's random source. Thread-safe, and safe after fork.
uint64_t RandomUint64();

/// A fresh random (version 4) UUID in its 36-character form.
std::string MakeUuid();

/// The 36-character form of 16 bytes.
std::string FormatUuid(std::string_view bytes);
/// The 16 bytes of a 36-character UUID. Errors: InvalidArgument.
Result<std::string> ParseUuid(std::string_view text);

}  // namespace lance
