#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace arrow {
class ArrayData;
class DataType;
}  // namespace arrow
namespace lance::pb20 {
class ArrayEncoding;
}

namespace lance::encoding {
class ArrayOutput;
}

namespace lance::encoding::v2_0 {

/// The number of values of a node whose parent does not know it: the bytes below strings.
inline constexpr uint64_t kUnknownRows = UINT64_MAX;

/// The byte ranges that planning asks for, and the means to read at once what planning itself needs.
struct ReadPlan {
  ByteSource* source = nullptr;
  std::vector<ByteRange> ranges;

  /// Asks for `range`; the returned slot names its buffer when decoding.
  size_t Add(ByteRange range) {
    ranges.push_back(range);
    return ranges.size() - 1;
  }
};

/// Decodes what was planned. Used once.
class ArrayTask {
 public:
  virtual ~ArrayTask() = default;
  /// Appends the planned rows to `out`. `buffers` answer ReadPlan::ranges one to one.
  virtual Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) = 0;
};

/// One node of a page's ArrayEncoding tree. Immutable after construction but for lazily read dictionaries, so
/// thread-safe.
class ArrayDecoder {
 public:
  virtual ~ArrayDecoder() = default;
  /// `rows` are relative to the page, ascending and disjoint, inside num_rows of the page.
  virtual Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const = 0;
  /// How many values there are, where the node can tell from its buffer alone: the bytes under strings.
  virtual std::optional<uint64_t> num_values() const { return std::nullopt; }
};

/// The buffers that an ArrayEncoding may name.
struct PageBuffers {
  std::span<const ByteRange> page;
  std::span<const ByteRange> column;
  std::span<const ByteRange> file;
};

/// Decodes a task into an array of its own.
Result<std::shared_ptr<arrow::ArrayData>> DecodeWhole(ArrayTask* task, std::span<const BufferPtr> buffers,
                                                      const std::shared_ptr<arrow::DataType>& type);

/// Builds the decoder of a page (or of a part of one, for its children).
///
/// \param type      Arrow type of the values that come out
/// \param num_rows  values that the node holds, by the page's description
/// \retval Corruption    the tree contradicts itself, the type or the buffers
/// \retval NotSupported  an arm of the encoding that no release wrote, by name
Result<std::unique_ptr<ArrayDecoder>> MakeArrayDecoder(const pb20::ArrayEncoding& encoding,
                                                       const std::shared_ptr<arrow::DataType>& type,
                                                       uint64_t num_rows, const PageBuffers& buffers,
                                                       int depth = 0);

/// The same from the serialized message.
Result<std::unique_ptr<ArrayDecoder>> ParseArrayDecoder(const std::string& encoding,
                                                        const std::shared_ptr<arrow::DataType>& type,
                                                        uint64_t num_rows, const PageBuffers& buffers);

/// Finds the buffer that a description names.
Result<ByteRange> FindBuffer(uint32_t index, int buffer_type, const PageBuffers& buffers);

}  // namespace lance::encoding::v2_0
