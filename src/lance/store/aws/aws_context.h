#pragma once

#include <memory>
#include <string>

#include "lance/store/aws/aws_client.h"

namespace lance::store {

/// What clients of several services share: one set of options, its credentials and its connections.
struct AwsContext {
  AwsConfig config;
  std::string region;
  std::shared_ptr<CredentialSource> credentials;
  std::shared_ptr<HttpClient> http;
};

/// Credentials and connections are kept for the life of the process and shared by equal options. Asks S3
/// where `bucket` is when neither the options nor the profile name a region or an endpoint. Errors: those of
/// MakeAwsConfig; NotSupported without libcurl.
Result<AwsContext> MakeAwsContext(const Options& options, const std::string& bucket);

}  // namespace lance::store
