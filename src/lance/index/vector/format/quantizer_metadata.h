#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/format/kinds.h"

namespace lance::index {

/// Vectors as they are (of cosine: of length 1).
struct FlatMetadata {
  uint64_t dimension = 0;
  bool operator==(const FlatMetadata&) const = default;
};

/// Product quantization.
struct PqMetadata {
  uint32_t codebook_position = 0;  ///< global buffer with the codebook: a Tensor; 0: it is inline
  uint32_t num_bits = 8;           ///< 8, or 4: two codes a byte, the even sub-vector in the low half
  uint64_t num_sub_vectors = 0;
  uint64_t dimension = 0;
  std::string inline_codebook;  ///< a serialized Tensor, in old files
  bool transposed = true;       ///< a partition's codes lie column after column

  /// Bytes of a row's codes.
  uint64_t code_bytes() const { return (num_sub_vectors * num_bits + 7) / 8; }
  uint64_t sub_dimension() const { return dimension / num_sub_vectors; }
  bool operator==(const PqMetadata&) const = default;
};

/// Scalar quantization: code = (v - start) * 255 / (end - start), cut off.
struct SqMetadata {
  uint64_t dimension = 0;
  uint32_t num_bits = 8;
  double start = 0;
  double end = 0;
  bool operator==(const SqMetadata&) const = default;
};

/// RaBitQ: signs, and with num_bits > 1 further bits, of the rotated residual.
struct RqMetadata {
  enum class Rotation { kFast, kMatrix };
  /// What stored factors go with.
  enum class Estimator { kRawQuery, kResidualQuery };

  std::optional<uint32_t> matrix_position;             ///< global buffer with the rotation: a Tensor
  std::optional<std::vector<uint8_t>> rotation_signs;  ///< of the fast rotation: 4 rounds of bits
  Rotation rotation = Rotation::kFast;
  uint32_t code_dimension = 0;  ///< after the rotation; 0: that of the matrix
  uint32_t num_bits = 5;
  bool packed = true;  ///< sign codes lie in blocks of 32 rows
  Estimator estimator = Estimator::kRawQuery;

  uint32_t ex_bits() const { return num_bits - 1; }
  bool operator==(const RqMetadata&) const = default;
};

using QuantizerMetadata = std::variant<FlatMetadata, PqMetadata, SqMetadata, RqMetadata>;

/// Parses the value of `storage_metadata`: a JSON list that holds the quantizer's JSON as a string. Checks
/// what can be checked without the file. Errors: Corruption, NotSupported.
Result<QuantizerMetadata> ParseStorageMetadata(Quantizer quantizer, std::string_view json);
/// The value of `storage_metadata`.
std::string SerializeStorageMetadata(const QuantizerMetadata& metadata);
/// The quantizer's own JSON, as index statistics show it.
std::string SerializeQuantizer(const QuantizerMetadata& metadata);

/// Bytes of one row of the blocked further codes of RQ: 64 dimensions a block.
inline uint64_t BlockedExBytes(uint64_t code_dimension, uint32_t ex_bits) {
  return (code_dimension + 63) / 64 * 8 * ex_bits;
}

}  // namespace lance::index
