#pragma once

#include <string>

#include <arrow/type_fwd.h>

namespace lance::index {

/// A value as the reference's statistics and plans of scalar indices have it: as expr::PrintValue, but bytes
/// in hexadecimal, ten of them at most, and decimals by their digits.
std::string ValueText(const arrow::Scalar& value);

}  // namespace lance::index
