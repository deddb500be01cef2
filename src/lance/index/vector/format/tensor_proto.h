#pragma once

// For the .cc files of this folder, which know protobuf.

#include "lance/index/vector/format/tensor.h"
#include "lance/proto/vector_index.pb.h"

namespace lance::index {

Result<Tensor> TensorFromProto(const pb::Tensor& from);
void TensorToProto(const Tensor& from, pb::Tensor* to);

}  // namespace lance::index
