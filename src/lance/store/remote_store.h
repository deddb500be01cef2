#pragma once

#include <string>

#include "lance/store/object_store.h"

namespace lance::store {

/// True for the schemes that Arrow's file systems serve: s3, gs, az, abfss.
bool IsRemoteScheme(const std::string& scheme);

/// Opens `scheme://bucket/prefix` through Arrow's file system of that scheme. Storage options follow the
/// reference's names (aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region, aws_endpoint,
/// allow_http, ...).
Result<OpenedStore> OpenRemote(const std::string& scheme, const std::string& bucket_and_prefix,
                               const Options& options);

}  // namespace lance::store
