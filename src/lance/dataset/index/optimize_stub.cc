#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/vector_index.h"
namespace lance {
arrow::Result<std::shared_ptr<Dataset>> OptimizeIndices(const Dataset&, const OptimizeIndicesOptions&) {
  return NotSupported("optimize");
}
}  // namespace lance
