#include "lance/encoding/write/leaf_bytes.h"

#include <arrow/array/data.h>

namespace lance::encoding {
namespace {

template <typename Offset>
uint64_t StringBytes(const arrow::ArrayData& array, const RowRanges& rows) {
  const auto* offsets = array.GetValues<Offset>(1);
  uint64_t bytes = 0;
  for (const RowRange& range : rows) {
    bytes +=
        static_cast<uint64_t>(offsets[range.end()] - offsets[range.start]) + range.length * sizeof(Offset);
  }
  return bytes;
}

uint64_t PieceBytes(const LeafShape& shape, const arrow::ArrayData& array, const RowRanges& rows) {
  switch (shape.kind) {
    case LeafKind::kNull:
      return 0;
    case LeafKind::kFixed:
      return CountRows(rows) * shape.bits / 8;
    case LeafKind::kVariable:
      return shape.offset_bytes == 4 ? StringBytes<int32_t>(array, rows) : StringBytes<int64_t>(array, rows);
    case LeafKind::kDictionary:
      return CountRows(rows) * shape.children[0].bits / 8;
    case LeafKind::kPackedStruct:
      break;
  }
  uint64_t bytes = 0;
  RowRanges members = rows;
  for (RowRange& range : members) range.start += static_cast<uint64_t>(array.offset);
  for (size_t i = 0; i < shape.children.size(); ++i) {
    bytes += PieceBytes(shape.children[i], *array.child_data[i], members);
  }
  return bytes;
}

}  // namespace

uint64_t LeafBytes(const LeafShape& shape, const ShreddedLeaf& leaf) {
  uint64_t bytes = (leaf.rep.size() + leaf.def.size()) * 2;
  for (const ValuePiece& piece : leaf.values) bytes += PieceBytes(shape, *piece.array, piece.rows);
  return bytes;
}

}  // namespace lance::encoding
