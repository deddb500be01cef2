#include "lance/index/vector/format/tensor.h"

#include <cstring>

#include <arrow/util/float16.h>

#include "lance/base/checked_math.h"
#include "lance/index/vector/format/tensor_proto.h"
#include "lance/proto/parse.h"

namespace lance::index {
namespace {

// By number in the file.
constexpr simd::Element kElements[] = {simd::Element::kBFloat16, simd::Element::kFloat16,
                                       simd::Element::kFloat32, simd::Element::kFloat64,
                                       simd::Element::kUInt8};

float FromBFloat16(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float out;
  std::memcpy(&out, &wide, sizeof(out));
  return out;
}

}  // namespace

size_t ElementSize(simd::Element element) {
  switch (element) {
    case simd::Element::kUInt8:
      return 1;
    case simd::Element::kFloat16:
    case simd::Element::kBFloat16:
      return 2;
    case simd::Element::kFloat32:
      return 4;
    default:
      return 8;
  }
}

void ConvertToFloats(simd::Element element, const void* from, size_t count, float* to) {
  switch (element) {
    case simd::Element::kFloat32:
      if (count > 0) std::memcpy(to, from, count * sizeof(float));
      return;
    case simd::Element::kFloat64: {
      const auto* values = static_cast<const double*>(from);
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(values[i]);
      return;
    }
    case simd::Element::kFloat16: {
      const auto* values = static_cast<const uint16_t*>(from);
      for (size_t i = 0; i < count; ++i) to[i] = arrow::util::Float16::FromBits(values[i]).ToFloat();
      return;
    }
    case simd::Element::kBFloat16: {
      const auto* values = static_cast<const uint16_t*>(from);
      for (size_t i = 0; i < count; ++i) to[i] = FromBFloat16(values[i]);
      return;
    }
    case simd::Element::kUInt8: {
      const auto* values = static_cast<const uint8_t*>(from);
      for (size_t i = 0; i < count; ++i) to[i] = values[i];
      return;
    }
  }
}

std::vector<float> Tensor::ToFloats() const {
  std::vector<float> out(rows * columns);
  ConvertToFloats(element, data.data(), out.size(), out.data());
  return out;
}

Tensor Tensor::FromFloats(std::span<const float> values, uint64_t columns) {
  Tensor out;
  out.columns = columns;
  out.rows = columns == 0 ? 0 : values.size() / columns;
  out.data.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return out;
}

Result<Tensor> TensorFromProto(const pb::Tensor& from) {
  LANCE_CHECK_BYTES(from.shape_size() == 2, "a tensor has {} dimensions instead of 2", from.shape_size());
  const int type = from.data_type();
  LANCE_CHECK_BYTES(type >= 0 && type <= 7, "a tensor has the unknown data type {}", type);
  if (type >= static_cast<int>(std::size(kElements))) {
    return NotSupported("tensors of data type {} in a vector index", type);
  }
  Tensor out;
  out.element = kElements[type];
  out.rows = from.shape(0);
  out.columns = from.shape(1);
  ARROW_ASSIGN_OR_RAISE(uint64_t bytes, CheckedMul(out.rows, out.columns, "tensor size"));
  ARROW_ASSIGN_OR_RAISE(bytes, CheckedMul(bytes, ElementSize(out.element), "tensor size"));
  LANCE_CHECK_BYTES(from.data().size() == bytes, "a tensor of {} x {} values has {} bytes instead of {}",
                    out.rows, out.columns, from.data().size(), bytes);
  out.data = from.data();
  return out;
}

void TensorToProto(const Tensor& from, pb::Tensor* to) {
  for (size_t i = 0; i < std::size(kElements); ++i) {
    if (kElements[i] == from.element) to->set_data_type(static_cast<int>(i));
  }
  to->add_shape(static_cast<uint32_t>(from.rows));
  to->add_shape(static_cast<uint32_t>(from.columns));
  to->set_data(from.data);
}

Result<Tensor> ParseTensor(std::span<const uint8_t> bytes) {
  pb::Tensor message;
  LANCE_CHECK_BYTES(pb::Parse(bytes, &message), "a tensor is not a valid protobuf message ({} bytes)",
                    bytes.size());
  return TensorFromProto(message);
}

std::string SerializeTensor(const Tensor& tensor) {
  pb::Tensor message;
  TensorToProto(tensor, &message);
  return message.SerializeAsString();
}

}  // namespace lance::index
