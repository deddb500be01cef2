#pragma once

#include <string>

#include "lance/store/object_store.h"

namespace lance::store {

/// True for the schemes that Arrow's file systems serve: gs, az, abfss.
bool IsRemoteScheme(const std::string& scheme);

/// Opens `scheme://bucket/prefix` through Arrow's file system of that scheme, with the credentials that it
/// finds by itself. Such tables are read, not committed to.
Result<OpenedStore> OpenRemote(const std::string& scheme, const std::string& bucket_and_prefix);

}  // namespace lance::store
