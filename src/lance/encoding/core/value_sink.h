#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/core/leaf_shape.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {

/// Values of one width, packed, in a buffer that was made for exactly the values to come.
struct FixedSink {
  std::shared_ptr<arrow::ResizableBuffer> buffer;
  uint8_t* data = nullptr;
  uint64_t bits = 0;      ///< of one value
  uint64_t size = 0;      ///< values written
  uint64_t capacity = 0;  ///< values that fit

  static Result<FixedSink> Make(uint64_t bits, uint64_t capacity);

  /// Returns where `count` whole-byte values go and counts them as written. Fails when they do not fit, which
  /// only a decoder that disagrees with its own chunk could ask for.
  Result<uint8_t*> Append(uint64_t count);

  /// Copies values `ranges` of the plain values at `from`; the caller has checked that they lie there.
  Status AppendRanges(const uint8_t* from, std::span<const RowRange> ranges);
};

/// Strings: bytes that grow, and their offsets at the width of the Arrow type (4 or 8 bytes).
struct VariableSink {
  GrowableBytes bytes;
  std::shared_ptr<arrow::ResizableBuffer> offsets;
  uint32_t offset_bytes = 4;
  uint64_t size = 0;
  uint64_t capacity = 0;

  static Result<VariableSink> Make(uint32_t offset_bytes, uint64_t capacity);

  /// Checks room for `values` offsets and `bytes` bytes. After it, Push and direct writes need no check.
  Status Reserve(uint64_t values, uint64_t bytes);
  /// Ends one value at the present end of `bytes`.
  void Push() {
    ++size;
    if (offset_bytes == 4) {
      reinterpret_cast<int32_t*>(offsets->mutable_data())[size] = static_cast<int32_t>(bytes.size());
    } else {
      reinterpret_cast<int64_t*>(offsets->mutable_data())[size] = static_cast<int64_t>(bytes.size());
    }
  }
};

/// Memory that codecs reuse from chunk to chunk; a codec type occurs once in a chain, so a name each will do.
struct DecodeScratch {
  ScratchBytes general;   ///< decompressed buffer 0
  ScratchBytes unpacked;  ///< values before they are gathered
  ScratchBytes indices;   ///< dictionary indices
  /// Positions of values whose dictionary index was out of range: errors unless they are null.
  std::vector<uint64_t> bad_indices;
  ScratchBytes rows;  ///< rows of packed structs
  ScratchBytes ends;  ///< where strings may end
};

/// Where the decoded values of one leaf are put together. Which members are used follows from the shape.
struct ValueSink {
  FixedSink fixed;
  VariableSink variable;
  std::vector<FixedSink>
      validity;  ///< of the items of each fixed-size list, outermost first; bits = items a row
  std::vector<ValueSink> children;  ///< fields of a packed struct
  std::shared_ptr<DecodeScratch> scratch;

  /// Makes a sink for `capacity` values of `shape` (indices for a dictionary).
  /// \param item_validity  one flag a fixed-size list, outermost first: whether its items may be null
  static Result<ValueSink> Make(const LeafShape& shape, uint64_t capacity,
                                const std::vector<bool>& item_validity = {});

  /// Counts `count` zero values as written; the sink must be new.
  void SetNull(uint64_t count);

  /// Makes the array out of what was written; `size` values must have been. No validity but that of items.
  Result<std::shared_ptr<arrow::ArrayData>> Finish(const LeafShape& shape, uint64_t size);
};

/// Makes an array of `size` values of kFixed `shape` over `values`, lists around the items as the shape has
/// them. \param item_validity  a bitmap or null for the items of each list, outermost first; may be shorter
Result<std::shared_ptr<arrow::ArrayData>> MakeFixedArray(
    const LeafShape& shape, uint64_t size, std::shared_ptr<arrow::Buffer> values,
    const std::vector<std::shared_ptr<arrow::Buffer>>& item_validity);

}  // namespace lance::encoding
