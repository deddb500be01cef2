#include "lance/index/vector/build/narrow_tensor.h"

#include <cstring>

#include <arrow/util/float16.h>

namespace lance::index {

Tensor NarrowTensor(std::span<const float> values, uint64_t columns, simd::Element element) {
  if (element != simd::Element::kFloat16 && element != simd::Element::kFloat64) {
    return Tensor::FromFloats(values, columns);
  }
  Tensor out;
  out.element = element;
  out.rows = values.size() / columns;
  out.columns = columns;
  out.data.resize(values.size() * ElementSize(element));
  for (size_t i = 0; i < values.size(); ++i) {
    if (element == simd::Element::kFloat16) {
      const uint16_t bits = arrow::util::Float16::FromFloat(values[i]).bits();
      std::memcpy(out.data.data() + i * 2, &bits, 2);
    } else {
      const double wide = values[i];
      std::memcpy(out.data.data() + i * 8, &wide, 8);
    }
  }
  return out;
}

}  // namespace lance::index
