// RaBitQ: J. Gao, C. Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound",
// 2024, and for more than one bit J. Gao et al., "Practical and asymptotically optimal quantization", 2024. A
// record is
//
//   sign bits | add, scale, error factors | blocked ex codes | add, scale factors of ex codes
#include "lance/index/vector/build/rq_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include <arrow/api.h>

#include "lance/index/vector/build/column_builders.h"
#include "lance/index/vector/build/rq_layout.h"
#include "lance/index/vector/format/names.h"
#include "lance/simd/rabitq.h"

namespace lance::index {
namespace {

// Where the search for the scale of ex codes begins, as a share of where it ends.
constexpr float kScaleStart[] = {0, 0.15f, 0.20f, 0.52f, 0.59f, 0.71f, 0.75f, 0.77f, 0.81f};
constexpr float kErrorEpsilon = 1.9f;

float Ratio(float numerator, float denominator) { return denominator == 0 ? 0 : numerator / denominator; }

struct Factors {
  float add = 0, scale = 0, error = 0, add_ex = 0, scale_ex = 0;
};

class RqEncoder : public Encoder {
 public:
  explicit RqEncoder(RqSettings settings) : s_(std::move(settings)), ex_bits_(s_.num_bits - 1) {
    rotated_centroids_ = s_.centroids;
    for (size_t at = 0; at < rotated_centroids_.size(); at += s_.dim) {
      simd::RotateFast(rotated_centroids_.data() + at, s_.dim, s_.signs.data());
    }
  }

  size_t sign_bytes() const { return s_.dim / 8; }
  size_t ex_bytes() const { return BlockedExBytes(s_.dim, ex_bits_); }
  size_t factors_at() const { return sign_bytes(); }
  size_t ex_at() const { return sign_bytes() + 3 * sizeof(float); }
  size_t record_bytes() const override {
    return ex_at() + (ex_bits_ == 0 ? 0 : ex_bytes() + 2 * sizeof(float));
  }

  Status Encode(const AssignedRows& rows, uint8_t* records) const override {
    Scratch scratch(s_.dim);
    for (size_t row = 0; row < rows.count; ++row) {
      const size_t centroid = size_t{rows.partitions[row]} * s_.dim;
      const float* v = rows.values + row * s_.dim;
      float norm = 0;
      for (size_t k = 0; k < s_.dim; ++k) {
        scratch.rotated[k] = v[k] - s_.centroids[centroid + k];
        norm += scratch.rotated[k] * scratch.rotated[k];
      }
      simd::RotateFast(scratch.rotated.data(), s_.dim, s_.signs.data());
      EncodeRow(rotated_centroids_.data() + centroid, norm, &scratch, records + row * record_bytes());
    }
    return Status::OK();
  }

  std::vector<std::shared_ptr<arrow::Field>> fields() const override {
    const auto list = [](size_t width) {
      return arrow::fixed_size_list(arrow::field("item", arrow::uint8()), static_cast<int32_t>(width));
    };
    std::vector<std::shared_ptr<arrow::Field>> out = {
        arrow::field(kRqColumn, list(sign_bytes())), arrow::field(kRqAddColumn, arrow::float32()),
        arrow::field(kRqScaleColumn, arrow::float32()), arrow::field(kRqErrorColumn, arrow::float32())};
    if (ex_bits_ > 0) {
      out.push_back(arrow::field(kRqExColumn, list(ex_bytes())));
      out.push_back(arrow::field(kRqAddExColumn, arrow::float32()));
      out.push_back(arrow::field(kRqScaleExColumn, arrow::float32()));
    }
    return out;
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> Columns(std::span<const uint8_t> records,
                                                             size_t count) const override {
    const auto rows = static_cast<int64_t>(count);
    std::vector<uint8_t> signs = SliceRecords(records, count, 0, sign_bytes());
    if (!s_.row_major) signs = PackSignCodes(signs, count, sign_bytes());
    std::vector<std::shared_ptr<arrow::Array>> out = {
        ListColumn(arrow::uint8(), static_cast<int32_t>(sign_bytes()), std::move(signs), rows)};
    for (size_t i = 0; i < 3; ++i) {
      out.push_back(FloatColumn(FloatsOfRecords(records, count, factors_at() + i * sizeof(float))));
    }
    if (ex_bits_ > 0) {
      out.push_back(ListColumn(arrow::uint8(), static_cast<int32_t>(ex_bytes()),
                               SliceRecords(records, count, ex_at(), ex_bytes()), rows));
      for (size_t i = 0; i < 2; ++i) {
        out.push_back(FloatColumn(FloatsOfRecords(records, count, ex_at() + ex_bytes() + i * sizeof(float))));
      }
    }
    return out;
  }

  QuantizerMetadata metadata() const override {
    RqMetadata out;
    out.rotation_signs = s_.signs;
    out.code_dimension = static_cast<uint32_t>(s_.dim);
    out.num_bits = s_.num_bits;
    out.packed = !s_.row_major;
    return out;
  }

 private:
  struct Scratch {
    explicit Scratch(size_t dim) : rotated(dim), magnitudes(dim), codes(dim) {}
    std::vector<float> rotated;
    std::vector<float> magnitudes;
    std::vector<uint8_t> codes;
  };

  // Codes of the further bits, for each dimension; all 0 for a residual of nearly 0.
  void QuantizeEx(Scratch* scratch) const {
    float squared = 0, largest = 0;
    for (const float v : scratch->rotated) {
      squared += v * v;
      largest = std::max(largest, std::abs(v));
    }
    std::fill(scratch->codes.begin(), scratch->codes.end(), uint8_t{0});
    if (!(squared > std::numeric_limits<float>::epsilon())) return;
    const float inverse = 1 / std::sqrt(squared);
    for (size_t k = 0; k < s_.dim; ++k) scratch->magnitudes[k] = std::abs(scratch->rotated[k]) * inverse;
    const int max_code = (1 << ex_bits_) - 1;
    const float end = static_cast<float>(max_code + 10) / (largest * inverse);
    const float t =
        simd::BestCodeScale(scratch->magnitudes.data(), s_.dim, end * kScaleStart[ex_bits_], end, max_code);
    for (size_t k = 0; k < s_.dim; ++k) {
      const auto code =
          static_cast<uint8_t>(std::min(static_cast<int>(t * scratch->magnitudes[k] + 1e-5f), max_code));
      scratch->codes[k] = std::signbit(scratch->rotated[k]) ? static_cast<uint8_t>(~code & max_code) : code;
    }
  }

  void EncodeRow(const float* centroid, float norm, Scratch* scratch, uint8_t* record) const {
    std::memset(record, 0, record_bytes());
    float dot = 0, centroid_dot = 0, residual_centroid = 0;
    for (size_t k = 0; k < s_.dim; ++k) {
      const float v = scratch->rotated[k];
      const bool positive = !std::signbit(v);
      record[k / 8] |= static_cast<uint8_t>(positive << (k % 8));
      dot += std::abs(v) * 0.5f;
      centroid_dot += positive ? centroid[k] * 0.5f : centroid[k] * -0.5f;
      residual_centroid += v * centroid[k];
    }
    const bool is_dot = s_.metric == simd::Metric::kDot;
    const float base = is_dot ? 1 - residual_centroid : norm, weight = is_dot ? 1.0f : 2.0f;
    Factors factors;
    factors.add = base + weight * Ratio(norm * centroid_dot, dot);
    factors.scale = Ratio(-weight * norm, dot);
    factors.error = weight * ErrorFactor(norm, dot);
    if (ex_bits_ > 0) {
      QuantizeEx(scratch);
      float ex_dot = 0, ex_centroid_dot = 0;
      const float bias = static_cast<float>(1 << ex_bits_) - 0.5f;
      for (size_t k = 0; k < s_.dim; ++k) {
        const float v = scratch->rotated[k];
        const int full = (std::signbit(v) ? 0 : 1 << ex_bits_) + scratch->codes[k];
        ex_dot += v * (static_cast<float>(full) - bias);
        ex_centroid_dot += centroid[k] * (static_cast<float>(full) - bias);
      }
      // Near 0 the codes say nothing, and so do the factors.
      const bool nothing = !(norm > std::numeric_limits<float>::epsilon());
      factors.add_ex = base + (nothing ? 0 : weight * Ratio(norm * ex_centroid_dot, ex_dot));
      factors.scale_ex = nothing ? 0 : Ratio(-weight * norm, ex_dot);
      PackExCodes(scratch->codes, ex_bits_, record + ex_at());
      std::memcpy(record + ex_at() + ex_bytes(), &factors.add_ex, 2 * sizeof(float));
    }
    std::memcpy(record + factors_at(), &factors.add, 3 * sizeof(float));
  }

  float ErrorFactor(float norm, float dot) const {
    if (s_.dim <= 1 || norm <= 0 || dot == 0) return 0;
    const float alignment = norm * static_cast<float>(s_.dim) * 0.25f / (dot * dot);
    return std::sqrt(norm) * kErrorEpsilon *
           std::sqrt(std::max(alignment - 1, 0.0f) / (static_cast<float>(s_.dim) - 1));
  }

  RqSettings s_;
  uint32_t ex_bits_;
  std::vector<float> rotated_centroids_;
};

}  // namespace

std::vector<uint8_t> MakeRotationSigns(size_t dim, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> out(4 * dim / 8);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random() >> 32);
  return out;
}

Result<std::unique_ptr<Encoder>> MakeRqEncoder(RqSettings settings) {
  LANCE_CHECK_ARG(settings.dim % 8 == 0, "IVF_RQ needs a dimension that is a multiple of 8, got {}",
                  settings.dim);
  LANCE_CHECK_ARG(settings.num_bits >= 1 && settings.num_bits <= 9, "IVF_RQ takes 1 to 9 bits, got {}",
                  settings.num_bits);
  return std::make_unique<RqEncoder>(std::move(settings));
}

}  // namespace lance::index
