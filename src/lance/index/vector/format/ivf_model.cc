#include "lance/index/vector/format/ivf_model.h"

#include "lance/base/checked_math.h"
#include "lance/index/vector/format/tensor_proto.h"
#include "lance/proto/parse.h"

namespace lance::index {

void IvfModel::AddPartition(uint32_t length) {
  offsets.push_back(offsets.empty() ? 0 : offsets.back() + lengths.back());
  lengths.push_back(length);
}

Status IvfModel::CheckRows(uint64_t num_rows) const {
  for (size_t i = 0; i < lengths.size(); ++i) {
    LANCE_CHECK_BYTES(RangeFits(offsets[i], lengths[i], num_rows),
                      "partition {} has rows {} to {} + {}, the file has {}", i, offsets[i], offsets[i],
                      lengths[i], num_rows);
  }
  return Status::OK();
}

Result<IvfModel> ParseIvfModel(std::span<const uint8_t> bytes) {
  pb::IvfModel message;
  LANCE_CHECK_BYTES(pb::Parse(bytes, &message), "an IVF model is not a valid protobuf message ({} bytes)",
                    bytes.size());
  IvfModel out;
  out.lengths.assign(message.lengths().begin(), message.lengths().end());
  if (message.has_loss()) out.loss = message.loss();
  if (message.offsets_size() == 0) {
    uint64_t next = 0;
    for (uint32_t length : out.lengths) {
      out.offsets.push_back(next);
      next += length;
    }
  } else {
    out.offsets.assign(message.offsets().begin(), message.offsets().end());
  }
  LANCE_CHECK_BYTES(out.offsets.size() == out.lengths.size(),
                    "an IVF model has {} offsets but {} lengths of partitions", out.offsets.size(),
                    out.lengths.size());
  if (message.has_centroids_tensor()) {
    ARROW_ASSIGN_OR_RAISE(out.centroids, TensorFromProto(message.centroids_tensor()));
    // A model that was only trained has no partitions yet.
    LANCE_CHECK_BYTES(out.lengths.empty() || out.centroids->rows == out.lengths.size(),
                      "an IVF model has {} centroids but {} partitions", out.centroids->rows,
                      out.lengths.size());
  } else if (message.centroids_size() > 0) {
    const auto values = static_cast<size_t>(message.centroids_size());
    LANCE_CHECK_BYTES(!out.lengths.empty() && values % out.lengths.size() == 0,
                      "an IVF model has {} centroid values for {} partitions", values, out.lengths.size());
    out.centroids = Tensor::FromFloats({message.centroids().data(), values}, values / out.lengths.size());
  }
  return out;
}

std::string SerializeIvfModel(const IvfModel& model) {
  pb::IvfModel message;
  for (uint64_t offset : model.offsets) message.add_offsets(offset);
  for (uint32_t length : model.lengths) message.add_lengths(length);
  if (model.centroids.has_value()) TensorToProto(*model.centroids, message.mutable_centroids_tensor());
  if (model.loss.has_value()) message.set_loss(*model.loss);
  return message.SerializeAsString();
}

}  // namespace lance::index
