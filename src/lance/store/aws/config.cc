#include "lance/store/aws/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>

namespace lance::store {
namespace {

using Names = std::initializer_list<const char*>;

std::string Changed(std::string text, int (*change)(int)) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [change](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}

// The options, then the environment's variables of the names that begin with "aws_".
class Lookup {
 public:
  explicit Lookup(const Options& options) {
    for (const auto& [key, value] : options) lower_.emplace(Changed(key, std::tolower), value);
  }

  std::string Get(Names names) const {
    for (const char* name : names) {
      if (auto found = lower_.find(name); found != lower_.end()) return found->second;
    }
    for (const char* name : names) {
      if (!std::string_view(name).starts_with("aws_")) continue;
      if (const char* value = std::getenv(Changed(name, std::toupper).c_str())) return value;
    }
    return {};
  }
  Result<bool> Flag(Names names, bool otherwise) const {
    const std::string text = Changed(Get(names), std::tolower);
    if (text.empty()) return otherwise;
    for (const char* yes : {"1", "true", "yes", "on", "y", "t"}) {
      if (text == yes) return true;
    }
    for (const char* no : {"0", "false", "no", "off", "n", "f"}) {
      if (text == no) return false;
    }
    return InvalidArgument("storage option {}: '{}' is neither true nor false", *names.begin(), text);
  }
  Status Duration(Names names, std::chrono::milliseconds* out) const {
    const std::string text = Get(names);
    if (text.empty()) return Status::OK();
    auto parsed = ParseDuration(text);
    ARROW_RETURN_NOT_OK(WithContext(parsed.status(), std::string("storage option ") + *names.begin()));
    *out = *parsed;
    return Status::OK();
  }
  Status Refuse(Names names) const {
    const std::string value = Get(names);
    if (value.empty() || Changed(value, std::tolower) == "false") return Status::OK();
    return NotSupported("storage option {}", *names.begin());
  }

 private:
  Options lower_;
};

Status SetClient(const Lookup& options, AwsConfig* out) {
  ARROW_RETURN_NOT_OK(
      options.Duration({"connect_timeout", "aws_connect_timeout"}, &out->http.connect_timeout));
  ARROW_RETURN_NOT_OK(options.Duration({"timeout", "aws_timeout"}, &out->http.total_timeout));
  out->http.proxy = options.Get({"proxy_url", "aws_proxy_url"});
  ARROW_ASSIGN_OR_RAISE(
      bool invalid, options.Flag({"allow_invalid_certificates", "aws_allow_invalid_certificates"}, false));
  out->http.verify_certificates = !invalid;
  const std::string retries = options.Get({"client_max_retries"});
  if (!retries.empty()) {
    const auto [stop, error] =
        std::from_chars(retries.data(), retries.data() + retries.size(), out->max_retries);
    LANCE_CHECK_ARG(error == std::errc() && stop == retries.data() + retries.size() && out->max_retries >= 0,
                    "storage option client_max_retries: '{}' is no number", retries);
  }
  const std::string limit = options.Get({"client_retry_timeout"});
  if (!limit.empty()) {
    // In seconds, without a unit.
    const bool plain = limit.find_first_not_of("0123456789") == limit.npos;
    auto parsed = ParseDuration(plain ? limit + "s" : limit);
    ARROW_RETURN_NOT_OK(WithContext(parsed.status(), "storage option client_retry_timeout"));
    out->retry_timeout = *parsed;
  }
  return Status::OK();
}

Status SetObjectHeaders(const Lookup& options, AwsConfig* out) {
  ARROW_RETURN_NOT_OK(options.Refuse({"aws_sse_customer_key_base64", "sse_customer_key_base64"}));
  ARROW_ASSIGN_OR_RAISE(bool payer, options.Flag({"aws_request_payer", "request_payer"}, false));
  if (payer) out->object_headers.emplace_back("x-amz-request-payer", "requester");
  std::string encryption = options.Get({"aws_server_side_encryption", "server_side_encryption"});
  const std::string key = options.Get({"aws_sse_kms_key_id", "sse_kms_key_id"});
  if (encryption.empty() && !key.empty()) encryption = "aws:kms";
  if (encryption == "sse-kms") encryption = "aws:kms";
  if (encryption == "dsse-kms") encryption = "aws:kms:dsse";
  if (encryption.empty()) return Status::OK();
  LANCE_CHECK_ARG(encryption == "AES256" || encryption == "aws:kms" || encryption == "aws:kms:dsse",
                  "storage option aws_server_side_encryption: '{}' is unknown", encryption);
  out->put_headers.emplace_back("x-amz-server-side-encryption", encryption);
  if (!key.empty()) out->put_headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", key);
  ARROW_ASSIGN_OR_RAISE(bool bucket_key,
                        options.Flag({"aws_sse_bucket_key_enabled", "sse_bucket_key_enabled"}, false));
  if (bucket_key) out->put_headers.emplace_back("x-amz-server-side-encryption-bucket-key-enabled", "true");
  return Status::OK();
}

Status CheckHttpAllowed(const Lookup& options, const std::string& endpoint) {
  if (!endpoint.starts_with("http://")) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(bool allowed, options.Flag({"allow_http", "aws_allow_http"}, true));
  LANCE_CHECK_ARG(allowed, "the endpoint {} is not https, and allow_http is false", endpoint);
  return Status::OK();
}

CredentialOptions CredentialsOf(const Lookup& options) {
  CredentialOptions out;
  out.given.key_id = options.Get({"aws_access_key_id", "access_key_id"});
  out.given.secret = options.Get({"aws_secret_access_key", "secret_access_key"});
  out.given.token = options.Get({"aws_session_token", "aws_token", "session_token", "token"});
  out.web_identity_token_file = options.Get({"aws_web_identity_token_file", "web_identity_token_file"});
  out.role_arn = options.Get({"aws_role_arn", "role_arn"});
  out.role_session_name = options.Get({"aws_role_session_name", "role_session_name"});
  out.container_relative_uri =
      options.Get({"aws_container_credentials_relative_uri", "container_credentials_relative_uri"});
  out.container_full_uri =
      options.Get({"aws_container_credentials_full_uri", "container_credentials_full_uri"});
  out.container_token_file =
      options.Get({"aws_container_authorization_token_file", "container_authorization_token_file"});
  out.metadata_endpoint =
      options.Get({"aws_metadata_endpoint", "metadata_endpoint", "aws_ec2_metadata_service_endpoint"});
  return out;
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(const std::string& text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(stop, text.data() + text.size());
  while (unit.starts_with(' ')) unit.erase(0, 1);
  double scale = 0;
  if (unit == "ms" || unit == "msec" || unit == "millis") scale = 1;
  if (unit == "s" || unit == "sec" || unit == "secs" || unit == "second" || unit == "seconds") scale = 1000;
  if (unit == "m" || unit == "min" || unit == "mins" || unit == "minute" || unit == "minutes") scale = 60'000;
  LANCE_CHECK_ARG(error == std::errc() && scale > 0 && value >= 0 && value < 1e9,
                  "'{}' is no duration such as 30s or 500ms", text);
  return std::chrono::milliseconds(static_cast<int64_t>(value * scale));
}

Result<AwsEndpoint> ParseEndpoint(const std::string& url) {
  AwsEndpoint out;
  std::string rest = url;
  if (const size_t colon = rest.find("://"); colon != rest.npos) {
    out.scheme = rest.substr(0, colon);
    rest = rest.substr(colon + 3);
  } else {
    out.scheme = "https";
  }
  const size_t slash = rest.find('/');
  out.host = rest.substr(0, slash);
  out.path = slash == rest.npos ? "" : rest.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  LANCE_CHECK_ARG((out.scheme == "https" || out.scheme == "http") && !out.host.empty() &&
                      out.host.find_first_of("@ ?#") == out.host.npos &&
                      out.path.find_first_of("?# ") == out.path.npos,
                  "'{}' is no endpoint: http(s)://host[:port] is wanted", url);
  const std::string own_port = out.scheme == "https" ? ":443" : ":80";
  if (out.host.ends_with(own_port)) out.host.resize(out.host.size() - own_port.size());
  return out;
}

Result<AwsConfig> MakeAwsConfig(const Options& given) {
  const Lookup options(given);
  AwsConfig out;
  out.region = options.Get({"aws_region", "region", "aws_default_region", "default_region"});
  out.s3_endpoint =
      options.Get({"aws_endpoint_url_s3", "aws_endpoint", "aws_endpoint_url", "endpoint", "endpoint_url"});
  out.dynamodb_endpoint = options.Get({"dynamodb_endpoint", "aws_endpoint_url_dynamodb"});
  if (const char* variable = std::getenv("DYNAMODB_ENDPOINT"); out.dynamodb_endpoint.empty() && variable) {
    out.dynamodb_endpoint = variable;
  }
  out.sts_endpoint = options.Get({"aws_endpoint_url_sts", "endpoint_url_sts"});
  ARROW_RETURN_NOT_OK(CheckHttpAllowed(options, out.s3_endpoint));
  ARROW_ASSIGN_OR_RAISE(
      out.virtual_hosted,
      options.Flag({"aws_virtual_hosted_style_request", "virtual_hosted_style_request"}, false));
  ARROW_ASSIGN_OR_RAISE(out.skip_signature, options.Flag({"aws_skip_signature", "skip_signature"}, false));
  ARROW_ASSIGN_OR_RAISE(out.unsigned_payload,
                        options.Flag({"aws_unsigned_payload", "unsigned_payload"}, false));
  const std::string put = options.Get({"aws_conditional_put", "conditional_put"});
  if (put == "disabled") {
    out.conditional_put = false;
  } else if (!put.empty() && put != "etag") {
    return NotSupported("storage option aws_conditional_put: '{}'", put);
  }
  ARROW_RETURN_NOT_OK(options.Refuse({"aws_s3_express", "s3_express"}));
  ARROW_RETURN_NOT_OK(SetClient(options, &out));
  ARROW_RETURN_NOT_OK(SetObjectHeaders(options, &out));
  out.credentials = CredentialsOf(options);
  return out;
}

}  // namespace lance::store
