#include "lance/store/unsynced.h"

#include <map>

namespace lance::store {

void Unsynced::Add(std::shared_ptr<ObjectStore> store, std::string key) {
  std::lock_guard lock(mutex_);
  objects_.emplace_back(std::move(store), std::move(key));
}

Status Unsynced::Sync() {
  std::map<std::shared_ptr<ObjectStore>, std::vector<std::string>> by_store;
  {
    std::lock_guard lock(mutex_);
    for (auto& [store, key] : objects_) by_store[store].push_back(std::move(key));
    objects_.clear();
  }
  for (const auto& [store, keys] : by_store) ARROW_RETURN_NOT_OK(store->Sync(keys));
  return Status::OK();
}

Result<std::vector<std::string>> Unsynced::TakeParts(const ObjectStore& own) {
  std::vector<std::string> parts;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(objects_, [&](auto& object) {
      if (object.first.get() != &own) return false;
      parts.push_back(std::move(object.second));
      return true;
    });
  }
  ARROW_RETURN_NOT_OK(Sync());
  return parts;
}

}  // namespace lance::store
