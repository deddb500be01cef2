#include <cstddef>

#include "lance/index/vector/format/details.h"
#include "lance/index/vector/format/hnsw_metadata.h"
#include "lance/index/vector/format/ivf_model.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/quantizer_metadata.h"

// The first byte picks the parser.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lance::index;
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  switch (data[0] % 8) {
    case 0:
      (void)ParseIvfModel(bytes).ok();
      break;
    case 1:
      (void)ParseTensor(bytes).ok();
      break;
    case 2:
      (void)ParseVectorIndexDetails(bytes).ok();
      break;
    case 3:
      (void)ParseHnswMetadata(text).ok();
      break;
    case 4:
      (void)ParseIndexHeader(text).ok();
      break;
    default:
      (void)ParseStorageMetadata(static_cast<Quantizer>(data[0] % 8 - 4), text).ok();
  }
  return 0;
}
