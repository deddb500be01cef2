#pragma once

#include <string>

namespace lance::encoding::v2_0 {

/// One readable line for a serialized ArrayEncoding: "nullable(flat(32), validity flat(1))". Never fails;
/// what cannot be understood is named so.
std::string DescribeEncoding(const std::string& encoding);

}  // namespace lance::encoding::v2_0
