#pragma once

#include <string>
#include <string_view>

#include "lance/base/json.h"

namespace lance::dataset {

/// The text of a parsed value, without white space.
std::string PrintJson(const JsonValue& value);

}  // namespace lance::dataset
