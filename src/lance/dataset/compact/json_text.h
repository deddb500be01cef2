#pragma once

#include <string>
#include <string_view>

#include "lance/base/json.h"

namespace lance::dataset {

/// A JSON string with its quotes.
std::string QuoteJson(std::string_view text);

/// The text of a parsed value, without white space.
std::string PrintJson(const JsonValue& value);

}  // namespace lance::dataset
