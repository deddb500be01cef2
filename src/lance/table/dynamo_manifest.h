#pragma once

#include <memory>
#include <string>

#include "lance/store/aws/aws_context.h"
#include "lance/table/external_manifest.h"

namespace lance {
class JsonValue;
}

namespace lance::table {

/// A DynamoDB table of manifests, as the reference lays it out: hash key "base_uri" (text: the table's key in
/// its bucket), range key "version" (number); attributes "path" (the manifest's key in the bucket), "size",
/// "committer". Checks the key schema once in a process. `table` of its methods is the base_uri.
///
/// Errors: IOError when there is no such DynamoDB table or its keys are others.
Result<std::shared_ptr<ExternalManifestStore>> OpenDynamoManifestStore(const store::AwsContext& context,
                                                                       const std::string& dynamo_table);

/// One item, as GetItem and Query give it, of the Lance table at `base_uri`. Errors: Corruption.
Result<ExternalManifestStore::Row> ParseDynamoItem(const JsonValue& item, const std::string& base_uri);

}  // namespace lance::table
