// Signature Version 4: "Create a signed AWS API request" in the IAM user guide.
#include "lance/store/aws/sign.h"

#include <algorithm>
#include <ctime>

#include "lance/base/digest.h"

namespace lance::store {
namespace {

constexpr size_t kBlock = 64;  // of SHA-256

std::string HmacSha256(std::string_view key, std::string_view message) {
  std::string block(key.size() > kBlock ? Sha256(key) : std::string(key));
  block.resize(kBlock, '\0');
  std::string inner = block;
  std::string outer = std::move(block);
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  return Sha256(outer + Sha256(inner.append(message)));
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// "20150830T123600Z"
std::string BasicTime(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string PercentEncode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string EncodeQuery(QueryParameters parameters) {
  for (auto& [name, value] : parameters) {
    name = PercentEncode(name, false);
    value = PercentEncode(value, false);
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out.push_back('&');
    out += name + "=" + value;
  }
  return out;
}

std::string PayloadHash(std::span<const uint8_t> body) {
  return Hex(Sha256({reinterpret_cast<const char*>(body.data()), body.size()}));
}

void SignRequest(const SignedParts& parts, const AwsCredentials& credentials,
                 std::chrono::system_clock::time_point now, HttpHeaders* headers) {
  const std::string time = BasicTime(now);
  const std::string day = time.substr(0, 8);
  headers->emplace_back("x-amz-date", time);
  headers->emplace_back("x-amz-content-sha256", std::string(parts.payload_hash));
  if (!credentials.token.empty()) headers->emplace_back("x-amz-security-token", credentials.token);

  HttpHeaders canonical{{"host", std::string(parts.host)}};
  for (const auto& [name, value] : *headers) canonical.emplace_back(Lower(name), value);
  std::sort(canonical.begin(), canonical.end());
  std::string lines;
  std::string names;
  for (const auto& [name, value] : canonical) {
    lines += name + ":" + value + "\n";
    if (!names.empty()) names.push_back(';');
    names += name;
  }
  const std::string request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, parts.path, parts.query,
                                          lines, names, parts.payload_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, parts.region, parts.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, Hex(Sha256(request)));
  std::string key = HmacSha256("AWS4" + credentials.secret, day);
  key = HmacSha256(key, parts.region);
  key = HmacSha256(key, parts.service);
  key = HmacSha256(key, "aws4_request");
  headers->emplace_back("Authorization",
                        fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                    credentials.key_id, scope, names, Hex(HmacSha256(key, to_sign))));
}

}  // namespace lance::store
