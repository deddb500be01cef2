#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::encoding {

/// A planned read of one field for some rows: first name the bytes, then decode what arrived.
class FieldTask {
 public:
  virtual ~FieldTask() = default;
  virtual std::span<const ByteRange> ranges() const = 0;
  /// Consumes the task. The array has one entry per row asked for, in order.
  virtual Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) = 0;
};

/// Reads one projected top-level field of one file, whatever the file version. Thread-safe.
class FieldReader {
 public:
  virtual ~FieldReader() = default;
  virtual const std::shared_ptr<arrow::DataType>& type() const = 0;
  /// Plans `rows` (file-relative, ascending, disjoint). Opens pages on first touch, which reads their
  /// metadata.
  virtual Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) = 0;
  /// Row numbers where pages of the widest column start, ascending, first is 0: good places to split a scan.
  virtual std::vector<uint64_t> PageStarts() const = 0;
  /// Stored bytes of all columns of the field (buffers only), for cost estimates.
  virtual uint64_t StoredBytes() const = 0;
};

}  // namespace lance::encoding
