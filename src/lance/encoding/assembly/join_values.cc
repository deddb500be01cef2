#include "lance/encoding/assembly/join_values.h"

#include <arrow/api.h>
#include <arrow/array/concatenate.h>

#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {

Result<std::shared_ptr<arrow::ArrayData>> JoinValues(std::vector<std::shared_ptr<arrow::ArrayData>> parts,
                                                     const std::shared_ptr<arrow::DataType>& type) {
  if (parts.size() == 1) return std::move(parts[0]);
  if (parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(type));
    return empty->data();
  }
  arrow::ArrayVector arrays;
  arrays.reserve(parts.size());
  for (auto& part : parts) arrays.push_back(arrow::MakeArray(std::move(part)));
  auto joined = arrow::Concatenate(arrays, runtime::BufferPool());
  if (!joined.ok()) {
    // In practice 32-bit offsets that overflow: the caller's to fix.
    return InvalidArgument("joining {} pages of {}: {}; read fewer rows at once", arrays.size(),
                           type->ToString(), joined.status().message());
  }
  return (*joined)->data();
}

}  // namespace lance::encoding
