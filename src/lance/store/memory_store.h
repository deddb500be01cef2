#pragma once

#include <memory>
#include <string>

#include "lance/store/object_store.h"

namespace lance::store {

/// A store whose objects live in the process, shared by everyone who opens the same `root` (or one above or
/// below it).
std::shared_ptr<ObjectStore> MakeMemoryStore(const std::string& root);

/// An object over bytes in memory, for tests, fuzzing and small files read whole. Zero-copy: Read slices
/// `bytes`.
std::shared_ptr<ReadableObject> MakeMemoryObject(std::string path, std::shared_ptr<arrow::Buffer> bytes);

}  // namespace lance::store
