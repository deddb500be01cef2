#include "lance/store/aws/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "lance/base/json.h"
#include "lance/store/aws/times.h"
#include "lance/store/aws/xml.h"
#include "lance/store/http/http_client.h"

namespace lance::store {
namespace {

constexpr std::chrono::minutes kRenewBefore{5};
constexpr char kMetadata[] = "http://169.254.169.254";
constexpr char kContainer[] = "http://169.254.170.2";
constexpr char kRolePath[] = "/latest/meta-data/iam/security-credentials/";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

Result<std::string> ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return IOError("{}: cannot be read", path);
  return Trim(text.str());
}

// The value of `key` in `[section]` of an INI file; empty when there is none.
std::string IniValue(const std::string& path, const std::string& section, std::string_view key) {
  std::ifstream in(path);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::string text = Trim(line);
    if (text.starts_with('[')) {
      inside = text == "[" + section + "]";
      continue;
    }
    const size_t equals = text.find('=');
    if (inside && equals != text.npos && Trim(text.substr(0, equals)) == key)
      return Trim(text.substr(equals + 1));
  }
  return {};
}

// One request to a service of the machine or to STS; the body of its answer.
Result<std::string> Ask(const std::string& method, const std::string& url, HttpHeaders headers,
                        bool is_local) {
  HttpOptions options;
  options.connect_timeout = std::chrono::milliseconds(is_local ? 1000 : 5000);
  options.total_timeout = std::chrono::milliseconds(is_local ? 5000 : 30000);
  ARROW_ASSIGN_OR_RAISE(auto client, HttpClient::Make(options));
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers = std::move(headers);
  auto outcomes = client->Send({&request, 1});
  ARROW_ASSIGN_OR_RAISE(HttpResponse response, std::move(outcomes.front().response));
  if (response.status / 100 != 2) {
    return IOError("{} {}: status {}", method, url.substr(0, url.find('?')), response.status);
  }
  return std::move(response.body);
}

Result<std::optional<ExpiringCredentials>> FromProfile() {
  ExpiringCredentials out;
  out.keys.key_id = ProfileValue("aws_access_key_id");
  out.keys.secret = ProfileValue("aws_secret_access_key");
  out.keys.token = ProfileValue("aws_session_token");
  if (!out.keys.key_id.empty() && !out.keys.secret.empty()) return out;
  for (const char* key : {"sso_session", "sso_start_url", "credential_process", "source_profile"}) {
    if (!ProfileValue(key).empty()) return NotSupported("AWS credentials of a profile with {}", key);
  }
  return std::nullopt;
}

Result<ExpiringCredentials> FromWebIdentity(const CredentialOptions& options, const std::string& region,
                                            const std::string& endpoint) {
  ARROW_ASSIGN_OR_RAISE(std::string token, ReadText(options.web_identity_token_file));
  const std::string session = options.role_session_name.empty() ? "lance" : options.role_session_name;
  const std::string base = !endpoint.empty() ? endpoint
                           : region.empty()  ? std::string("https://sts.amazonaws.com")
                                             : fmt::format("https://sts.{}.amazonaws.com", region);
  const std::string url = base + "/?" +
                          EncodeQuery({{"Action", "AssumeRoleWithWebIdentity"},
                                       {"Version", "2011-06-15"},
                                       {"RoleArn", options.role_arn},
                                       {"RoleSessionName", session},
                                       {"WebIdentityToken", token}});
  ARROW_ASSIGN_OR_RAISE(std::string answer, Ask("POST", url, {}, false));
  return ParseCredentialsXml(answer);
}

Result<ExpiringCredentials> FromContainer(const CredentialOptions& options) {
  HttpHeaders headers;
  std::string token = Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (!options.container_token_file.empty()) {
    ARROW_ASSIGN_OR_RAISE(token, ReadText(options.container_token_file));
  }
  if (!token.empty()) headers.emplace_back("Authorization", token);
  const std::string url = options.container_full_uri.empty() ? kContainer + options.container_relative_uri
                                                             : options.container_full_uri;
  ARROW_ASSIGN_OR_RAISE(std::string answer, Ask("GET", url, std::move(headers), true));
  return ParseCredentialsJson(answer);
}

Result<ExpiringCredentials> FromMetadata(const CredentialOptions& options) {
  const std::string base = options.metadata_endpoint.empty() ? kMetadata : options.metadata_endpoint;
  ARROW_ASSIGN_OR_RAISE(std::string token, Ask("PUT", base + "/latest/api/token",
                                               {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}, true));
  const HttpHeaders headers{{"X-aws-ec2-metadata-token", token}};
  ARROW_ASSIGN_OR_RAISE(std::string roles, Ask("GET", base + kRolePath, headers, true));
  const std::string role = Trim({roles.begin(), std::find(roles.begin(), roles.end(), '\n')});
  if (role.empty()) return NotFound("this machine has no role");
  ARROW_ASSIGN_OR_RAISE(std::string answer,
                        Ask("GET", base + kRolePath + PercentEncode(role, false), headers, true));
  return ParseCredentialsJson(answer);
}

Result<ExpiringCredentials> Checked(ExpiringCredentials found, std::string_view expiration) {
  LANCE_CHECK_BYTES(!found.keys.key_id.empty() && !found.keys.secret.empty(), "the answer has no keys");
  // They are signed into headers.
  for (const std::string* text : {&found.keys.key_id, &found.keys.secret, &found.keys.token}) {
    LANCE_CHECK_BYTES(text->find_first_of(std::string_view("\r\n\0", 3)) == text->npos,
                      "the answer has keys of several lines");
  }
  found.expires = ParseIsoTime(expiration);
  return found;
}

}  // namespace

std::string ProfileValue(std::string_view key) {
  const std::string home = Environment("HOME");
  const std::string variable = Environment("AWS_PROFILE");
  const std::string profile = variable.empty() ? "default" : variable;
  std::string path = Environment("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty()) path = home + "/.aws/credentials";
  std::string value = IniValue(path, profile, key);
  if (!value.empty()) return value;
  path = Environment("AWS_CONFIG_FILE");
  if (path.empty()) path = home + "/.aws/config";
  return IniValue(path, profile == "default" ? profile : "profile " + profile, key);
}

Result<ExpiringCredentials> ParseCredentialsJson(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(JsonValue json, ParseJson(text));
  auto member = [&](const char* name) {
    const JsonValue* found = json.Find(name);
    return found != nullptr && found->kind() == JsonValue::Kind::kString ? found->text() : std::string();
  };
  ExpiringCredentials out;
  out.keys = {member("AccessKeyId"), member("SecretAccessKey"), member("Token")};
  return Checked(std::move(out), member("Expiration"));
}

Result<ExpiringCredentials> ParseCredentialsXml(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(XmlElement root, ParseXml(text));
  const XmlElement* result = root.Find("AssumeRoleWithWebIdentityResult");
  const XmlElement* keys = result == nullptr ? nullptr : result->Find("Credentials");
  LANCE_CHECK_BYTES(keys != nullptr, "STS answered no credentials");
  ExpiringCredentials out;
  out.keys = {std::string(keys->TextOf("AccessKeyId")), std::string(keys->TextOf("SecretAccessKey")),
              std::string(keys->TextOf("SessionToken"))};
  return Checked(std::move(out), keys->TextOf("Expiration"));
}

Result<ExpiringCredentials> CredentialSource::Find() const {
  if (!options_.given.key_id.empty() && !options_.given.secret.empty())
    return ExpiringCredentials{options_.given, {}};
  LANCE_CHECK_ARG(options_.given.key_id.empty() == options_.given.secret.empty(),
                  "aws_access_key_id and aws_secret_access_key go together");
  ARROW_ASSIGN_OR_RAISE(auto profile, FromProfile());
  if (profile) return *profile;
  if (!options_.web_identity_token_file.empty() && !options_.role_arn.empty()) {
    return WithContext(FromWebIdentity(options_, region_, sts_endpoint_), "AWS credentials by web identity");
  }
  if (!options_.container_relative_uri.empty() || !options_.container_full_uri.empty()) {
    return WithContext(FromContainer(options_), "AWS credentials of the container");
  }
  Status metadata = NotFound("disabled");
  if (Environment("AWS_EC2_METADATA_DISABLED") != "true") {
    auto found = FromMetadata(options_);
    if (found.ok()) return found;
    metadata = found.status();
  }
  return InvalidArgument(
      "no AWS credentials: neither in the storage options (aws_access_key_id, aws_secret_access_key), nor in "
      "the environment, nor in ~/.aws, nor of a web identity, a container or this EC2 machine ({}); "
      "aws_skip_signature=true reads public buckets",
      metadata.message());
}

Result<AwsCredentials> CredentialSource::Get() {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::system_clock::now();
  if (known_ && (!known_->expires || now + kRenewBefore < *known_->expires)) return known_->keys;
  auto found = Find();
  if (found.ok()) {
    known_ = *found;
  } else if (!known_ || now >= *known_->expires) {
    return found.status();  // else the old ones do for a while
  }
  return known_->keys;
}

void CredentialSource::Forget() {
  std::lock_guard lock(mutex_);
  known_.reset();
}

}  // namespace lance::store
