// Amazon S3 API reference: GetObject, HeadObject, ListObjectsV2, PutObject, CopyObject, multipart uploads.
#include "lance/store/aws/s3_bucket.h"

#include <charconv>

#include "lance/base/commit_error.h"
#include "lance/store/aws/times.h"
#include "lance/store/aws/xml.h"

namespace lance::store {
namespace {

std::string RangeHeader(ByteRange range) {
  return fmt::format("bytes={}-{}", range.offset, range.offset + range.length - 1);
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

S3Bucket::S3Bucket(std::string bucket, std::string prefix, AwsConfig config,
                   std::unique_ptr<AwsClient> client)
    : bucket_(std::move(bucket)),
      prefix_(std::move(prefix)),
      config_(std::move(config)),
      client_(std::move(client)) {}

Result<std::shared_ptr<S3Bucket>> S3Bucket::Make(const AwsContext& context, const std::string& bucket) {
  LANCE_CHECK_ARG(!bucket.empty() && bucket.find_first_of("?#@: ") == bucket.npos,
                  "'{}' is no name of a bucket", bucket);
  if (bucket.ends_with("--x-s3")) return NotSupported("s3://{}: S3 Express buckets", bucket);
  const bool own_endpoint = context.config.s3_endpoint.empty();
  ARROW_ASSIGN_OR_RAISE(
      AwsEndpoint endpoint,
      ParseEndpoint(own_endpoint ? fmt::format("https://s3.{}.amazonaws.com", context.region)
                                 : context.config.s3_endpoint));
  std::string prefix = "/" + bucket;
  if (context.config.virtual_hosted) {
    // An endpoint of the user's already names the bucket.
    if (own_endpoint) endpoint.host = bucket + "." + endpoint.host;
    prefix.clear();
  }
  auto client = std::make_unique<AwsClient>("s3", endpoint, context.region, context.config,
                                            context.credentials, context.http);
  return std::shared_ptr<S3Bucket>(new S3Bucket(bucket, prefix, context.config, std::move(client)));
}

AwsRequest S3Bucket::Request(std::string method, const std::string& key) const {
  AwsRequest out;
  out.method = std::move(method);
  out.path = Path(key);
  out.headers = config_.object_headers;
  return out;
}

AwsRequest S3Bucket::Making(std::string method, const std::string& key) const {
  AwsRequest out = Request(std::move(method), key);
  out.headers.insert(out.headers.end(), config_.put_headers.begin(), config_.put_headers.end());
  return out;
}

Result<HttpResponse> S3Bucket::Expect2xx(const AwsRequest& request, const std::string& key) {
  AwsOutcome outcome = client_->SendOne(request);
  ARROW_RETURN_NOT_OK(WithContext(outcome.response.status(), Uri(key)));
  const bool failed_late = request.fails_late && !ErrorCode(*outcome.response).empty();
  if (outcome.response->status / 100 != 2 || failed_late) return ErrorOf(*outcome.response, Uri(key));
  return std::move(outcome.response);
}

Result<std::string> S3Bucket::Get(const std::string& key) {
  auto response = Expect2xx(Request("GET", key), key);
  counters_.Read(response.ok() ? response->body.size() : 0);
  ARROW_RETURN_NOT_OK(response.status());
  return std::move(response->body);
}

Result<S3Tail> S3Bucket::GetTail(const std::string& key, uint64_t bytes) {
  AwsRequest request = Request("GET", key);
  request.headers.emplace_back("Range", fmt::format("bytes=-{}", bytes));
  AwsOutcome outcome = client_->SendOne(request);
  const bool got = outcome.response.ok() && outcome.response->status / 100 == 2;
  counters_.Read(got ? outcome.response->body.size() : 0);
  ARROW_RETURN_NOT_OK(WithContext(outcome.response.status(), Uri(key)));
  HttpResponse& response = *outcome.response;
  if (response.status == 416) return S3Tail{};  // an empty object has no last bytes
  if (!got) return ErrorOf(response, Uri(key));
  S3Tail out{std::move(response.body), 0};
  out.size = out.bytes.size();
  if (response.status == 206) {
    const std::string_view range = response.Header("content-range");  // "bytes 5-9/10"
    const auto total = ParseNumber(range.substr(std::min(range.rfind('/'), range.size() - 1) + 1));
    LANCE_CHECK_BYTES(total && *total >= out.size && out.size == std::min(*total, bytes),
                      "{}: the last {} bytes were asked for, {} arrived as '{}'", Uri(key), bytes, out.size,
                      range);
    out.size = *total;
  }
  return out;
}

Status S3Bucket::GetRanges(const std::string& key, std::span<const ByteRange> ranges,
                           std::span<const std::span<uint8_t>> into) {
  std::vector<AwsRequest> requests;
  std::vector<size_t> places;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].length == 0) continue;
    requests.push_back(Request("GET", key));
    requests.back().headers.emplace_back("Range", RangeHeader(ranges[i]));
    requests.back().into = into[i];
    places.push_back(i);
  }
  const std::vector<AwsOutcome> outcomes = client_->Send(requests);
  for (size_t k = 0; k < outcomes.size(); ++k) {
    const ByteRange range = ranges[places[k]];
    counters_.Read(range.length);
    ARROW_RETURN_NOT_OK(WithContext(outcomes[k].response.status(), Uri(key)));
    const HttpResponse& response = *outcomes[k].response;
    if (response.status / 100 != 2 && response.status != 416) return ErrorOf(response, Uri(key));
    if (response.status == 416 || response.received != range.length) {
      return Corruption("{}: {} bytes at {} wanted, {} arrived", Uri(key), range.length, range.offset,
                        response.received);
    }
  }
  return Status::OK();
}

Result<ObjectInfo> S3Bucket::Head(const std::string& key) {
  counters_.Read(0);
  ARROW_ASSIGN_OR_RAISE(HttpResponse response, Expect2xx(Request("HEAD", key), key));
  const auto size = ParseNumber(response.Header("content-length"));
  const auto modified = ParseHttpTime(response.Header("last-modified"));
  LANCE_CHECK_BYTES(size && modified, "{}: the server says neither size nor time ('{}', '{}')", Uri(key),
                    response.Header("content-length"), response.Header("last-modified"));
  return ObjectInfo{key, *size, *modified};
}

Result<S3Listing> S3Bucket::ListPage(const std::string& prefix, bool recursive, const std::string& token,
                                     int max_keys) {
  counters_.Read(0);
  AwsRequest request;
  request.path = prefix_.empty() ? "/" : prefix_;
  request.headers = config_.object_headers;
  request.query = {{"list-type", "2"}, {"prefix", prefix}};
  if (!recursive) request.query.emplace_back("delimiter", "/");
  if (!token.empty()) request.query.emplace_back("continuation-token", token);
  if (max_keys > 0) request.query.emplace_back("max-keys", std::to_string(max_keys));
  ARROW_ASSIGN_OR_RAISE(HttpResponse response, Expect2xx(request, prefix));
  return WithContext(ParseS3Listing(response.body), Uri(prefix));
}

Status S3Bucket::Put(const std::string& key, std::span<const uint8_t> bytes) {
  counters_.Write(bytes.size());
  AwsRequest request = Making("PUT", key);
  request.body = bytes;
  return Expect2xx(request, key).status();
}

Status S3Bucket::PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes) {
  if (!config_.conditional_put)
    return NotSupported("{}: conditional writes, with aws_conditional_put=disabled", Uri(key));
  counters_.Write(bytes.size());
  AwsRequest request = Making("PUT", key);
  request.headers.emplace_back("If-None-Match", "*");
  request.body = bytes;
  const AwsOutcome outcome = client_->SendOne(request);
  if (outcome.response.ok() && outcome.response->status / 100 == 2) return Status::OK();
  const bool exists = outcome.response.ok() && outcome.response->status == 412;
  const Status failed = exists                  ? AlreadyExists("{} exists", Uri(key))
                        : outcome.response.ok() ? ErrorOf(*outcome.response, Uri(key))
                                                : WithContext(outcome.response.status(), Uri(key));
  return outcome.in_doubt ? Settle(key, bytes, failed.message()) : failed;
}

Status S3Bucket::Settle(const std::string& key, std::span<const uint8_t> bytes, const std::string& why) {
  const auto there = Get(key);
  if (there.ok()) {
    const std::span<const uint8_t> stored = BytesOf(*there);
    if (std::equal(stored.begin(), stored.end(), bytes.begin(), bytes.end())) return Status::OK();
    return AlreadyExists("{} exists", Uri(key));
  }
  // Absent now: the request may be on its way still.
  return CommitStateUnknown("{}: written or not, the server does not tell: {}; read back: {}", Uri(key), why,
                            there.status().message());
}

Status S3Bucket::Delete(const std::string& key) {
  counters_.Write(0);
  const Status status = Expect2xx(Request("DELETE", key), key).status();
  return Is(status, ErrorKind::kNotFound) ? Status::OK() : status;
}

Status S3Bucket::Copy(const std::string& from, const std::string& to) {
  counters_.Write(0);
  AwsRequest request = Making("PUT", to);
  request.headers.emplace_back("x-amz-copy-source", PercentEncode(bucket_ + "/" + from, true));
  request.fails_late = true;
  return Expect2xx(request, from).status();
}

Result<std::string> S3Bucket::BeginUpload(const std::string& key) {
  counters_.Write(0);
  AwsRequest request = Making("POST", key);
  request.query = {{"uploads", ""}};
  ARROW_ASSIGN_OR_RAISE(HttpResponse response, Expect2xx(request, key));
  ARROW_ASSIGN_OR_RAISE(XmlElement root, WithContext(ParseXml(response.body), Uri(key)));
  std::string id(root.TextOf("UploadId"));
  LANCE_CHECK_BYTES(!id.empty(), "{}: an upload was begun without an id", Uri(key));
  return id;
}

Result<std::vector<std::string>> S3Bucket::PutParts(const std::string& key, const std::string& upload,
                                                    int first_number,
                                                    std::span<const std::span<const uint8_t>> parts) {
  std::vector<AwsRequest> requests;
  for (size_t i = 0; i < parts.size(); ++i) {
    counters_.Write(parts[i].size());
    AwsRequest request = Request("PUT", key);
    request.query = {{"partNumber", std::to_string(first_number + static_cast<int>(i))},
                     {"uploadId", upload}};
    request.body = parts[i];
    requests.push_back(std::move(request));
  }
  std::vector<std::string> tags;
  for (const AwsOutcome& outcome : client_->Send(requests)) {
    ARROW_RETURN_NOT_OK(WithContext(outcome.response.status(), Uri(key)));
    if (outcome.response->status / 100 != 2) return ErrorOf(*outcome.response, Uri(key));
    tags.emplace_back(outcome.response->Header("etag"));
    LANCE_CHECK_BYTES(!tags.back().empty(), "{}: a part was stored without a tag", Uri(key));
  }
  return tags;
}

Status S3Bucket::CompleteUpload(const std::string& key, const std::string& upload,
                                const std::vector<std::string>& tags) {
  counters_.Write(0);
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < tags.size(); ++i) {
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, EscapeXml(tags[i]));
  }
  xml += "</CompleteMultipartUpload>";
  AwsRequest request = Request("POST", key);
  request.query = {{"uploadId", upload}};
  request.body = BytesOf(xml);
  request.fails_late = true;
  AwsOutcome outcome = client_->SendOne(request);
  ARROW_RETURN_NOT_OK(WithContext(outcome.response.status(), Uri(key)));
  const HttpResponse& response = *outcome.response;
  if (response.status / 100 == 2 && ErrorCode(response).empty()) return Status::OK();
  // An attempt without an answer completed it: the upload is no more, the object is there.
  if (outcome.in_doubt && ErrorCode(response) == "NoSuchUpload") return Head(key).status();
  return ErrorOf(response, Uri(key));
}

void S3Bucket::AbortUpload(const std::string& key, const std::string& upload) {
  counters_.Write(0);
  AwsRequest request = Request("DELETE", key);
  request.query = {{"uploadId", upload}};
  (void)client_->SendOne(request);
}

}  // namespace lance::store
