#include "lance/store/http/http_client.h"

#include <csignal>
#include <ctime>

#include <algorithm>
#include <mutex>

#include "lance/runtime/fork.h"
#include "lance/store/http/curl_api.h"

namespace lance::store {
namespace {

constexpr long kParallelRequests = 32;
constexpr size_t kIdleConnections = 16;
// Answers that are kept in memory: objects that are read whole, listings, errors.
constexpr size_t kMaxBody = size_t{4} << 30;
constexpr int kPollMs = 1000;

// A peer that hangs up must not end the process: TLS libraries write without MSG_NOSIGNAL.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
  }
  ~SigpipeBlock() {
    const timespec zero{};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &zero) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t pipe_;
  sigset_t old_;
  bool was_pending_ = false;
};

// One request under way. Stays where it is while libcurl knows it.
struct Transfer {
  const CurlApi* api = nullptr;
  const HttpRequest* request = nullptr;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  HttpResponse response;
  size_t sent = 0;
  bool too_long = false;
  CURLcode code = CURLE_FAILED_INIT;
  std::string message = std::string(CURL_ERROR_SIZE, '\0');

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  ~Transfer() {
    if (easy != nullptr) api->easy_cleanup(easy);
    if (headers != nullptr) api->slist_free_all(headers);
  }
};

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer->response.headers.clear();  // after a "100 Continue"
  const size_t colon = line.find(':');
  if (colon == line.npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string_view value = line.substr(colon + 1);
  const size_t first = value.find_first_not_of(" \t");
  const size_t last = value.find_last_not_of(" \t\r\n");
  transfer->response.headers.emplace_back(std::move(name),
                                          first == value.npos || last == value.npos || last < first
                                              ? std::string()
                                              : std::string(value.substr(first, last - first + 1)));
  return line.size();
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  HttpResponse& response = transfer->response;
  const std::span<uint8_t> into = transfer->request->into;
  long status = 0;
  transfer->api->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (!into.empty() && status / 100 == 2) {
    if (bytes > into.size() - response.received) {
      transfer->too_long = true;
      return 0;
    }
    std::memcpy(into.data() + response.received, data, bytes);
    response.received += bytes;
    return bytes;
  }
  if (bytes > kMaxBody - response.body.size()) {
    transfer->too_long = true;
    return 0;
  }
  response.body.append(data, bytes);
  return bytes;
}

size_t OnSend(char* out, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::span<const uint8_t> body = transfer->request->body;
  const size_t bytes = std::min(size * count, body.size() - transfer->sent);
  std::memcpy(out, body.data() + transfer->sent, bytes);
  transfer->sent += bytes;
  return bytes;
}

// libcurl sends a request again when a kept connection dies under it.
int OnRewind(void* user, curl_off_t offset, int origin) {
  auto* transfer = static_cast<Transfer*>(user);
  if (origin != SEEK_SET || offset < 0 || static_cast<uint64_t>(offset) > transfer->request->body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer->response.resent = true;
  transfer->sent = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void SetMethod(const CurlApi& api, Transfer* transfer) {
  CURL* easy = transfer->easy;
  const HttpRequest& request = *transfer->request;
  if (request.method == "HEAD") {
    api.easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "PUT" || request.method == "POST") {
    api.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    api.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    api.easy_setopt(easy, CURLOPT_READFUNCTION, OnSend);
    api.easy_setopt(easy, CURLOPT_READDATA, transfer);
    api.easy_setopt(easy, CURLOPT_SEEKFUNCTION, OnRewind);
    api.easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
  }
  if (request.method != "GET") api.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

Status Prepare(const CurlApi& api, const HttpOptions& options, const HttpRequest& request,
               Transfer* transfer) {
  transfer->api = &api;
  transfer->request = &request;
  transfer->easy = api.easy_init();
  if (transfer->easy == nullptr) return ResourceExhausted("libcurl gave no handle");
  CURL* easy = transfer->easy;
  HttpHeaders headers = request.headers;
  headers.emplace_back("Expect", "");  // no round trip before the body
  for (const auto& [name, value] : headers) {
    const std::string line = name + (value.empty() ? ":" : ": " + value);
    curl_slist* longer = api.slist_append(transfer->headers, line.c_str());
    if (longer == nullptr) return ResourceExhausted("libcurl took no header");
    transfer->headers = longer;
  }
  api.easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  api.easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
  api.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  api.easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  api.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  api.easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  api.easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message.data());
  api.easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  api.easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  api.easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  api.easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  api.easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  api.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  api.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  api.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                  static_cast<long>(std::max<int64_t>(options.stall_timeout.count() / 1000, 1)));
  api.easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  if (!options.verify_certificates) {
    api.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    api.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options.proxy.empty()) api.easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  SetMethod(api, transfer);
  return Status::OK();
}

// Whether the server can have got a request that failed.
bool Reached(const CurlApi& api, const Transfer& transfer) {
  switch (transfer.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_FAILED_INIT:
      return false;
    default:
      break;
  }
  long request_bytes = 0;
  api.easy_getinfo(transfer.easy, CURLINFO_REQUEST_SIZE, &request_bytes);
  return request_bytes > 0 || transfer.sent > 0;
}

HttpOutcome Finish(const CurlApi& api, Transfer* transfer) {
  if (transfer->code == CURLE_OK) {
    long status = 0;
    api.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->response.status = static_cast<int>(status);
    return {std::move(transfer->response), true};
  }
  const std::string url = transfer->request->url.substr(0, transfer->request->url.find('?'));
  if (transfer->too_long) {
    return {Corruption("{} {}: the answer is longer than what was asked for", transfer->request->method, url),
            true};
  }
  const char* text =
      transfer->message[0] != '\0' ? transfer->message.c_str() : api.easy_strerror(transfer->code);
  return {IOError("{} {}: {}", transfer->request->method, url, text), Reached(api, *transfer)};
}

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct HttpClient::Impl {
  const CurlApi* api = nullptr;
  HttpOptions options;
  std::mutex mutex;
  std::vector<CURLM*> idle;
  uint64_t generation = runtime::ForkGeneration();

  // A forked child must not speak on its parent's connections: it leaves them alone.
  CURLM* Take() {
    std::lock_guard lock(mutex);
    if (generation != runtime::ForkGeneration()) {
      idle.clear();
      generation = runtime::ForkGeneration();
    }
    if (!idle.empty()) {
      CURLM* multi = idle.back();
      idle.pop_back();
      return multi;
    }
    CURLM* multi = api->multi_init();
    if (multi == nullptr) return nullptr;
    api->multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kParallelRequests);
    api->multi_setopt(multi, CURLMOPT_MAXCONNECTS, kParallelRequests);
    return multi;
  }
  void Return(CURLM* multi) {
    {
      std::lock_guard lock(mutex);
      if (idle.size() < kIdleConnections) {
        idle.push_back(multi);
        return;
      }
    }
    api->multi_cleanup(multi);
  }

  // Runs the transfers to their ends.
  Status Drive(CURLM* multi, std::vector<std::unique_ptr<Transfer>>& transfers) {
    for (const auto& transfer : transfers) {
      if (transfer->easy != nullptr) api->multi_add_handle(multi, transfer->easy);
    }
    CURLMcode code = CURLM_OK;
    int running = 1;
    while (running > 0 && code == CURLM_OK) {
      code = api->multi_perform(multi, &running);
      int left = 0;
      while (CURLMsg* message = api->multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        api->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->code = message->data.result;
      }
      if (running > 0 && code == CURLM_OK) code = api->multi_poll(multi, nullptr, 0, kPollMs, nullptr);
    }
    for (const auto& transfer : transfers) {
      if (transfer->easy != nullptr) api->multi_remove_handle(multi, transfer->easy);
    }
    return code == CURLM_OK ? Status::OK() : IOError("libcurl: {}", api->multi_strerror(code));
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpClient::~HttpClient() {
  if (impl_->generation != runtime::ForkGeneration()) return;
  for (CURLM* multi : impl_->idle) impl_->api->multi_cleanup(multi);
}

Result<std::shared_ptr<HttpClient>> HttpClient::Make(HttpOptions options) {
  auto impl = std::make_unique<Impl>();
  ARROW_ASSIGN_OR_RAISE(impl->api, LoadCurl());
  impl->options = std::move(options);
  return std::shared_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

std::vector<HttpOutcome> HttpClient::Send(std::span<const HttpRequest> requests) {
  std::vector<HttpOutcome> out;
  out.reserve(requests.size());
  std::vector<std::unique_ptr<Transfer>> transfers;
  transfers.reserve(requests.size());
  Status failed;
  for (const HttpRequest& request : requests) {
    transfers.push_back(std::make_unique<Transfer>());
    if (failed.ok()) failed = Prepare(*impl_->api, impl_->options, request, transfers.back().get());
  }
  CURLM* multi = failed.ok() ? impl_->Take() : nullptr;
  if (failed.ok() && multi == nullptr) failed = ResourceExhausted("libcurl gave no handle");
  if (!failed.ok()) {
    for (size_t i = 0; i < requests.size(); ++i) out.push_back({failed, false});
    return out;
  }
  {
    const SigpipeBlock block;
    failed = impl_->Drive(multi, transfers);
    for (const auto& transfer : transfers) {
      // Of one that did not end for a failure of the whole, nothing is known.
      const bool ended = failed.ok() || transfer->code != CURLE_FAILED_INIT;
      out.push_back(ended ? Finish(*impl_->api, transfer.get()) : HttpOutcome{failed, true});
    }
    transfers.clear();
    if (failed.ok()) {
      impl_->Return(multi);
    } else {
      impl_->api->multi_cleanup(multi);
    }
  }
  return out;
}

}  // namespace lance::store
