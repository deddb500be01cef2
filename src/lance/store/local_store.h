#pragma once

#include <memory>
#include <string>

#include "lance/store/object_store.h"

namespace lance::store {

/// A store over a directory; `root` is an absolute path without a trailing slash. The directory need not
/// exist.
std::shared_ptr<ObjectStore> MakeLocalStore(const std::string& root);

}  // namespace lance::store
