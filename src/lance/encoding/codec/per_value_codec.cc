#include "lance/encoding/codec/per_value_codec.h"

#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/fixed_size_list/fixed_size_list.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/encoding/codec/fsst/fsst.h"
#include "lance/encoding/codec/general/general.h"
#include "lance/encoding/codec/packed_struct/packed_struct.h"
#include "lance/encoding/codec/variable/variable.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {

Result<std::unique_ptr<PerValueCodec>> MakeFixedPerValueCodec(const pb21::CompressiveEncoding& encoding,
                                                              const LeafShape& shape,
                                                              const PageFormat& format) {
  using Encoding = pb21::CompressiveEncoding;
  switch (encoding.compression_case()) {
    case Encoding::kFlat:
      return MakeFlatPerValue(encoding.flat(), shape);
    case Encoding::kFixedSizeList:
      return MakeFixedSizeListPerValue(encoding.fixed_size_list(), shape);
    case Encoding::kPackedStruct:
      return MakePackedStructPerValue(encoding.packed_struct(), shape);
    default:
      return NotSupported("{} as the encoding of full-zip values of one width", EncodingName(encoding));
  }
}

Result<std::unique_ptr<PerValueCodec>> MakeVariablePerValueCodec(const pb21::CompressiveEncoding& encoding,
                                                                 const LeafShape& shape,
                                                                 const PageFormat& format, int depth) {
  using Encoding = pb21::CompressiveEncoding;
  if (depth > kMaxEncodingDepth) return Corruption("encodings nested deeper than {}", kMaxEncodingDepth);
  switch (encoding.compression_case()) {
    case Encoding::kVariable:
      return MakeVariablePerValue(encoding.variable(), shape);
    case Encoding::kFsst:
      return MakeFsstPerValue(encoding.fsst(), shape);
    case Encoding::kGeneral:
      return MakeGeneralPerValue(encoding.general(), shape);
    case Encoding::kVariablePackedStruct:
      return MakeVariablePackedStruct(encoding.variable_packed_struct(), shape, format, depth);
    default:
      return NotSupported("{} as the encoding of full-zip values of varying length", EncodingName(encoding));
  }
}

}  // namespace lance::encoding
