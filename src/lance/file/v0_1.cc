#include "lance/file/version_readers.h"
#include "lance/store/object_store.h"

namespace lance::file {

Result<std::shared_ptr<FileReader>> OpenV0_1(std::shared_ptr<store::ReadableObject> object,
                                             std::shared_ptr<arrow::Buffer>, const ReadOptions&) {
  return NotSupported("{}: file version 0.1 cannot be read yet", object->path());
}

}  // namespace lance::file
