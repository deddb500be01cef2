#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lance/store/object_store.h"

namespace lance::store {

/// One page of ListObjectsV2.
struct S3Listing {
  std::vector<ObjectInfo> objects;  ///< whole keys
  std::vector<std::string> prefixes;
  std::string next;  ///< the token of the next page; empty after the last
};

/// Errors: Corruption.
Result<S3Listing> ParseS3Listing(std::string_view xml);

}  // namespace lance::store
