#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lance/base/status.h"
#include "lance/store/aws/sign.h"

namespace lance::store {

/// Where credentials may come from, in this order; empty members are not asked.
struct CredentialOptions {
  AwsCredentials given;
  std::string web_identity_token_file;  ///< with role_arn: of a Kubernetes service account
  std::string role_arn;
  std::string role_session_name;
  std::string container_relative_uri;  ///< of ECS
  std::string container_full_uri;      ///< of EKS pod identity
  std::string container_token_file;
  std::string metadata_endpoint;  ///< of EC2; empty: the usual one
};

struct ExpiringCredentials {
  AwsCredentials keys;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// Finds credentials and renews them before they expire: those given, the profile of ~/.aws (AWS_PROFILE),
/// web identity, container, EC2 metadata. Thread-safe.
class CredentialSource {
 public:
  CredentialSource(CredentialOptions options, std::string region, std::string sts_endpoint)
      : options_(std::move(options)), region_(std::move(region)), sts_endpoint_(std::move(sts_endpoint)) {}

  /// Errors: InvalidArgument that names the places that were looked at; IOError.
  Result<AwsCredentials> Get();
  /// The service said that they expired.
  void Forget();

 private:
  Result<ExpiringCredentials> Find() const;

  const CredentialOptions options_;
  const std::string region_;
  const std::string sts_endpoint_;
  std::mutex mutex_;
  std::optional<ExpiringCredentials> known_;
};

/// A value of the profile that AWS_PROFILE names (else "default") in ~/.aws/credentials or ~/.aws/config;
/// empty when there is none.
std::string ProfileValue(std::string_view key);

/// What containers and EC2 answer. Errors: Corruption.
Result<ExpiringCredentials> ParseCredentialsJson(std::string_view text);
/// What STS answers. Errors: Corruption.
Result<ExpiringCredentials> ParseCredentialsXml(std::string_view text);

}  // namespace lance::store
