#include "lance/store/aws/aws_context.h"

#include <cstdlib>
#include <map>
#include <mutex>

namespace lance::store {
namespace {

constexpr char kDefaultRegion[] = "us-west-2";  // the reference's

// What is shared in the process, by the options that made it.
template <typename T>
class Shared {
 public:
  template <typename Make>
  Result<std::shared_ptr<T>> Get(const std::string& key, Make make) {
    std::lock_guard lock(mutex_);
    if (auto found = made_.find(key); found != made_.end()) return found->second;
    if (made_.size() >= kMax) made_.clear();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<T> fresh, make());
    made_[key] = fresh;
    return fresh;
  }

 private:
  static constexpr size_t kMax = 100;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<T>> made_;
};

Result<std::shared_ptr<HttpClient>> SharedClient(const HttpOptions& options) {
  static auto* clients = new Shared<HttpClient>;  // never destroyed: threads may outlive main
  const std::string key =
      fmt::format("{}|{}|{}|{}|{}", options.connect_timeout.count(), options.stall_timeout.count(),
                  options.total_timeout.count(), options.verify_certificates, options.proxy);
  return clients->Get(key, [&] { return HttpClient::Make(options); });
}

Result<std::shared_ptr<CredentialSource>> SharedSource(const AwsConfig& config, const std::string& region) {
  static auto* sources = new Shared<CredentialSource>;
  const CredentialOptions& options = config.credentials;
  std::string key = region + "\n" + config.sts_endpoint;
  for (const std::string* part :
       {&options.given.key_id, &options.given.secret, &options.given.token, &options.web_identity_token_file,
        &options.role_arn, &options.role_session_name, &options.container_relative_uri,
        &options.container_full_uri, &options.container_token_file, &options.metadata_endpoint}) {
    key += "\n" + *part;
  }
  for (const char* name : {"HOME", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"}) {
    const char* value = std::getenv(name);
    key += std::string("\n") + (value == nullptr ? "" : value);
  }
  return sources->Get(key, [&]() -> Result<std::shared_ptr<CredentialSource>> {
    return std::make_shared<CredentialSource>(options, region, config.sts_endpoint);
  });
}

// S3 tells the region of a bucket to anyone.
Result<std::string> RegionOf(const std::string& bucket, HttpClient& http) {
  HttpRequest request;
  request.method = "HEAD";
  request.url = fmt::format("https://{}.s3.amazonaws.com/", PercentEncode(bucket, false));
  auto outcomes = http.Send({&request, 1});
  ARROW_ASSIGN_OR_RAISE(HttpResponse response, std::move(outcomes.front().response));
  const std::string_view region = response.Header("x-amz-bucket-region");
  if (!region.empty()) return std::string(region);
  if (response.status == 404) return NotFound("s3://{}: there is no such bucket", bucket);
  return IOError("s3://{}: its region is unknown (status {}): set aws_region", bucket, response.status);
}

Result<std::string> SharedRegion(const std::string& bucket, HttpClient& http) {
  static auto* regions = new Shared<std::string>;
  ARROW_ASSIGN_OR_RAISE(auto region, regions->Get(bucket, [&]() -> Result<std::shared_ptr<std::string>> {
    ARROW_ASSIGN_OR_RAISE(std::string found, RegionOf(bucket, http));
    return std::make_shared<std::string>(std::move(found));
  }));
  return *region;
}

}  // namespace

Result<AwsContext> MakeAwsContext(const Options& options, const std::string& bucket) {
  AwsContext out;
  ARROW_ASSIGN_OR_RAISE(out.config, MakeAwsConfig(options));
  ARROW_ASSIGN_OR_RAISE(out.http, SharedClient(out.config.http));
  out.region = out.config.region;
  if (out.region.empty()) out.region = ProfileValue("region");
  if (out.region.empty() && !out.config.s3_endpoint.empty()) out.region = kDefaultRegion;
  if (out.region.empty()) {
    ARROW_ASSIGN_OR_RAISE(out.region, SharedRegion(bucket, *out.http));
  }
  ARROW_ASSIGN_OR_RAISE(out.credentials, SharedSource(out.config, out.region));
  return out;
}

}  // namespace lance::store
