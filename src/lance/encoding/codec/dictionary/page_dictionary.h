#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/core/leaf_shape.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {

/// The distinct values of a page, decoded. Immutable.
struct PageDictionary {
  uint64_t size = 0;
  std::shared_ptr<arrow::ArrayData> values;  ///< of the type of the column's values

  uint64_t width = 0;                    ///< bytes of a value of one width; 0: strings
  std::shared_ptr<arrow::Buffer> bytes;  ///< the values side by side, with kCopySlack bytes behind them
  struct Slot {
    uint32_t offset = 0;
    uint32_t length = 0;
  };
  std::vector<Slot> slots;  ///< strings: where each lies in `bytes`
  uint32_t longest = 0;     ///< bytes of the longest string
  uint32_t shortest = UINT32_MAX;

  uint64_t memory_bytes() const;
};

/// Decodes a dictionary buffer of `num_items` values of `shape` (one width or strings).
Result<std::shared_ptr<const PageDictionary>> DecodeDictionary(const pb21::CompressiveEncoding& encoding,
                                                               Bytes payload, uint64_t num_items,
                                                               const LeafShape& shape,
                                                               const PageFormat& format);

}  // namespace lance::encoding
