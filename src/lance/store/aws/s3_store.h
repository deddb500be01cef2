#pragma once

#include <string>

#include "lance/store/aws/aws_context.h"
#include "lance/store/object_store.h"

namespace lance::store {

/// The store below "s3://<bucket_and_prefix>", over signed HTTP. Storage options follow the reference's
/// names: see AwsConfig.
Result<OpenedStore> OpenS3(const std::string& bucket_and_prefix, const Options& options);

}  // namespace lance::store
