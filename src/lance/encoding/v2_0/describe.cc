#include "lance/encoding/v2_0/describe.h"

#include <fmt/format.h>

#include "lance/proto/array_encodings.pb.h"
#include "lance/proto/parse.h"

namespace lance::encoding::v2_0 {
namespace {

constexpr int kMaxDepth = 32;

std::string Describe(const pb20::ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return "...";
  auto child = [&](const pb20::ArrayEncoding& node) { return Describe(node, depth + 1); };
  switch (encoding.array_encoding_case()) {
    case pb20::ArrayEncoding::kFlat: {
      const auto& flat = encoding.flat();
      const std::string packed = flat.has_compression() ? ", " + flat.compression().scheme() : "";
      return fmt::format("flat({}{})", flat.bits_per_value(), packed);
    }
    case pb20::ArrayEncoding::kNullable: {
      const auto& nullable = encoding.nullable();
      if (nullable.has_no_nulls()) return child(nullable.no_nulls().values());
      if (nullable.has_some_nulls()) {
        return fmt::format("nullable({}, validity {})", child(nullable.some_nulls().values()),
                           child(nullable.some_nulls().validity()));
      }
      return "all_null";
    }
    case pb20::ArrayEncoding::kFixedSizeList:
      return fmt::format("fixed_size_list({} x {})", encoding.fixed_size_list().dimension(),
                         child(encoding.fixed_size_list().items()));
    case pb20::ArrayEncoding::kList:
      return fmt::format("list(offsets {}, {} items)", child(encoding.list().offsets()),
                         encoding.list().num_items());
    case pb20::ArrayEncoding::kStruct:
      return "struct";
    case pb20::ArrayEncoding::kBinary:
      return fmt::format("binary(offsets {}, bytes {})", child(encoding.binary().indices()),
                         child(encoding.binary().bytes()));
    case pb20::ArrayEncoding::kDictionary:
      return fmt::format("dictionary(indices {}, {} items {})", child(encoding.dictionary().indices()),
                         encoding.dictionary().num_dictionary_items(), child(encoding.dictionary().items()));
    case pb20::ArrayEncoding::kFsst:
      return fmt::format("fsst({})", child(encoding.fsst().binary()));
    case pb20::ArrayEncoding::kPackedStruct: {
      std::string members;
      for (const auto& member : encoding.packed_struct().inner()) {
        members += (members.empty() ? "" : ", ") + child(member);
      }
      return fmt::format("packed_struct({})", members);
    }
    case pb20::ArrayEncoding::kBitpacked:
      return fmt::format("bitpacked({} of {}{})", encoding.bitpacked().compressed_bits_per_value(),
                         encoding.bitpacked().uncompressed_bits_per_value(),
                         encoding.bitpacked().signed_() ? ", signed" : "");
    case pb20::ArrayEncoding::kFixedSizeBinary:
      return fmt::format("fixed_size_binary({}, bytes {})", encoding.fixed_size_binary().byte_width(),
                         child(encoding.fixed_size_binary().bytes()));
    case pb20::ArrayEncoding::kBitpackedForNonNeg:
      return fmt::format("bitpacked_for_non_neg({} of {})",
                         encoding.bitpacked_for_non_neg().compressed_bits_per_value(),
                         encoding.bitpacked_for_non_neg().uncompressed_bits_per_value());
    case pb20::ArrayEncoding::kConstant:
      return "constant";
    case pb20::ArrayEncoding::ARRAY_ENCODING_NOT_SET:
      break;
  }
  return "unknown array encoding";
}

}  // namespace

std::string DescribeEncoding(const std::string& encoding) {
  pb20::ArrayEncoding message;
  if (!pb::Parse(encoding, &message)) return "invalid array encoding";
  return Describe(message, 0);
}

}  // namespace lance::encoding::v2_0
