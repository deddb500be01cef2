#include "lance/encoding/write/value_choice.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <arrow/type.h>

#include "lance/encoding/codec/bitpack/bitpack_encode.h"
#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/encoding/codec/byte_stream_split/byte_stream_split_encode.h"
#include "lance/encoding/codec/dictionary/dictionary_build.h"
#include "lance/encoding/codec/fixed_size_list/fixed_size_list_encode.h"
#include "lance/encoding/codec/flat/flat_encode.h"
#include "lance/encoding/codec/fsst/fsst_encode.h"
#include "lance/encoding/codec/packed_struct/packed_struct_encode.h"
#include "lance/encoding/codec/rle/rle_encode.h"
#include "lance/encoding/codec/variable/variable_encode.h"
#include "lance/encoding/core/buffers.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// Of their size otherwise, for lz4 to be worth the time to expand it: scans take two to three times as long.
constexpr double kMostOfNumbers = 0.6;
constexpr double kMostOfWide = 0.8;
constexpr double kMostOfFloats = 0.75;
constexpr uint64_t kLeastCompressedBytes = 16 << 10;
constexpr uint64_t kLeastFsstBytes = 32 << 10;
constexpr uint64_t kLeastFsstLength = 5;  ///< of the longest string
constexpr uint64_t kMaxEntries = 100'000;
constexpr double kMaxSplitEntropy = 4.0;    ///< bits a byte: below it, splitting bytes helps a compressor
constexpr double kWorthCompressing = 0.97;  ///< of what is stored otherwise, when a compressor was asked for
/// What becomes of text in a symbol table, and of the entries of a dictionary that are compressed.
constexpr double kShareOfText = 0.4;
constexpr double kShareOfEntries = 0.6;

// What is said of the type of the values beside their width.
bool IsFloat(const LeafShape& shape) {
  const arrow::Type::type type = shape.type->storage_id();
  return type == arrow::Type::FLOAT || type == arrow::Type::DOUBLE;
}

// lz4 where it saves a lot though nobody asked for it: bytes of numbers that grow slowly or are small in size
// lie in streams of equals, and wide decimals are mostly zeros. Null: not worth the time to expand it.
// Sorted numbers take 0.3 of what bit packing does; signed ones (0.71) and doubles of two digits (0.89) are
// left alone.
Result<std::unique_ptr<ChunkEncoder>> TryCompress(const LeafShape& shape, const LeafValues& values,
                                                  uint64_t best) {
  if (values.size * values.bits / 8 < kLeastCompressedBytes) return nullptr;
  const bool splittable = values.bits == 32 || values.bits == 64;
  if (!splittable && values.bits != 128 && values.bits != 256) return nullptr;
  auto encoder = splittable ? MakeByteStreamSplitEncoder(values) : MakeFlatEncoder(values);
  const Compression lz4{Scheme::kLz4, std::nullopt};
  ARROW_ASSIGN_OR_RAISE(double share, SampleCompression(encoder.get(), lz4));
  const double limit = IsFloat(shape) ? kMostOfFloats : splittable ? kMostOfNumbers : kMostOfWide;
  if (share * static_cast<double>(values.size * values.bits / 8) > limit * static_cast<double>(best))
    return nullptr;
  return WrapGeneral(std::move(encoder), lz4);
}

// The values compressed as was asked for, whole or their bytes split, where that is shorter than `plain`
// bytes; null where it is not.
Result<std::unique_ptr<ChunkEncoder>> Compress(const LeafValues& values, const EncodingHints& hints,
                                               uint64_t plain) {
  const bool splittable = values.bits == 32 || values.bits == 64;
  const uint64_t chunk_values =
      std::min(kMaxChunkValues,
               std::bit_floor(std::max<uint64_t>(16, hints.compressed_chunk_bytes * 8 / values.bits)));
  const bool split_only = splittable && hints.byte_stream_split == ByteStreamSplit::kOn;
  std::unique_ptr<ChunkEncoder> best;
  double least = static_cast<double>(plain) * kWorthCompressing;
  const double raw = static_cast<double>(values.size * values.bits) / 8;
  const auto consider = [&](std::unique_ptr<ChunkEncoder> encoder) -> Status {
    ARROW_ASSIGN_OR_RAISE(const double share, SampleCompression(encoder.get(), *hints.compression));
    if (share * raw >= least && !split_only) return Status::OK();
    least = share * raw;
    best = std::move(encoder);
    return Status::OK();
  };
  if (splittable && hints.byte_stream_split != ByteStreamSplit::kOff) {
    ARROW_RETURN_NOT_OK(consider(MakeByteStreamSplitEncoder(values, chunk_values)));
  }
  if (!split_only) ARROW_RETURN_NOT_OK(consider(MakeFlatEncoder(values, chunk_values)));
  if (best == nullptr) return nullptr;
  return WrapGeneral(std::move(best), *hints.compression);
}

Result<std::unique_ptr<ChunkEncoder>> ChooseFixed(const LeafShape& shape, const LeafValues& values,
                                                  const EncodingHints& hints) {
  if (hints.uncompressed) return MakeFlatEncoder(values);
  auto packed = MakeBitpackEncoder(values);
  uint64_t best = values.size * values.bits / 8;
  if (packed != nullptr) best = BitpackedBytes(*packed);
  const bool runs_allowed =
      values.bits >= 8 && values.bits <= 64 &&
      (!hints.rle_threshold ||
       static_cast<double>(CountRuns(static_cast<unsigned>(values.bits), values.data, values.size)) <
           *hints.rle_threshold * static_cast<double>(values.size));
  if (runs_allowed) {
    if (auto runs = MakeRleEncoder(values, best)) {
      return hints.compression ? WrapGeneral(std::move(runs), *hints.compression) : std::move(runs);
    }
  }
  if (hints.compression && values.bits >= 8) {
    ARROW_ASSIGN_OR_RAISE(auto compressed, Compress(values, hints, best));
    if (compressed != nullptr) return compressed;
  }
  if (values.kind == LeafKind::kFixed && !hints.compression &&
      hints.byte_stream_split != ByteStreamSplit::kOff) {
    ARROW_ASSIGN_OR_RAISE(auto compressed, TryCompress(shape, values, best));
    if (compressed != nullptr) return compressed;
  }
  return packed != nullptr ? std::move(packed) : MakeFlatEncoder(values);
}

// A block of dictionary entries of one width: packed where that is shorter. Returns the bytes.
Result<std::vector<uint8_t>> EncodeFixedEntries(const LeafValues& entries,
                                                pb21::CompressiveEncoding* encoding) {
  const uint64_t raw = entries.size * entries.bits / 8;
  const auto bits = static_cast<unsigned>(entries.bits);
  if (bits == 8 || bits == 16 || bits == 32 || bits == 64) {
    const unsigned width = WidestValue(bits, entries.data, entries.size);
    std::vector<uint8_t> out(MaxPackedBlockBytes(bits, width, entries.size) + kCopySlack);
    const uint64_t used = EncodePackedBlock(bits, width, entries.data, entries.size, out.data());
    if (width > 0 && width < bits && used < raw) {
      out.resize(used);
      pb21::OutOfLineBitpacking* packed = encoding->mutable_out_of_line_bitpacking();
      packed->set_uncompressed_bits_per_value(bits);
      packed->mutable_values()->mutable_flat()->set_bits_per_value(width);
      return out;
    }
  }
  encoding->mutable_flat()->set_bits_per_value(entries.bits);
  return std::vector<uint8_t>(entries.data, entries.data + raw);
}

// Whether strings are shorter as numbers of so many entries than as they are below a symbol table.
bool EntriesPay(const LeafValues& values, double distinct) {
  const auto size = static_cast<double>(values.size);
  const double entry = static_cast<double>(values.data_bytes) / size + values.offset_bytes();
  const double numbers = size * std::max(1.0, std::ceil(std::log2(distinct))) / 8;
  return numbers + distinct * entry * kShareOfEntries <
         static_cast<double>(values.data_bytes) * kShareOfText + size;
}

}  // namespace

Result<std::unique_ptr<ChunkEncoder>> ChooseChunkEncoder(const LeafShape& shape, const LeafValues& values,
                                                         const EncodingHints& hints) {
  switch (values.kind) {
    case LeafKind::kFixed:
      if (!shape.dims.empty()) return MakeFixedSizeListEncoder(shape, values);
      [[fallthrough]];
    case LeafKind::kDictionary:
      return ChooseFixed(shape, values, hints);
    case LeafKind::kVariable: {
      if (WantsFsst(shape, values, hints)) {
        ARROW_ASSIGN_OR_RAISE(auto strings, CompressStrings(values));
        if (strings) return MakeFsstEncoder(std::move(*strings), hints.string_chunk_bytes);
      }
      auto encoder = MakeVariableEncoder(values, hints.string_chunk_bytes);
      if (hints.compression) return WrapGeneral(std::move(encoder), *hints.compression);
      return encoder;
    }
    case LeafKind::kPackedStruct:
      return MakePackedStructEncoder(values);
    default:
      return Internal("chunks of values of kind {}", static_cast<int>(values.kind));
  }
}

bool WantsFsst(const LeafShape& shape, const LeafValues& values, const EncodingHints& hints) {
  if (values.data_bytes < kLeastFsstBytes) return false;
  if (hints.strings == StringCompression::kFsst) return true;
  const arrow::Type::type type = shape.type->storage_id();
  const bool text = type == arrow::Type::STRING || type == arrow::Type::LARGE_STRING;
  return text && hints.strings == StringCompression::kAuto && !hints.compression &&
         values.max_length >= kLeastFsstLength;
}

Result<std::optional<LeafValues>> ChooseDictionary(const LeafShape& shape, const LeafValues& values,
                                                   const PageLevels& levels, const EncodingHints& hints,
                                                   const PageFormat& format) {
  const bool fixed = values.kind == LeafKind::kFixed && shape.dims.empty() &&
                     (values.bits == 128 || (values.bits == 64 && format.minor >= 2));
  if (!fixed && values.kind != LeafKind::kVariable) return std::nullopt;
  if (values.size < hints.dictionary_least_values) return std::nullopt;
  const uint64_t raw =
      fixed ? values.size * values.bits / 8 : values.data_bytes + (values.size + 1) * values.offset_bytes();
  DictionaryLimits limits;
  limits.max_entries = std::min(values.size / std::max<uint64_t>(1, hints.dictionary_divisor), kMaxEntries);
  limits.max_encoded_bytes = static_cast<uint64_t>(static_cast<double>(raw) * hints.dictionary_size_ratio);
  limits.max_entry_bytes = hints.dictionary_max_bytes;
  if (limits.max_entries == 0 || raw == 0) return std::nullopt;
  if (auto distinct = EstimateDistinct(values)) {
    if (*distinct > static_cast<double>(limits.max_entries)) return std::nullopt;
    if (!fixed && !EntriesPay(values, *distinct)) return std::nullopt;
    if (!fixed) limits.max_packed_entries = limits.max_entries;
    limits.expected_entries = static_cast<uint64_t>(*distinct);
  }
  return BuildDictionary(values, NullFlags(levels), limits);
}

Result<DictionaryBlock> EncodeDictionary(const LeafValues& entries, const EncodingHints& hints) {
  DictionaryBlock block;
  block.num_items = entries.size;
  pb21::CompressiveEncoding inner;
  std::vector<uint8_t> bytes;
  if (entries.kind == LeafKind::kVariable) {
    bytes = EncodeStringBlock(entries);
    inner.mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(entries.offset_bytes() *
                                                                                    8);
  } else {
    ARROW_ASSIGN_OR_RAISE(bytes, EncodeFixedEntries(entries, &inner));
  }
  pb21::CompressiveEncoding encoding = inner;
  if (hints.dictionary_compression && (inner.has_variable() || inner.has_flat())) {
    std::vector<uint8_t> compressed;
    ARROW_RETURN_NOT_OK(
        AppendCompressed(*hints.dictionary_compression, bytes.data(), bytes.size(), &compressed));
    if (compressed.size() < bytes.size()) {
      bytes = std::move(compressed);
      encoding.Clear();
      *DescribeGeneral(*hints.dictionary_compression, &encoding) = inner;
    }
  }
  block.bytes = arrow::Buffer::FromVector(std::move(bytes));
  block.encoding = encoding.SerializeAsString();
  return block;
}

}  // namespace lance::encoding
