// Amazon DynamoDB API reference: DescribeTable, GetItem, PutItem, Query, over JSON 1.0.
#include "lance/table/dynamo_manifest.h"

#include <charconv>
#include <mutex>
#include <set>

#include "lance/base/json.h"

namespace lance::table {
namespace {

constexpr char kCommitter[] = "lance-cpp";
constexpr char kConditionFailed[] = "ConditionalCheckFailedException";

// {"S":"text"} or {"N":"12"}: the text of either.
std::optional<std::string> Attribute(const JsonValue& item, std::string_view name, std::string_view type) {
  const JsonValue* attribute = item.Find(name);
  const JsonValue* value = attribute == nullptr ? nullptr : attribute->Find(type);
  if (value == nullptr || value->kind() != JsonValue::Kind::kString) return std::nullopt;
  return value->text();
}

std::optional<uint64_t> ParseNumber(const std::string& text) {
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

class DynamoManifestStore : public ExternalManifestStore {
 public:
  DynamoManifestStore(std::unique_ptr<store::AwsClient> client, std::string dynamo_table)
      : client_(std::move(client)), dynamo_table_(std::move(dynamo_table)) {}

  Result<std::optional<Row>> Get(const std::string& table, uint64_t version) override {
    ARROW_ASSIGN_OR_RAISE(
        JsonValue answer,
        Ask("GetItem", fmt::format(R"({{"TableName":{},"ConsistentRead":true,"Key":{{{}}}}})",
                                   QuoteJson(dynamo_table_), KeyOf(table, version))));
    const JsonValue* item = answer.Find("Item");
    if (item == nullptr) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Row row, Parsed(*item, table));
    return row;
  }

  Result<std::optional<Row>> GetLatest(const std::string& table) override {
    ARROW_ASSIGN_OR_RAISE(
        JsonValue answer,
        Ask("Query",
            fmt::format(
                R"({{"TableName":{},"ConsistentRead":true,"KeyConditionExpression":"base_uri = :base_uri",)"
                R"("ExpressionAttributeValues":{{":base_uri":{{"S":{}}}}},"ScanIndexForward":false,"Limit":1}})",
                QuoteJson(dynamo_table_), QuoteJson(table))));
    const JsonValue* items = answer.Find("Items");
    LANCE_CHECK_BYTES(
        items != nullptr && items->kind() == JsonValue::Kind::kArray && items->items().size() <= 1,
        "DynamoDB {}: not one newest version of {}", dynamo_table_, table);
    if (items->items().empty()) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Row row, Parsed(items->items().front(), table));
    return row;
  }

  Status PutIfAbsent(const std::string& table, const Row& row) override {
    ARROW_ASSIGN_OR_RAISE(
        bool put, Put(table, row, "attribute_not_exists(base_uri) AND attribute_not_exists(version)"));
    return put ? Status::OK() : AlreadyExists("version {} of {} exists", row.version, table);
  }
  Status Replace(const std::string& table, const Row& row) override {
    ARROW_ASSIGN_OR_RAISE(bool put,
                          Put(table, row, "attribute_exists(base_uri) AND attribute_exists(version)"));
    return put ? Status::OK() : NotFound("version {} of {} does not exist", row.version, table);
  }

  // The keys that the reference expects.
  Status CheckSchema() {
    ARROW_ASSIGN_OR_RAISE(JsonValue answer, Ask("DescribeTable", fmt::format(R"({{"TableName":{}}})",
                                                                             QuoteJson(dynamo_table_))));
    const JsonValue* table = answer.Find("Table");
    const JsonValue* schema = table == nullptr ? nullptr : table->Find("KeySchema");
    std::set<std::string> keys;
    if (schema != nullptr) {
      for (const JsonValue& key : schema->items()) {
        const JsonValue* name = key.Find("AttributeName");
        const JsonValue* type = key.Find("KeyType");
        if (name != nullptr && type != nullptr) keys.insert(type->text() + " " + name->text());
      }
    }
    if (keys == std::set<std::string>{"HASH base_uri", "RANGE version"}) return Status::OK();
    return IOError("DynamoDB table {} must have HASH and RANGE keys, named `base_uri` and `version`",
                   dynamo_table_);
  }

 private:
  static std::string KeyOf(const std::string& table, uint64_t version) {
    return fmt::format(R"("base_uri":{{"S":{}}},"version":{{"N":"{}"}})", QuoteJson(table), version);
  }

  Result<Row> Parsed(const JsonValue& item, const std::string& table) const {
    return WithContext(ParseDynamoItem(item, table), "DynamoDB " + dynamo_table_);
  }

  // False when the condition does not hold.
  Result<bool> Put(const std::string& table, const Row& row, const std::string& condition) {
    const std::string size = row.size ? fmt::format(R"(,"size":{{"N":"{}"}})", *row.size) : std::string();
    const std::string path = table.empty() ? row.path : table + "/" + row.path;
    const auto answer =
        Ask("PutItem", fmt::format(R"({{"TableName":{},"ConditionExpression":"{}",)"
                                   R"("Item":{{{},"path":{{"S":{}}},"committer":{{"S":"{}"}}{}}}}})",
                                   QuoteJson(dynamo_table_), condition, KeyOf(table, row.version),
                                   QuoteJson(path), kCommitter, size));
    if (Is(answer.status(), ErrorKind::kAlreadyExists)) return false;
    ARROW_RETURN_NOT_OK(answer.status());
    return true;
  }

  // AlreadyExists stands for a condition that does not hold.
  Result<JsonValue> Ask(const std::string& operation, const std::string& json) {
    store::AwsRequest request;
    request.method = "POST";
    request.path = "/";
    request.headers = {{"content-type", "application/x-amz-json-1.0"},
                       {"x-amz-target", "DynamoDB_20120810." + operation}};
    request.body = {reinterpret_cast<const uint8_t*>(json.data()), json.size()};
    const store::AwsOutcome outcome = client_->SendOne(request);
    const std::string context = fmt::format("DynamoDB {} {}", dynamo_table_, operation);
    ARROW_RETURN_NOT_OK(WithContext(outcome.response.status(), context));
    const store::HttpResponse& response = *outcome.response;
    if (response.status / 100 == 2) return WithContext(ParseJson(response.body), context);
    if (store::ErrorCode(response) == kConditionFailed) return AlreadyExists("{}", context);
    return store::ErrorOf(response, context);
  }

  const std::unique_ptr<store::AwsClient> client_;
  const std::string dynamo_table_;
};

}  // namespace

Result<ExternalManifestStore::Row> ParseDynamoItem(const JsonValue& item, const std::string& base_uri) {
  ExternalManifestStore::Row out;
  const auto version = Attribute(item, "version", "N");
  const auto number = version ? ParseNumber(*version) : std::nullopt;
  LANCE_CHECK_BYTES(number.has_value(), "an item of {} has no version", base_uri);
  out.version = *number;
  const auto path = Attribute(item, "path", "S");
  const std::string folder = base_uri.empty() ? std::string() : base_uri + "/";
  LANCE_CHECK_BYTES(path && path->starts_with(folder) && path->size() > folder.size(),
                    "version {} of {} has the path '{}'", out.version, base_uri, path.value_or(""));
  out.path = path->substr(folder.size());
  if (item.Find("size") != nullptr) {
    const auto size = Attribute(item, "size", "N");
    out.size = size ? ParseNumber(*size) : std::nullopt;
    LANCE_CHECK_BYTES(out.size.has_value(), "version {} of {} has a size that is no number", out.version,
                      base_uri);
  }
  return out;
}

Result<std::shared_ptr<ExternalManifestStore>> OpenDynamoManifestStore(const store::AwsContext& context,
                                                                       const std::string& dynamo_table) {
  const std::string& given = context.config.dynamodb_endpoint;
  const std::string url =
      given.empty() ? fmt::format("https://dynamodb.{}.amazonaws.com", context.region) : given;
  ARROW_ASSIGN_OR_RAISE(store::AwsEndpoint endpoint, store::ParseEndpoint(url));
  auto client = std::make_unique<store::AwsClient>("dynamodb", endpoint, context.region, context.config,
                                                   context.credentials, context.http);
  auto out = std::make_shared<DynamoManifestStore>(std::move(client), dynamo_table);
  static std::mutex mutex;
  static auto* checked = new std::set<std::string>;
  const std::string key = url + " " + dynamo_table;
  {
    std::lock_guard lock(mutex);
    if (checked->contains(key)) return out;
  }
  ARROW_RETURN_NOT_OK(out->CheckSchema());
  std::lock_guard lock(mutex);
  checked->insert(key);
  return out;
}

}  // namespace lance::table
