#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lance/base/status.h"

namespace lance::store {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< percent-encoded; sent as it is
  HttpHeaders headers;
  std::span<const uint8_t> body;  ///< the caller keeps it alive
  std::span<uint8_t> into;        ///< where the body of a 2xx answer goes; HttpResponse::body otherwise
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;    ///< names in lower case
  std::string body;       ///< what did not go to HttpRequest::into
  uint64_t received = 0;  ///< bytes in HttpRequest::into
  bool resent = false;    ///< the request's body was sent twice: the server may have seen both

  /// The value of a header by its lower-case name; empty when absent.
  std::string_view Header(std::string_view name) const;
};

/// What became of one request. A failure with `reached` may have had its effect on the server.
struct HttpOutcome {
  Result<HttpResponse> response;
  bool reached = false;
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds stall_timeout{30'000};  ///< gives up when no byte moved for so long
  std::chrono::milliseconds total_timeout{0};       ///< of one request; 0 for none
  bool verify_certificates = true;
  std::string proxy;  ///< a URL; empty: http_proxy and the like of the environment
};

/// HTTP/1.1 and TLS through libcurl, which is loaded on first use. Keeps connections open between calls. No
/// retries, no redirects. Thread-safe, also in forked children.
class HttpClient {
 public:
  /// Errors: NotSupported when there is no libcurl.
  static Result<std::shared_ptr<HttpClient>> Make(HttpOptions options);
  ~HttpClient();

  /// Sends all at once, at most 32 at a time, and waits for all. Outcomes in the order of the requests.
  std::vector<HttpOutcome> Send(std::span<const HttpRequest> requests);

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lance::store
