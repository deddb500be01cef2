#pragma once

#include <memory>
#include <string>

#include "lance/file/file_writer.h"
#include "lance/store/object_store.h"

namespace lance::index {

/// Where the files of a new index segment go.
struct SegmentTarget {
  std::shared_ptr<store::ObjectStore> store;
  std::string folder;  ///< "_indices/<uuid>"
  file::WriteOptions files;
  store::Durability durability = store::Durability::kSync;
};

}  // namespace lance::index
