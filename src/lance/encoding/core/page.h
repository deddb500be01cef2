#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace arrow {
class ArrayData;
class Buffer;
class DataType;
}  // namespace arrow

namespace lance::encoding {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

/// What one level of nesting above (and at) a leaf can hold; the wire values of RepDefLayer. Innermost first
/// in lists.
enum class Layer : uint8_t {
  kAllValidItem = 1,
  kAllValidList = 2,
  kNullableItem = 3,
  kNullableList = 4,
  kEmptyableList = 5,
  kNullAndEmptyList = 6,
};
inline bool IsListLayer(Layer layer) {
  return layer != Layer::kAllValidItem && layer != Layer::kNullableItem;
}
/// Definition levels that a layer consumes: 0, 1 or 2.
inline int DefinitionLevels(Layer layer) {
  switch (layer) {
    case Layer::kAllValidItem:
    case Layer::kAllValidList:
      return 0;
    case Layer::kNullAndEmptyList:
      return 2;
    default:
      return 1;
  }
}

/// Bytes on demand. Thread-safe. Implemented by file/ over a ReadableObject; ranges are absolute file
/// positions.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  virtual Result<std::vector<BufferPtr>> ReadMany(std::span<const ByteRange> ranges) = 0;
};

/// One page of one column as the file's metadata describes it.
struct PageInfo {
  std::vector<ByteRange> buffers;  ///< checked to lie inside the file
  std::string encoding;            ///< serialized message inside the Any (PageLayout, ArrayEncoding)
  uint64_t num_rows = 0;           ///< Page.length
  uint64_t first_row = 0;          ///< Page.priority: top-level row number of the first row
  std::string where;               ///< "file x.lance, column 3 (a.b), page 0": prefix of every error
};

/// The slots of a page (or of some rows of it) with their levels still unraveled.
///
/// `values` has one entry per visible slot, no validity of its own except what lives with the values
/// (elements of a fixed-size list). `rep` and `def` have one u16 per level slot (special slots of null or
/// empty lists included) or are empty when the page has none. When the page has no list layer and only one
/// nullable layer, a decoder may hand out `validity` (LSB first, values.length bits) in place of `def`.
struct DecodedPage {
  std::shared_ptr<arrow::ArrayData> values;
  BufferPtr rep;
  BufferPtr def;
  BufferPtr validity;
  uint64_t num_levels = 0;    ///< entries of rep and def when either is there
  std::vector<Layer> layers;  ///< innermost first; may be empty: all valid, no lists
};

/// What a decoder wants to read for some rows, made before any byte arrives and consumed afterwards.
class PageTask {
 public:
  virtual ~PageTask() = default;
  /// Absolute ranges, ascending; may be empty. Valid as long as the task.
  virtual std::span<const ByteRange> ranges() const = 0;
  /// Decodes; `buffers` answer ranges() one to one and may be kept (zero-copy). A pure function of its input.
  virtual Result<DecodedPage> Decode(std::vector<BufferPtr> buffers) = 0;
};

/// Reads one page. Immutable after Make, so thread-safe; cheap to keep (chunk index, dictionary, symbol
/// table).
class PageReader {
 public:
  virtual ~PageReader() = default;
  /// Plans the read of `rows` (page-relative, ascending, disjoint, inside the page).
  virtual Result<std::unique_ptr<PageTask>> Plan(std::span<const RowRange> rows) const = 0;
  /// Bytes held by this object, for the cache's accounting.
  virtual uint64_t memory_bytes() const = 0;
};

/// Options that the file version fixes.
struct PageFormat {
  int major = 2;
  int minor = 2;
};

/// Opens a 2.1 / 2.2 page: reads what planning needs (chunk metadata, dictionary, repetition index) in one
/// ReadMany.
///
/// \param type  Arrow type of the leaf: primitive, binary-like, fixed-size list of primitives (any depth),
/// dictionary,
///              packed struct, or null. For blob v1 the descriptor struct<position: uint64, size: uint64>.
/// \param source  used only during the call
/// \retval Corruption    the page contradicts itself; the message starts with info.where
/// \retval NotSupported  an encoding that this version may not contain, or that we do not know, by name
Result<std::shared_ptr<const PageReader>> OpenStructuralPage(const PageInfo& info, const PageFormat& format,
                                                             const std::shared_ptr<arrow::DataType>& type,
                                                             ByteSource* source);

}  // namespace lance::encoding
