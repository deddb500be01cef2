#include "lance/store/aws/aws_client.h"

#include <algorithm>
#include <thread>

#include "lance/base/json.h"
#include "lance/base/uuid.h"
#include "lance/store/aws/xml.h"

namespace lance::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5'000};
// An address that refuses connections is more likely wrong than busy.
constexpr int kConnectRetries = 3;
// Beyond this a body over TLS is not hashed for the signature: TLS guards it.
constexpr size_t kMaxHashed = 1 << 20;
constexpr size_t kMaxErrorText = 300;

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> set) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

// An error that a repetition may get past, and whether the server may have done the request all the same.
struct Verdict {
  bool again = false;
  bool in_doubt = false;
  bool renew_credentials = false;
};

Verdict Judge(const AwsRequest& request, const HttpResponse& response) {
  const int status = response.status;
  if (status / 100 == 2) {
    const bool failed = request.fails_late && ErrorCode(response) != "";
    return {failed, failed, false};
  }
  if (status >= 500) return {status != 501 && status != 505, status != 501, false};
  if (status == 408) return {true, true, false};
  if (status == 429) return {true, false, false};
  const std::string code = ErrorCode(response);
  if (code == "RequestTimeout") return {true, true, false};
  if (IsOneOf(code, {"SlowDown", "ThrottlingException", "Throttling",
                     "ProvisionedThroughputExceededException", "RequestLimitExceeded",
                     "ConditionalRequestConflict", "OperationAborted", "TransactionConflictException"})) {
    return {true, false, false};
  }
  if (IsOneOf(code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}))
    return {true, false, true};
  return {};
}

std::string ErrorMessage(const HttpResponse& response) {
  if (response.body.starts_with('{')) {
    auto json = ParseJson(response.body);
    if (!json.ok()) return {};
    for (const char* name : {"message", "Message"}) {
      if (const JsonValue* found = json->Find(name)) return found->text();
    }
    return {};
  }
  auto xml = ParseXml(response.body);
  return xml.ok() ? std::string(xml->TextOf("Message")) : std::string();
}

}  // namespace

std::string ErrorCode(const HttpResponse& response) {
  if (response.body.starts_with('{')) {
    auto json = ParseJson(response.body);
    const JsonValue* type = json.ok() ? json->Find("__type") : nullptr;
    return type == nullptr ? std::string() : type->text().substr(type->text().find('#') + 1);
  }
  if (response.body.empty()) return {};
  auto xml = ParseXml(response.body);
  return xml.ok() && xml->name == "Error" ? std::string(xml->TextOf("Code")) : std::string();
}

Status ErrorOf(const HttpResponse& response, const std::string& path) {
  const std::string code = ErrorCode(response);
  std::string text = ErrorMessage(response).substr(0, kMaxErrorText);
  if (!code.empty()) text = text.empty() ? code : code + ": " + text;
  if (response.status == 404 && code != "NoSuchBucket")
    return NotFound("{}: no such object ({})", path, text);
  if (response.status == 501)
    return NotSupported("{}: the server does not implement this request ({})", path, text);
  if (response.status == 301 || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") {
    return IOError("{}: the bucket is in another region: set aws_region ({})", path, text);
  }
  return IOError("{}: status {} ({})", path, response.status, text);
}

Result<HttpRequest> AwsClient::Sign(const AwsRequest& request) {
  const std::string path = PercentEncode(endpoint_.path + request.path, true);
  const std::string query = EncodeQuery(request.query);
  HttpRequest out;
  out.method = request.method;
  out.url =
      fmt::format("{}://{}{}{}{}", endpoint_.scheme, endpoint_.host, path, query.empty() ? "" : "?", query);
  out.headers = request.headers;
  out.body = request.body;
  out.into = request.into;
  if (config_.skip_signature) return out;
  ARROW_ASSIGN_OR_RAISE(const AwsCredentials credentials, credentials_->Get());
  const bool hashes = !config_.unsigned_payload &&
                      (request.body.size() <= kMaxHashed || endpoint_.scheme == "http" || service_ != "s3");
  const std::string hash = hashes ? PayloadHash(request.body) : std::string(kUnsignedPayload);
  SignRequest({request.method, path, query, endpoint_.host, hash, service_, region_}, credentials,
              std::chrono::system_clock::now(), &out.headers);
  return out;
}

std::vector<AwsOutcome> AwsClient::Send(std::span<const AwsRequest> requests) {
  std::vector<AwsOutcome> out(requests.size(), AwsOutcome{Status::UnknownError("not sent"), false});
  std::vector<size_t> left(requests.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  const Clock::time_point start = Clock::now();
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 0;; ++attempt) {
    std::vector<HttpRequest> wave;
    for (const size_t i : left) {
      auto signed_request = Sign(requests[i]);
      if (!signed_request.ok()) {
        for (const size_t j : left) out[j].response = signed_request.status();
        return out;
      }
      wave.push_back(std::move(*signed_request));
    }
    std::vector<HttpOutcome> answers = http_->Send(wave);
    std::vector<size_t> again;
    for (size_t k = 0; k < left.size(); ++k) {
      const size_t i = left[k];
      HttpOutcome& answer = answers[k];
      Verdict verdict;
      if (answer.response.ok()) {
        verdict = Judge(requests[i], *answer.response);
        verdict.in_doubt |= answer.response->resent;
      } else {
        verdict.again = Is(answer.response.status(), ErrorKind::kIOError) &&
                        (answer.reached || attempt < kConnectRetries);
        verdict.in_doubt = answer.reached;
      }
      if (verdict.renew_credentials) {
        verdict.again = attempt == 0;
        credentials_->Forget();
      }
      out[i].in_doubt |= verdict.in_doubt;
      out[i].response = std::move(answer.response);
      if (verdict.again) again.push_back(i);
    }
    if (again.empty() || attempt >= config_.max_retries) return out;
    // A random part of the pause: writers that were turned away together do not come back together.
    const auto wait =
        pause / 2 + std::chrono::milliseconds(RandomUint64() % static_cast<uint64_t>(pause.count() / 2 + 1));
    if (Clock::now() - start + wait > config_.retry_timeout) return out;
    std::this_thread::sleep_for(wait);
    pause = std::min(pause * 2, kLongestPause);
    left = std::move(again);
  }
}

AwsOutcome AwsClient::SendOne(const AwsRequest& request) { return std::move(Send({&request, 1}).front()); }

}  // namespace lance::store
