#include "lance/encoding/codec/encoding_names.h"

#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {

std::string EncodingName(const pb21::CompressiveEncoding& encoding) {
  using Encoding = pb21::CompressiveEncoding;
  switch (encoding.compression_case()) {
    case Encoding::kFlat:
      return "Flat";
    case Encoding::kVariable:
      return "Variable";
    case Encoding::kConstant:
      return "Constant";
    case Encoding::kOutOfLineBitpacking:
      return "OutOfLineBitpacking";
    case Encoding::kInlineBitpacking:
      return "InlineBitpacking";
    case Encoding::kFsst:
      return "Fsst";
    case Encoding::kDictionary:
      return "Dictionary";
    case Encoding::kRle:
      return "Rle";
    case Encoding::kByteStreamSplit:
      return "ByteStreamSplit";
    case Encoding::kGeneral:
      return "General";
    case Encoding::kFixedSizeList:
      return "FixedSizeList";
    case Encoding::kPackedStruct:
      return "PackedStruct";
    case Encoding::kVariablePackedStruct:
      return "VariablePackedStruct";
    case Encoding::COMPRESSION_NOT_SET:
      return "an encoding this version does not know";
  }
  return "an encoding this version does not know";
}

}  // namespace lance::encoding
