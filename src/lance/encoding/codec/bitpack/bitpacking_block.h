#pragma once

#include "lance/encoding/codec/block_codec.h"

namespace lance::pb21 {
class InlineBitpacking;
class OutOfLineBitpacking;
}  // namespace lance::pb21

namespace lance::encoding {

/// One block of up to 1,024 values, its width in the first word.
Result<std::unique_ptr<BlockCodec>> MakeInlineBitpackingBlock(const pb21::InlineBitpacking& encoding,
                                                              unsigned bits);

/// Any number of values at one width that the description knows; the last block is packed or raw, which only
/// the length of the payload tells.
Result<std::unique_ptr<BlockCodec>> MakeOutOfLineBitpackingBlock(const pb21::OutOfLineBitpacking& encoding,
                                                                 unsigned bits);

}  // namespace lance::encoding
