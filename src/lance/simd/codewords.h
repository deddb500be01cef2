#pragma once

#include <cstddef>
#include <cstdint>

/// Kernels over the codebooks of product quantization and the tables made of them. Floats differ from the
/// scalar definition by the order of sums only. Each dispatches on the CPU once per call. Thread-safe.
namespace lance::simd {

/// Distances between queries and all codewords, query after query and in it sub-vector after sub-vector:
/// out[m * codewords + c] is the squared L2 distance (or, of kDot, 1 - the inner product; of kNegativeDot,
/// that less 1) of sub-vector m to its codeword c. `codebook` has for each sub-vector `sub_dim` rows of
/// `codewords` values: value d of codeword c is at (m * sub_dim + d) * codewords + c. Up to four queries cost
/// one pass over the codebook.
enum class CodewordMetric { kL2, kDot, kNegativeDot };
void CodewordDistances(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
                       size_t sub_vectors, size_t sub_dim, size_t codewords, float* out);

/// The squared L2 distance of a vector to what a code of 8 bits a sub-vector stands for: to the last bit the
/// sum, in order, of what CodewordDistances gives for its codewords. The vector is turned: value d of
/// sub-vector m is at d * sub_vectors + m. Byte m * stride of the code is of sub-vector m; `codewords` has
/// the values of codeword c of sub-vector m from (m * 256 + c) * sub_dim on.
float CodeDistance(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
                   const uint8_t* code, size_t stride);

/// Rounds tables of floats to bytes: bytes[t][i] = (tables[t][i] - the table's smallest entry) / step, cut
/// off, with one step for all tables, small enough that sums of one entry of each fit 16 bits.
struct RoundedTables {
  float bias = 0;       ///< sum of the tables' smallest entries
  float step = 0;       ///< 0: every table has one value only
  float magnitude = 0;  ///< sum of the tables' largest absolute entries
};
/// Bias or step are not finite where an entry is not.
RoundedTables RoundTables(const float* tables, size_t count, size_t entries, uint8_t* bytes);

namespace scalar {
void CodewordDistances(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
                       size_t sub_vectors, size_t sub_dim, size_t codewords, float* out);
float CodeDistance(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
                   const uint8_t* code, size_t stride);
RoundedTables RoundTables(const float* tables, size_t count, size_t entries, uint8_t* bytes);
}  // namespace scalar

}  // namespace lance::simd
