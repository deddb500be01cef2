#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/core/value_sink.h"

namespace lance::encoding {

/// Decodes values that were compressed one by one, as full-zip pages hold them. Immutable, thread-safe.
class PerValueCodec {
 public:
  virtual ~PerValueCodec() = default;
  /// Appends one value for each of `values`. A span without data is a null: its value is empty or zeros.
  virtual Status Decode(std::span<const Bytes> values, ValueSink* sink) const = 0;
  /// Bytes of a value as stored; 0 when they vary.
  virtual uint64_t stored_bytes() const { return 0; }
  /// True when stored bytes are the value as Arrow has it, so that rows side by side can be used in place.
  virtual bool is_plain() const { return false; }
  /// See ChunkCodec.
  virtual std::vector<bool> item_validity() const { return {}; }
  virtual uint64_t memory_bytes() const { return 64; }
};

/// Makes the codec of values that all take the same number of bytes.
Result<std::unique_ptr<PerValueCodec>> MakeFixedPerValueCodec(const pb21::CompressiveEncoding& encoding,
                                                              const LeafShape& shape,
                                                              const PageFormat& format);
/// Makes the codec of values whose lengths are stored.
Result<std::unique_ptr<PerValueCodec>> MakeVariablePerValueCodec(const pb21::CompressiveEncoding& encoding,
                                                                 const LeafShape& shape,
                                                                 const PageFormat& format, int depth = 0);

}  // namespace lance::encoding
