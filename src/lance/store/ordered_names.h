#pragma once

#include <string>
#include <vector>

#include "lance/base/status.h"

namespace lance::store {

/// What stores that list in order can do besides being an ObjectStore.
class OrderedNames {
 public:
  virtual ~OrderedNames() = default;
  /// The first names (some tens) directly below `folder`, sorted, in one request. `all` says whether there
  /// are no more.
  virtual Result<std::vector<std::string>> FirstNames(const std::string& folder, bool* all) = 0;
};

}  // namespace lance::store
