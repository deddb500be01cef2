#include "lance/encoding/codec/block_codec.h"

#include "lance/base/span_reader.h"
#include "lance/encoding/codec/bitpack/bitpacking_block.h"
#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/encoding/codec/general/general.h"
#include "lance/encoding/codec/rle/rle.h"
#include "lance/encoding/levels/level_bits.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {

Status BlockCodec::DecodeZeroBits(Bytes payload, uint64_t num_values, ScratchBytes* scratch,
                                  uint8_t* out) const {
  if (bits_ != 16) return Internal("zero bits of {}-bit values", bits_);
  ARROW_ASSIGN_OR_RAISE(uint8_t * levels, scratch->Get(num_values * 2));
  ARROW_RETURN_NOT_OK(Decode(payload, num_values, levels));
  ZeroBits(reinterpret_cast<const uint16_t*>(levels), num_values, out);
  return Status::OK();
}

Result<std::unique_ptr<BlockCodec>> MakeBlockCodec(const pb21::CompressiveEncoding& encoding, unsigned bits,
                                                   const PageFormat& format, int depth) {
  using Encoding = pb21::CompressiveEncoding;
  if (depth > kMaxEncodingDepth) return Corruption("encodings nested deeper than {}", kMaxEncodingDepth);
  switch (encoding.compression_case()) {
    case Encoding::kFlat:
      return MakeFlatBlock(encoding.flat(), bits);
    case Encoding::kInlineBitpacking:
      return MakeInlineBitpackingBlock(encoding.inline_bitpacking(), bits);
    case Encoding::kOutOfLineBitpacking:
      return MakeOutOfLineBitpackingBlock(encoding.out_of_line_bitpacking(), bits);
    case Encoding::kRle:
      return MakeRleBlock(encoding.rle(), bits);
    case Encoding::kGeneral:
      return MakeGeneralBlock(encoding.general(), bits, format, depth);
    default:
      return NotSupported("{} as the encoding of a block of {}-bit values", EncodingName(encoding), bits);
  }
}

}  // namespace lance::encoding
