#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class DataType;
}

namespace lance::encoding {

enum class LeafKind : uint8_t { kNull, kFixed, kVariable, kPackedStruct, kDictionary };

/// How the values of a leaf lie in memory once decoded, derived from the Arrow type.
struct LeafShape {
  std::shared_ptr<arrow::DataType> type;
  LeafKind kind = LeafKind::kNull;
  uint64_t bits = 0;                ///< kFixed: bits of one row, all items of fixed-size lists included
  std::vector<uint64_t> dims;       ///< kFixed: lengths of the nested fixed-size lists, outermost first
  uint64_t element_bits = 0;        ///< kFixed: bits of one innermost item
  uint32_t offset_bytes = 0;        ///< kVariable: 4 or 8
  std::vector<LeafShape> children;  ///< kPackedStruct: fields; kDictionary: {indices, values}

  bool whole_bytes() const { return bits % 8 == 0; }
};

/// Describes `type`. \retval NotSupported  a type that no page of this format holds, by name
Result<LeafShape> ShapeOf(const std::shared_ptr<arrow::DataType>& type);

}  // namespace lance::encoding
