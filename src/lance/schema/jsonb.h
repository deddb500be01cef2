#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lance/base/status.h"

namespace lance::schema {

/// Appends the JSON text of a stored JSON value (JSONB, as columns of type "json" keep it): no white space,
/// members in stored order, numbers in their shortest form. Errors: Corruption, NotSupported names a kind of
/// value that JSON has no text for.
Status AppendJsonText(std::span<const uint8_t> jsonb, std::string* out);

/// Appends the stored form of JSON text: members sorted, integers of 64 bits exact, other numbers as doubles.
/// Errors: InvalidArgument "Failed to encode JSON: ..." for text that is no JSON or repeats a member.
Status AppendJsonb(std::string_view text, std::string* out);

}  // namespace lance::schema
