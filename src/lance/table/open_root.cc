#include "lance/table/open_root.h"

#include "lance/store/aws/s3_store.h"
#include "lance/table/dynamo_manifest.h"
#include "lance/table/external_manifest.h"

namespace lance::table {
namespace {

constexpr std::string_view kDynamoScheme = "s3+ddb://";
constexpr std::string_view kTableParameter = "ddbTableName=";

Result<store::OpenedStore> OpenWithDynamo(const std::string& uri, const store::Options& options) {
  std::string place = uri.substr(kDynamoScheme.size());
  const size_t query = place.find('?');
  std::string name = query == place.npos ? "" : place.substr(query + 1);
  LANCE_CHECK_ARG(name.starts_with(kTableParameter) && name.find('&') == name.npos,
                  "`s3+ddb://` scheme expects exactly one query `ddbTableName`: {}", uri);
  name.erase(0, kTableParameter.size());
  LANCE_CHECK_ARG(!name.empty(), "`s3+ddb://` scheme requires non empty dynamodb table name");
  place.resize(query);
  while (place.ends_with('/')) place.pop_back();
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore inner, store::OpenS3(place, options));
  const size_t slash = place.find('/');
  const std::string base_uri = slash == place.npos ? "" : place.substr(place.find_first_not_of('/', slash));
  ARROW_ASSIGN_OR_RAISE(auto context, store::MakeAwsContext(options, place.substr(0, slash)));
  ARROW_ASSIGN_OR_RAISE(auto external, OpenDynamoManifestStore(context, name));
  return store::OpenedStore{MakeExternalCommitStore(std::move(inner.store), std::move(external), base_uri),
                            fmt::format("{}{}?{}{}", kDynamoScheme, place, kTableParameter, name)};
}

}  // namespace

Result<store::OpenedStore> OpenRoot(const std::string& uri, const store::Options& options) {
  return uri.starts_with(kDynamoScheme) ? OpenWithDynamo(uri, options) : store::OpenStore(uri, options);
}

}  // namespace lance::table
