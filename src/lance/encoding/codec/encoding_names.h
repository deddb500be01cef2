#pragma once

#include <string>

namespace lance::pb21 {
class CompressiveEncoding;
}

namespace lance::encoding {

/// Descriptions nest at most this deep; honest ones stay below ten.
inline constexpr int kMaxEncodingDepth = 64;

/// Name of the outermost encoding for messages: "Rle", "General", "an encoding this version does not know".
std::string EncodingName(const pb21::CompressiveEncoding& encoding);

}  // namespace lance::encoding
