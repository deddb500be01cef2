#include "lance/encoding/codec/chunk_codec.h"

#include "lance/encoding/codec/bitpack/inline_bitpacking.h"
#include "lance/encoding/codec/byte_stream_split/byte_stream_split.h"
#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/fixed_size_list/fixed_size_list.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/encoding/codec/fsst/fsst.h"
#include "lance/encoding/codec/general/general.h"
#include "lance/encoding/codec/packed_struct/packed_struct.h"
#include "lance/encoding/codec/rle/rle.h"
#include "lance/encoding/codec/variable/variable.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {

Result<std::unique_ptr<ChunkCodec>> MakeChunkCodec(const pb21::CompressiveEncoding& encoding,
                                                   const LeafShape& shape, const PageFormat& format,
                                                   int depth) {
  using Encoding = pb21::CompressiveEncoding;
  if (depth > kMaxEncodingDepth) return Corruption("encodings nested deeper than {}", kMaxEncodingDepth);
  switch (encoding.compression_case()) {
    case Encoding::kFlat:
      return MakeFlatCodec(encoding.flat(), shape);
    case Encoding::kInlineBitpacking:
      return MakeInlineBitpackingCodec(encoding.inline_bitpacking(), shape);
    case Encoding::kVariable:
      return MakeVariableCodec(encoding.variable(), shape);
    case Encoding::kFixedSizeList:
      return MakeFixedSizeListCodec(encoding.fixed_size_list(), shape);
    case Encoding::kFsst:
      return MakeFsstCodec(encoding.fsst(), shape);
    case Encoding::kRle:
      return MakeRleCodec(encoding.rle(), shape);
    case Encoding::kByteStreamSplit:
      return MakeByteStreamSplitCodec(encoding.byte_stream_split(), shape);
    case Encoding::kGeneral:
      return MakeGeneralCodec(encoding.general(), shape, format, depth);
    case Encoding::kPackedStruct:
      return MakePackedStructCodec(encoding.packed_struct(), shape, format, depth);
    default:
      return NotSupported("{} as the encoding of mini-block values", EncodingName(encoding));
  }
}

}  // namespace lance::encoding
