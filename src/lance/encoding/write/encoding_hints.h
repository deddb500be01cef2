#pragma once

#include <cstdint>
#include <optional>

#include "lance/base/status.h"
#include "lance/encoding/codec/general/compress.h"
#include "lance/encoding/core/page.h"
#include "lance/schema/schema.h"

namespace lance::encoding {

enum class Structure : uint8_t { kMiniBlock, kFullZip };
enum class StringCompression : uint8_t { kAuto, kNone, kFsst };
enum class ByteStreamSplit : uint8_t { kAuto, kOff, kOn };

/// What the metadata of a field asks of its pages (lance-encoding:*), or the defaults of the format version.
struct EncodingHints {
  std::optional<Structure> structure;
  std::optional<Compression> compression;  ///< lz4 or zstd around values
  bool uncompressed = false;               ///< compression = none: values as they are
  StringCompression strings = StringCompression::kAuto;
  ByteStreamSplit byte_stream_split = ByteStreamSplit::kAuto;
  std::optional<double> rle_threshold;  ///< runs a value must stay below it
  uint64_t string_chunk_bytes = 4096;
  uint64_t compressed_chunk_bytes = 4096;  ///< of numbers below a compressor that was asked for

  uint64_t dictionary_least_values = 100;
  uint64_t dictionary_divisor = 2;     ///< at most one entry in so many values
  double dictionary_size_ratio = 0.8;  ///< indices and entries against plain values
  uint64_t dictionary_max_bytes = 8 << 20;
  std::optional<Compression> dictionary_compression;  ///< of the entries

  /// Errors: InvalidArgument names a key whose value is unknown.
  static Result<EncodingHints> Parse(const schema::Field& field, const PageFormat& format);
};

}  // namespace lance::encoding
