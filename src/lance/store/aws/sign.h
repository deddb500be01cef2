#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lance/store/http/http_client.h"

namespace lance::store {

struct AwsCredentials {
  std::string key_id;
  std::string secret;
  std::string token;  ///< of temporary credentials
};

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// Percent-encodes all but unreserved characters (RFC 3986), and '/' where `keep_slash`.
std::string PercentEncode(std::string_view text, bool keep_slash);

/// "a=1&b=", sorted and encoded as the signature wants it.
std::string EncodeQuery(QueryParameters parameters);

struct SignedParts {
  std::string_view method;
  std::string_view path;   ///< encoded
  std::string_view query;  ///< EncodeQuery's
  std::string_view host;   ///< with the port unless it is the scheme's own
  std::string_view payload_hash;
  std::string_view service;
  std::string_view region;
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// The lower-case hex digest that requests carry of their bodies.
std::string PayloadHash(std::span<const uint8_t> body);

/// Adds the headers x-amz-date, x-amz-content-sha256, x-amz-security-token and Authorization of AWS's
/// Signature Version 4; signs all of `headers`, none of which may be repeated.
void SignRequest(const SignedParts& parts, const AwsCredentials& credentials,
                 std::chrono::system_clock::time_point now, HttpHeaders* headers);

}  // namespace lance::store
