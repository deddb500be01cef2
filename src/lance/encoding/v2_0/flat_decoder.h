#pragma once

#include <memory>

#include "lance/encoding/v2_0/array_decoder.h"

namespace lance::encoding::v2_0 {

enum class BufferCompression { kNone, kZstd, kLz4 };

/// The size of an expanded buffer when only the buffer itself knows it.
inline constexpr uint64_t kAnySize = UINT64_MAX;

/// Values stored one after another, `bytes_per_value` each; the whole buffer may be compressed.
Result<std::unique_ptr<ArrayDecoder>> MakeFlatDecoder(ByteRange buffer, uint64_t bytes_per_value,
                                                      uint64_t num_rows, BufferCompression compression);

/// One bit a value, LSB first.
Result<std::unique_ptr<ArrayDecoder>> MakeBitDecoder(ByteRange buffer, uint64_t num_rows);

/// Values of `width` bits one after another, LSB first, each to be widened to `bytes_per_value`; the top bit
/// of a signed one is its sign.
Result<std::unique_ptr<ArrayDecoder>> MakeBitpackedDecoder(ByteRange buffer, uint64_t width,
                                                           uint64_t bytes_per_value, bool is_signed,
                                                           uint64_t num_rows);

/// Blocks of 1024 unsigned values in FastLanes order, `width` bits each; the last block is filled up.
Result<std::unique_ptr<ArrayDecoder>> MakeFastLanesDecoder(ByteRange buffer, uint64_t width,
                                                           uint64_t bytes_per_value, uint64_t num_rows);

/// Expands a compressed buffer to exactly `expected_size` bytes, or to what it declares with kAnySize (within
/// what its compression can yield). Errors: Corruption.
Result<BufferPtr> Decompress(BufferCompression compression, const arrow::Buffer& input,
                             uint64_t expected_size);

}  // namespace lance::encoding::v2_0
