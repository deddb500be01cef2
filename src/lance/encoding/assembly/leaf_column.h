#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/assembly/levels.h"
#include "lance/encoding/core/column_source.h"
#include "lance/encoding/core/page.h"

namespace lance::encoding {

/// What a leaf's pages decode to: all values in one array, and the levels page by page.
struct DecodedLeaf {
  std::shared_ptr<arrow::ArrayData> values;
  LeafLevels levels{{}};
};

/// A planned read of one leaf.
class LeafTask {
 public:
  virtual ~LeafTask() = default;
  /// Appends the ranges to read.
  virtual void AppendRanges(std::vector<ByteRange>* out) const = 0;
  virtual size_t num_ranges() const = 0;
  /// Consumes the task; `buffers` answer the ranges one to one and are moved from.
  virtual Result<DecodedLeaf> Decode(std::span<BufferPtr> buffers) = 0;
};

/// Reads the slots of one leaf column. Immutable, so thread-safe.
class LeafColumn {
 public:
  virtual ~LeafColumn() = default;
  /// Plans rows of the column (ascending, disjoint, in its own numbering). Opens pages on first touch.
  virtual Result<std::unique_ptr<LeafTask>> Plan(std::span<const RowRange> rows) const = 0;
  /// The arrow type of the values.
  virtual const std::shared_ptr<arrow::DataType>& type() const = 0;
  virtual const ColumnInfo& info() const = 0;
};

/// Opens column `info` as `type`. `expected_rows` is what its pages must add up to. `shape` lists the layers
/// that its levels must have, innermost first. `source` must outlive the result.
/// Errors: Corruption when the pages hold another number of rows.
Result<std::unique_ptr<LeafColumn>> OpenLeafColumn(const ColumnInfo* info,
                                                   std::shared_ptr<arrow::DataType> type,
                                                   uint64_t expected_rows, std::vector<LayerKind> shape,
                                                   ColumnSource* source);

}  // namespace lance::encoding
