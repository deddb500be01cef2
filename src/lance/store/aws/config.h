#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lance/store/aws/credentials.h"
#include "lance/store/http/http_client.h"
#include "lance/store/object_store.h"

namespace lance::store {

/// Where requests go: "https://host:port" with a path before the bucket's for some services.
struct AwsEndpoint {
  std::string scheme;
  std::string host;  ///< with a port that is not the scheme's own
  std::string path;  ///< empty, or with a leading and without a closing slash
};

/// What the storage options and the AWS_... variables of the environment say, under the reference's names.
struct AwsConfig {
  std::string region;  ///< empty: to be asked of the bucket
  std::string s3_endpoint;
  std::string dynamodb_endpoint;
  std::string sts_endpoint;
  bool virtual_hosted = false;
  bool skip_signature = false;
  bool unsigned_payload = false;
  bool conditional_put = true;
  HttpHeaders object_headers;  ///< on all requests for objects
  HttpHeaders put_headers;     ///< on requests that make an object: encryption
  int max_retries = 8;
  std::chrono::milliseconds retry_timeout{180'000};
  HttpOptions http;
  CredentialOptions credentials;
};

/// Errors: InvalidArgument for a malformed value, NotSupported for an option that would change what is
/// written and is not implemented.
Result<AwsConfig> MakeAwsConfig(const Options& options);

/// Errors: InvalidArgument.
Result<AwsEndpoint> ParseEndpoint(const std::string& url);

/// "30s", "1.5 seconds", "500ms", "2m". Errors: InvalidArgument.
Result<std::chrono::milliseconds> ParseDuration(const std::string& text);

}  // namespace lance::store
