#include "lance/encoding/codec/chunk_encoder.h"

#include <algorithm>

namespace lance::encoding {

void ChunkEncoder::CutEvenly(uint64_t count, uint64_t step) {
  chunks_.reserve(count / step + 1);
  for (uint64_t first = 0; first < count; first += step)
    chunks_.push_back({first, std::min(step, count - first)});
}

uint64_t EvenChunkValues(uint64_t bits, uint64_t max_values) {
  uint64_t values = max_values;
  while (values > 2 && values * bits >= kMaxChunkBytes * 8) values /= 2;
  return values;
}

}  // namespace lance::encoding
