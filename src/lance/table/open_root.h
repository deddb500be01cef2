#pragma once

#include <string>

#include "lance/base/status.h"
#include "lance/store/object_store.h"

namespace lance::table {

/// Opens the store of a table or of a folder of one: as store::OpenStore, and
/// "s3+ddb://bucket/path?ddbTableName=name", whose manifests are put through a DynamoDB table. Errors:
/// InvalidArgument for a malformed s3+ddb URI.
Result<store::OpenedStore> OpenRoot(const std::string& uri, const store::Options& options = {});

}  // namespace lance::table
