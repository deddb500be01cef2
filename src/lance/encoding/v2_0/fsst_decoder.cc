#include <arrow/api.h>

#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/compound_decoders.h"

namespace lance::encoding::v2_0 {

Result<ArrayDecoderPtr> MakeFsstDecoder(ArrayDecoderPtr, std::shared_ptr<arrow::DataType>,
                                        const std::string&) {
  return NotSupported("array encoding fsst");
}

}  // namespace lance::encoding::v2_0
