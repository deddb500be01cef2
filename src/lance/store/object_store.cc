#include "lance/store/object_store.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::store {

Result<std::shared_ptr<arrow::Buffer>> ReadableObject::Read(ByteRange range) {
  // Checked before the allocation: a length from a damaged file must not size a buffer.
  LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size()),
                    "{}: bytes {}..{} lie outside the file of {} bytes", path(), range.offset,
                    range.offset + range.length, size());
  ARROW_ASSIGN_OR_RAISE(auto buffer, runtime::AllocatePooled(range.length));
  ARROW_RETURN_NOT_OK(ReadInto(range, buffer->mutable_data()));
  return buffer;
}

Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadableObject::ReadMany(
    std::span<const ByteRange> ranges) {
  std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(out[i], Read(ranges[i]));
  }
  return out;
}

Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadableObject::ViewMany(
    std::span<const ByteRange> ranges) {
  return ReadMany(ranges);
}

Result<std::vector<std::string>> ObjectStore::ListNames(const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(std::vector<ObjectInfo> objects, List(folder, /*recursive=*/false));
  std::vector<std::string> names;
  names.reserve(objects.size());
  for (const ObjectInfo& object : objects) names.push_back(object.path.substr(object.path.rfind('/') + 1));
  return names;
}

}  // namespace lance::store
