#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lance/base/status.h"
#include "lance/store/object_store.h"

namespace lance::store {

/// Objects that were written buffered and must be durable before a commit names them: synced together, and
/// with the commit's own object, they cost what one of them would. Thread-safe.
class Unsynced {
 public:
  void Add(std::shared_ptr<ObjectStore> store, std::string key);
  /// Makes all durable and forgets them. What could not be synced is forgotten too: it must not be committed.
  Status Sync();
  /// The same, but for those in `own`: the caller passes them on to PutIfAbsent.
  Result<std::vector<std::string>> TakeParts(const ObjectStore& own);

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<ObjectStore>, std::string>> objects_;
};

}  // namespace lance::store
