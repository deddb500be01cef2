#pragma once

#include <cstdint>
#include <memory>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {

class ArrayOutput;

/// Calls `visit(code)` with each of `rows` unsigned codes of `width` bytes.
template <typename Visit>
void ForEachCode(const uint8_t* codes, uint64_t width, uint64_t rows, Visit visit) {
  switch (width) {
    case 1:
      for (uint64_t i = 0; i < rows; ++i) visit(uint64_t{codes[i]});
      return;
    case 2:
      for (uint64_t i = 0; i < rows; ++i) visit(uint64_t{reinterpret_cast<const uint16_t*>(codes)[i]});
      return;
    case 4:
      for (uint64_t i = 0; i < rows; ++i) visit(uint64_t{reinterpret_cast<const uint32_t*>(codes)[i]});
      return;
    default:
      for (uint64_t i = 0; i < rows; ++i) visit(reinterpret_cast<const uint64_t*>(codes)[i]);
  }
}

/// The values of a dictionary. Old files may have nulls among them, but arrays that we hand out have their
/// nulls in the indices, where all readers look (and Arrow cannot join dictionaries with nulls).
struct DictionaryItems {
  std::shared_ptr<arrow::ArrayData> values;  ///< no nulls; what stands in for one is of no meaning
  BufferPtr validity;                        ///< from bit 0 on; null when all items are valid

  static DictionaryItems Make(const std::shared_ptr<arrow::ArrayData>& values);
};

/// Appends `codes` (an integer array from bit 0 on, perhaps with nulls) to an output of a dictionary type.
/// Indices of null items become null. Errors: Corruption when an index that is not null lies outside the
/// items.
Status AppendDictionaryIndices(const arrow::ArrayData& codes, const DictionaryItems& items, ArrayOutput* out);

}  // namespace lance::encoding
