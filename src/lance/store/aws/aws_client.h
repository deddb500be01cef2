#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/store/aws/config.h"
#include "lance/store/aws/credentials.h"
#include "lance/store/aws/sign.h"
#include "lance/store/http/http_client.h"

namespace lance::store {

struct AwsRequest {
  std::string method = "GET";
  std::string path;  ///< not encoded, with a leading slash; goes behind the endpoint's
  QueryParameters query;
  HttpHeaders headers;
  std::span<const uint8_t> body;  ///< the caller keeps it alive
  std::span<uint8_t> into;        ///< see HttpRequest
  bool fails_late = false;        ///< the answer may be status 200 with an error in its body
};

/// The last answer to a request, whatever its status, or why there is none.
struct AwsOutcome {
  Result<HttpResponse> response;
  /// One of the attempts may have had its effect without `response` telling of it: a time-out, a broken
  /// connection, an error of the server's own.
  bool in_doubt = false;
};

/// Signs requests to one service, sends them and repeats those that may succeed later: no connection,
/// time-outs, throttling, errors of the server's own; after pauses that double, with jitter. Thread-safe.
class AwsClient {
 public:
  AwsClient(std::string service, AwsEndpoint endpoint, std::string region, AwsConfig config,
            std::shared_ptr<CredentialSource> credentials, std::shared_ptr<HttpClient> http)
      : service_(std::move(service)),
        endpoint_(std::move(endpoint)),
        region_(std::move(region)),
        config_(std::move(config)),
        credentials_(std::move(credentials)),
        http_(std::move(http)) {}

  /// All at once; outcomes in the order of the requests.
  std::vector<AwsOutcome> Send(std::span<const AwsRequest> requests);
  AwsOutcome SendOne(const AwsRequest& request);

  const AwsConfig& config() const { return config_; }

 private:
  Result<HttpRequest> Sign(const AwsRequest& request);

  const std::string service_;
  const AwsEndpoint endpoint_;
  const std::string region_;
  const AwsConfig config_;
  const std::shared_ptr<CredentialSource> credentials_;
  const std::shared_ptr<HttpClient> http_;
};

/// The code in the body of an error, XML's or JSON's ("NoSuchKey", "ConditionalCheckFailedException"); empty
/// when there is none.
std::string ErrorCode(const HttpResponse& response);

/// An answer that is no success, as an error about `path`: NotFound, NotSupported (501), IOError.
Status ErrorOf(const HttpResponse& response, const std::string& path);

}  // namespace lance::store
