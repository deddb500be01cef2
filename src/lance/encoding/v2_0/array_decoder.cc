// Turns the ArrayEncoding message of a page into a tree of decoders, checking it against the type of the
// column and the sizes of the buffers on the way.
#include "lance/encoding/v2_0/array_decoder.h"

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/compound_decoders.h"
#include "lance/encoding/v2_0/flat_decoder.h"
#include "lance/proto/array_encodings.pb.h"
#include "lance/proto/parse.h"

namespace lance::encoding::v2_0 {
namespace {

constexpr int kMaxDepth = 64;

/// What a node is built from.
struct Context {
  const std::shared_ptr<arrow::DataType>& type;
  uint64_t num_rows;
  const PageBuffers& buffers;
  int depth;

  Result<ArrayDecoderPtr> Child(const pb20::ArrayEncoding& encoding,
                                const std::shared_ptr<arrow::DataType>& child_type,
                                uint64_t child_rows) const {
    return MakeArrayDecoder(encoding, child_type, child_rows, buffers, depth + 1);
  }
  Result<ByteRange> Buffer(const pb20::Buffer& buffer) const {
    return FindBuffer(buffer.buffer_index(), buffer.buffer_type(), buffers);
  }
  Status Mismatch(const char* encoding) const {
    return Corruption("a column of type {} has a page with encoding {}", type->ToString(), encoding);
  }
  bool is_string() const { return arrow::is_base_binary_like(type->id()); }
};

Result<BufferCompression> CompressionOf(const pb20::Flat& flat) {
  if (!flat.has_compression()) return BufferCompression::kNone;
  const std::string& scheme = flat.compression().scheme();
  if (scheme == "none") return BufferCompression::kNone;
  if (scheme == "zstd") return BufferCompression::kZstd;
  if (scheme == "lz4") return BufferCompression::kLz4;
  return NotSupported("buffer compression '{}' in a 2.0 file", scheme);
}

Result<ArrayDecoderPtr> MakeFlat(const pb20::Flat& flat, const Context& context) {
  ARROW_ASSIGN_OR_RAISE(ByteRange buffer, context.Buffer(flat.buffer()));
  if (flat.bits_per_value() == 1) {
    if (context.type->id() != arrow::Type::BOOL) return context.Mismatch("flat(1 bit)");
    return MakeBitDecoder(buffer, context.num_rows);
  }
  LANCE_CHECK_BYTES(flat.bits_per_value() % 8 == 0, "flat encoding of {} bits a value",
                    flat.bits_per_value());
  const uint64_t width = flat.bits_per_value() / 8;
  if (FixedRowBytes(*context.type) != width) {
    return Corruption("a column of type {} has a page of {}-byte values", context.type->ToString(), width);
  }
  ARROW_ASSIGN_OR_RAISE(auto compression, CompressionOf(flat));
  return MakeFlatDecoder(buffer, width, context.num_rows, compression);
}

Result<ArrayDecoderPtr> MakeNullable(const pb20::Nullable& nullable, const Context& context) {
  switch (nullable.nullability_case()) {
    case pb20::Nullable::kNoNulls:
      return context.Child(nullable.no_nulls().values(), context.type, context.num_rows);
    case pb20::Nullable::kSomeNulls: {
      ARROW_ASSIGN_OR_RAISE(
          auto validity, context.Child(nullable.some_nulls().validity(), arrow::boolean(), context.num_rows));
      ARROW_ASSIGN_OR_RAISE(auto values,
                            context.Child(nullable.some_nulls().values(), context.type, context.num_rows));
      return MakeNullableDecoder(std::move(validity), std::move(values));
    }
    case pb20::Nullable::kAllNulls:
      return MakeAllNullDecoder();
    case pb20::Nullable::NULLABILITY_NOT_SET:
      break;
  }
  return Corruption("a nullable encoding does not say which rows are null");
}

Result<ArrayDecoderPtr> MakeFixedSizeList(const pb20::FixedSizeList& list, const Context& context) {
  if (context.type->id() != arrow::Type::FIXED_SIZE_LIST) return context.Mismatch("fixed_size_list");
  const auto& type = static_cast<const arrow::FixedSizeListType&>(*context.type);
  LANCE_CHECK_BYTES(list.dimension() > 0 && static_cast<int64_t>(list.dimension()) == type.list_size(),
                    "a fixed-size list of {} items in a column of type {}", list.dimension(),
                    type.ToString());
  uint64_t items = kUnknownRows;
  if (context.num_rows != kUnknownRows) {
    ARROW_ASSIGN_OR_RAISE(items, CheckedMul(context.num_rows, list.dimension(), "number of items"));
  }
  ARROW_ASSIGN_OR_RAISE(auto child, context.Child(list.items(), type.value_type(), items));
  return MakeFixedSizeListDecoder(list.dimension(), std::move(child));
}

Result<ArrayDecoderPtr> MakeBinary(const pb20::Binary& binary, const Context& context) {
  if (!context.is_string()) return context.Mismatch("binary");
  ARROW_ASSIGN_OR_RAISE(auto indices, context.Child(binary.indices(), arrow::uint64(), context.num_rows));
  ARROW_ASSIGN_OR_RAISE(auto bytes, context.Child(binary.bytes(), arrow::uint8(), kUnknownRows));
  return MakeBinaryDecoder(std::move(indices), std::move(bytes), binary.null_adjustment(), context.num_rows);
}

Result<ArrayDecoderPtr> MakeFixedBinary(const pb20::FixedSizeBinary& binary, const Context& context) {
  if (!context.is_string()) return context.Mismatch("fixed_size_binary");
  uint64_t size = kUnknownRows;
  if (context.num_rows != kUnknownRows) {
    ARROW_ASSIGN_OR_RAISE(size, CheckedMul(context.num_rows, binary.byte_width(), "bytes of strings"));
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, context.Child(binary.bytes(), arrow::uint8(), size));
  return MakeFixedBinaryDecoder(std::move(bytes), binary.byte_width());
}

/// The width in which dictionary codes are stored, looking through what wraps them.
Result<std::shared_ptr<arrow::DataType>> CodeType(const pb20::ArrayEncoding& encoding) {
  const pb20::ArrayEncoding* node = &encoding;
  for (int depth = 0; depth < kMaxDepth && node->has_nullable(); ++depth) {
    node = node->nullable().has_some_nulls() ? &node->nullable().some_nulls().values()
                                             : &node->nullable().no_nulls().values();
  }
  uint64_t bits = 0;
  if (node->has_flat()) bits = node->flat().bits_per_value();
  if (node->has_bitpacked()) bits = node->bitpacked().uncompressed_bits_per_value();
  if (node->has_bitpacked_for_non_neg()) bits = node->bitpacked_for_non_neg().uncompressed_bits_per_value();
  switch (bits) {
    case 8:
      return arrow::uint8();
    case 16:
      return arrow::uint16();
    case 32:
      return arrow::uint32();
    case 64:
      return arrow::uint64();
    default:
      return Corruption("dictionary codes of {} bits", bits);
  }
}

Result<ArrayDecoderPtr> MakeDictionary(const pb20::Dictionary& dictionary, const Context& context) {
  const bool is_dictionary = context.type->id() == arrow::Type::DICTIONARY;
  if (!is_dictionary && !context.is_string()) return context.Mismatch("dictionary");
  std::shared_ptr<arrow::DataType> code_type, item_type = context.type;
  if (is_dictionary) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*context.type);
    code_type = type.index_type();
    item_type = type.value_type();
  } else {
    ARROW_ASSIGN_OR_RAISE(code_type, CodeType(dictionary.indices()));
  }
  const uint64_t num_items = dictionary.num_dictionary_items();
  uint64_t stored_bytes = 0;
  for (const ByteRange& buffer : context.buffers.page) stored_bytes += buffer.length;
  // An item takes a bit at least, but for null ones, of which there is one.
  LANCE_CHECK_BYTES(num_items / 8 <= stored_bytes + 1, "{} dictionary items in a page of {} bytes", num_items,
                    stored_bytes);
  ARROW_ASSIGN_OR_RAISE(auto indices, context.Child(dictionary.indices(), code_type, context.num_rows));
  ARROW_ASSIGN_OR_RAISE(auto items, context.Child(dictionary.items(), item_type, num_items));
  return MakeDictionaryDecoder(std::move(indices), std::move(code_type), std::move(items),
                               std::move(item_type), num_items, !is_dictionary);
}

/// Bits that a member of a packed struct takes in a row, by its own encoding.
Result<uint64_t> MemberBits(const pb20::ArrayEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return Corruption("encodings are nested deeper than {}", kMaxDepth);
  if (encoding.has_flat()) return encoding.flat().bits_per_value();
  if (encoding.has_nullable() && encoding.nullable().has_no_nulls()) {
    return MemberBits(encoding.nullable().no_nulls().values(), depth + 1);
  }
  if (encoding.has_fixed_size_list()) {
    ARROW_ASSIGN_OR_RAISE(uint64_t item, MemberBits(encoding.fixed_size_list().items(), depth + 1));
    return CheckedMul(item, encoding.fixed_size_list().dimension(), "bits of a struct member");
  }
  return NotSupported("a member of a packed struct with array encoding number {}",
                      static_cast<int>(encoding.array_encoding_case()));
}

Result<ArrayDecoderPtr> MakePackedStruct(const pb20::PackedStruct& packed, const Context& context) {
  if (context.type->id() != arrow::Type::STRUCT) return context.Mismatch("packed_struct");
  LANCE_CHECK_BYTES(packed.inner_size() == context.type->num_fields() && packed.inner_size() > 0,
                    "a packed struct of {} members in a column of type {}", packed.inner_size(),
                    context.type->ToString());
  std::vector<uint64_t> widths;
  uint64_t row_bytes = 0;
  for (int i = 0; i < packed.inner_size(); ++i) {
    const auto& member = *context.type->field(i)->type();
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, MemberBits(packed.inner(i), 0));
    auto width = FixedRowBytes(member);
    LANCE_CHECK_BYTES(width && *width > 0 && bits % 8 == 0 && *width == bits / 8,
                      "a packed struct stores {} bits for member {} of type {}", bits, i, member.ToString());
    widths.push_back(*width);
    ARROW_ASSIGN_OR_RAISE(row_bytes, CheckedAdd(row_bytes, *width, "bytes of a packed row"));
  }
  ARROW_ASSIGN_OR_RAISE(ByteRange buffer, context.Buffer(packed.buffer()));
  LANCE_CHECK_BYTES(context.num_rows == kUnknownRows || context.num_rows <= buffer.length / row_bytes,
                    "{} packed rows of {} bytes do not fit a buffer of {} bytes", context.num_rows, row_bytes,
                    buffer.length);
  return MakePackedStructDecoder(buffer, std::move(widths));
}

/// Both bit-packed forms: the type must be as wide as the unpacked values.
template <typename Message>
Status CheckUnpackedWidth(const Message& packed, const Context& context) {
  auto width = FixedRowBytes(*context.type);
  LANCE_CHECK_BYTES(context.type->id() != arrow::Type::FIXED_SIZE_LIST && width &&
                        packed.uncompressed_bits_per_value() == *width * 8,
                    "bit-packed values of {} bits in a column of type {}",
                    packed.uncompressed_bits_per_value(), context.type->ToString());
  return Status::OK();
}

Result<ArrayDecoderPtr> MakeBitpacked(const pb20::Bitpacked& packed, const Context& context) {
  ARROW_RETURN_NOT_OK(CheckUnpackedWidth(packed, context));
  ARROW_ASSIGN_OR_RAISE(ByteRange buffer, context.Buffer(packed.buffer()));
  return MakeBitpackedDecoder(buffer, packed.compressed_bits_per_value(),
                              packed.uncompressed_bits_per_value() / 8, packed.signed_(), context.num_rows);
}

Result<ArrayDecoderPtr> MakeFastLanes(const pb20::BitpackedForNonNeg& packed, const Context& context) {
  ARROW_RETURN_NOT_OK(CheckUnpackedWidth(packed, context));
  ARROW_ASSIGN_OR_RAISE(ByteRange buffer, context.Buffer(packed.buffer()));
  return MakeFastLanesDecoder(buffer, packed.compressed_bits_per_value(),
                              packed.uncompressed_bits_per_value() / 8, context.num_rows);
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> DecodeWhole(ArrayTask* task, std::span<const BufferPtr> buffers,
                                                      const std::shared_ptr<arrow::DataType>& type) {
  ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(type));
  ARROW_RETURN_NOT_OK(task->Decode(buffers, out.get()));
  out->FillValidity();
  return out->Finish();
}

Result<ByteRange> FindBuffer(uint32_t index, int buffer_type, const PageBuffers& buffers) {
  std::span<const ByteRange> among;
  const char* whose = "page";
  switch (buffer_type) {
    case pb20::Buffer::page:
      among = buffers.page;
      break;
    case pb20::Buffer::column:
      among = buffers.column;
      whose = "column";
      break;
    case pb20::Buffer::file:
      among = buffers.file;
      whose = "file";
      break;
    default:
      return Corruption("an encoding names a buffer of unknown type {}", buffer_type);
  }
  LANCE_CHECK_BYTES(index < among.size(), "an encoding names {} buffer {} of {}", whose, index, among.size());
  return among[index];
}

Result<std::unique_ptr<ArrayDecoder>> MakeArrayDecoder(const pb20::ArrayEncoding& encoding,
                                                       const std::shared_ptr<arrow::DataType>& type,
                                                       uint64_t num_rows, const PageBuffers& buffers,
                                                       int depth) {
  if (depth > kMaxDepth) return Corruption("encodings are nested deeper than {}", kMaxDepth);
  const Context context{type, num_rows, buffers, depth};
  switch (encoding.array_encoding_case()) {
    case pb20::ArrayEncoding::kFlat:
      return MakeFlat(encoding.flat(), context);
    case pb20::ArrayEncoding::kNullable:
      return MakeNullable(encoding.nullable(), context);
    case pb20::ArrayEncoding::kFixedSizeList:
      return MakeFixedSizeList(encoding.fixed_size_list(), context);
    case pb20::ArrayEncoding::kBinary:
      return MakeBinary(encoding.binary(), context);
    case pb20::ArrayEncoding::kDictionary:
      return MakeDictionary(encoding.dictionary(), context);
    case pb20::ArrayEncoding::kFsst: {
      if (!context.is_string()) return context.Mismatch("fsst");
      ARROW_ASSIGN_OR_RAISE(auto strings, context.Child(encoding.fsst().binary(), type, num_rows));
      return MakeFsstDecoder(std::move(strings), type, encoding.fsst().symbol_table());
    }
    case pb20::ArrayEncoding::kPackedStruct:
      return MakePackedStruct(encoding.packed_struct(), context);
    case pb20::ArrayEncoding::kBitpacked:
      return MakeBitpacked(encoding.bitpacked(), context);
    case pb20::ArrayEncoding::kFixedSizeBinary:
      return MakeFixedBinary(encoding.fixed_size_binary(), context);
    case pb20::ArrayEncoding::kBitpackedForNonNeg:
      return MakeFastLanes(encoding.bitpacked_for_non_neg(), context);
    case pb20::ArrayEncoding::kList:
      return context.Mismatch("list");
    case pb20::ArrayEncoding::kStruct:
      return context.Mismatch("struct");
    case pb20::ArrayEncoding::kConstant:
      return NotSupported("array encoding constant, which no release wrote");
    case pb20::ArrayEncoding::ARRAY_ENCODING_NOT_SET:
      break;
  }
  return NotSupported("an array encoding that file version 2.0 does not have");
}

Result<std::unique_ptr<ArrayDecoder>> ParseArrayDecoder(const std::string& encoding,
                                                        const std::shared_ptr<arrow::DataType>& type,
                                                        uint64_t num_rows, const PageBuffers& buffers) {
  pb20::ArrayEncoding message;
  LANCE_CHECK_BYTES(pb::Parse(encoding, &message), "the array encoding is no valid message");
  return MakeArrayDecoder(message, type, num_rows, buffers);
}

}  // namespace lance::encoding::v2_0
