#pragma once

#include <cstdint>
#include <string>

namespace lance::cli {

/// 1234567 -> "1,234,567".
std::string GroupDigits(uint64_t value);

/// 1536 -> "1.5 KiB"; below 1024 in bytes.
std::string HumanBytes(uint64_t bytes);

}  // namespace lance::cli
