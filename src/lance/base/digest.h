#pragma once

#include <string>
#include <string_view>

namespace lance {

/// Message digests as raw bytes. MD5: RFC 1321; the SHA-2 family: FIPS 180-4. For comparing values, not for
/// secrets.
std::string Md5(std::string_view message);     ///< 16 bytes
std::string Sha224(std::string_view message);  ///< 28 bytes
std::string Sha256(std::string_view message);  ///< 32 bytes
std::string Sha384(std::string_view message);  ///< 48 bytes
std::string Sha512(std::string_view message);  ///< 64 bytes

/// Two lower-case digits a byte.
std::string Hex(std::string_view bytes);

}  // namespace lance
