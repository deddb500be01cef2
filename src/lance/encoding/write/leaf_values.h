#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/write/page_levels.h"

namespace lance::encoding {

/// The values of a page, side by side: what codecs encode. Members beyond the ones its kind needs are empty.
struct LeafValues {
  LeafKind kind = LeafKind::kFixed;
  uint64_t size = 0;

  // kFixed: `bits` each, packed from bit 0 on. kVariable: the bytes that the offsets point into.
  // kDictionary: the indices. The memory is owned by `owners`, and may be the caller's own arrays.
  const uint8_t* data = nullptr;
  uint64_t bits = 0;
  uint64_t data_bytes = 0;  ///< kVariable: bytes of all values

  // kVariable: size + 1 offsets into `data`, ascending, the first of any value.
  const int32_t* offsets32 = nullptr;
  const int64_t* offsets64 = nullptr;
  uint64_t max_length = 0;  ///< bytes of the longest value

  std::vector<const uint8_t*> item_validity;  ///< kFixed in lists of fixed size: a bitmap a level or null
  std::vector<LeafValues> children;           ///< kPackedStruct: members; kDictionary: the dictionary
  std::vector<std::shared_ptr<void>> owners;

  unsigned offset_bytes() const { return offsets32 != nullptr ? 4 : 8; }
  uint64_t start(uint64_t i) const {
    return offsets32 != nullptr ? static_cast<uint64_t>(offsets32[i]) : static_cast<uint64_t>(offsets64[i]);
  }
  uint64_t length(uint64_t i) const { return start(i + 1) - start(i); }
};

/// One flag a value of a page: whether it is null. Empty: none is.
std::vector<bool> NullFlags(const PageLevels& levels);

/// Puts the values of a page side by side; copies nothing when they are one piece of whole bytes. Bytes of
/// null strings are dropped. Errors: InvalidArgument, ResourceExhausted.
Result<LeafValues> GatherValues(const LeafShape& shape, const std::vector<ValuePiece>& pieces,
                                const PageLevels& levels);

}  // namespace lance::encoding
