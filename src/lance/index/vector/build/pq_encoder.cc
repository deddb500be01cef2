// Product quantization: H. Jegou, M. Douze, C. Schmid, "Product quantization for nearest neighbor search",
// 2011.
#include "lance/index/vector/build/pq_encoder.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>

#include "lance/index/vector/build/column_builders.h"
#include "lance/index/vector/build/narrow_tensor.h"
#include "lance/index/vector/format/names.h"
#include "lance/runtime/parallel_for.h"
#include "lance/simd/nearest.h"

namespace lance::index {
namespace {

// Rows whose residuals are held at once: they stay in the second-level cache.
constexpr size_t kBlockRows = 256;

class PqEncoder : public Encoder {
 public:
  explicit PqEncoder(PqEncoderSettings settings) : s_(std::move(settings)) {
    const size_t sub_size = s_.shape.num_codes() * s_.shape.sub_dim();
    for (size_t m = 0; m < s_.shape.num_sub_vectors; ++m) {
      nearest_.push_back(simd::NearestPoint::Make(simd::Metric::kL2, s_.codebook.data() + m * sub_size,
                                                  s_.shape.num_codes(), s_.shape.sub_dim()));
    }
  }

  size_t record_bytes() const override { return s_.shape.num_sub_vectors * s_.shape.num_bits / 8; }

  Status Encode(const AssignedRows& rows, uint8_t* records) const override {
    const size_t dim = s_.shape.dim;
    std::vector<float> residuals(s_.centroids.empty() ? 0 : std::min(rows.count, kBlockRows) * dim);
    std::vector<uint32_t> codes(kBlockRows);
    for (size_t first = 0; first < rows.count; first += kBlockRows) {
      const size_t block = std::min(kBlockRows, rows.count - first);
      const float* from = rows.values + first * dim;
      if (!s_.centroids.empty()) {
        for (size_t i = 0; i < block; ++i) {
          const float* centroid = s_.centroids.data() + size_t{rows.partitions[first + i]} * dim;
          for (size_t k = 0; k < dim; ++k) residuals[i * dim + k] = from[i * dim + k] - centroid[k];
        }
        from = residuals.data();
      }
      EncodeBlock(from, block, codes.data(), records + first * record_bytes());
    }
    return Status::OK();
  }

  std::vector<std::shared_ptr<arrow::Field>> fields() const override {
    return {arrow::field(kPqColumn, arrow::fixed_size_list(arrow::field("item", arrow::uint8()),
                                                           static_cast<int32_t>(record_bytes())))};
  }

  Result<std::vector<std::shared_ptr<arrow::Array>>> Columns(std::span<const uint8_t> records,
                                                             size_t count) const override {
    std::vector<uint8_t> out(records.size());
    const size_t width = record_bytes();
    if (s_.row_major) std::copy(records.begin(), records.end(), out.begin());
    constexpr size_t kTile = 64;
    for (size_t first = 0; first < count && !s_.row_major; first += kTile) {
      for (size_t m = 0; m < width; ++m) {
        for (size_t row = first; row < std::min(count, first + kTile); ++row) {
          out[m * count + row] = records[row * width + m];
        }
      }
    }
    return std::vector{
        ListColumn(arrow::uint8(), static_cast<int32_t>(width), std::move(out), static_cast<int64_t>(count))};
  }

  QuantizerMetadata metadata() const override {
    PqMetadata out;
    out.codebook_position = 2;
    out.num_bits = s_.shape.num_bits;
    out.num_sub_vectors = s_.shape.num_sub_vectors;
    out.dimension = s_.shape.dim;
    out.transposed = !s_.row_major;
    return out;
  }

  std::string global_buffer() const override {
    return SerializeTensor(NarrowTensor(s_.codebook, s_.shape.dim, s_.element));
  }

 private:
  void EncodeBlock(const float* from, size_t count, uint32_t* codes, uint8_t* records) const {
    const size_t width = record_bytes();
    for (size_t m = 0; m < s_.shape.num_sub_vectors; ++m) {
      nearest_[m]->Find(from + m * s_.shape.sub_dim(), count, s_.shape.dim, codes, nullptr);
      if (s_.shape.num_bits == 8) {
        for (size_t i = 0; i < count; ++i) records[i * width + m] = static_cast<uint8_t>(codes[i]);
      } else if (m % 2 == 0) {
        for (size_t i = 0; i < count; ++i) records[i * width + m / 2] = static_cast<uint8_t>(codes[i]);
      } else {
        for (size_t i = 0; i < count; ++i) records[i * width + m / 2] |= static_cast<uint8_t>(codes[i] << 4);
      }
    }
  }

  PqEncoderSettings s_;
  std::vector<std::unique_ptr<const simd::NearestPoint>> nearest_;
};

}  // namespace

Status PqShape::Validate() const {
  LANCE_CHECK_ARG(num_sub_vectors > 0 && dim % num_sub_vectors == 0,
                  "dimension ({}) must be divisible by num_sub_vectors ({})", dim, num_sub_vectors);
  LANCE_CHECK_ARG(num_bits == 8 || num_bits == 4, "PQ takes 4 or 8 bits a code, got {}", num_bits);
  LANCE_CHECK_ARG(num_bits == 8 || num_sub_vectors % 2 == 0,
                  "PQ of 4 bits needs an even number of sub-vectors, got {}", num_sub_vectors);
  return Status::OK();
}

Result<std::vector<float>> TrainCodebook(const float* rows, size_t num_rows, const PqShape& shape,
                                         const KMeansOptions& options) {
  const size_t sub_dim = shape.sub_dim(), sub_size = shape.num_codes() * sub_dim;
  LANCE_CHECK_ARG(num_rows >= shape.num_codes(),
                  "Not enough rows to train PQ. Requires {} rows but only {} available", shape.num_codes(),
                  num_rows);
  std::vector<float> codebook(shape.num_sub_vectors * sub_size);
  ARROW_RETURN_NOT_OK(runtime::ParallelFor(options.pool, shape.num_sub_vectors, [&](size_t m) -> Status {
    std::vector<float> part(num_rows * sub_dim);
    for (size_t row = 0; row < num_rows; ++row) {
      std::copy_n(rows + row * shape.dim + m * sub_dim, sub_dim, part.data() + row * sub_dim);
    }
    KMeansOptions of = options;
    of.metric = simd::Metric::kL2;
    of.k = shape.num_codes();
    of.seed = options.seed + m;
    of.pool = nullptr;
    of.progress = nullptr;
    if (!options.initial.empty()) of.initial = options.initial.subspan(m * sub_size, sub_size);
    ARROW_ASSIGN_OR_RAISE(const KMeansModel model, TrainKMeans(part.data(), num_rows, sub_dim, of));
    std::copy(model.centroids.begin(), model.centroids.end(), codebook.begin() + m * sub_size);
    return Status::OK();
  }));
  return codebook;
}

std::unique_ptr<Encoder> MakePqEncoder(PqEncoderSettings settings) {
  return std::make_unique<PqEncoder>(std::move(settings));
}

void DecodePq(const PqShape& shape, std::span<const float> codebook, std::span<const uint8_t> codes,
              size_t count, float* out) {
  const size_t sub_dim = shape.sub_dim(), width = shape.num_sub_vectors * shape.num_bits / 8;
  for (size_t row = 0; row < count; ++row) {
    for (size_t m = 0; m < shape.num_sub_vectors; ++m) {
      const uint8_t byte = codes[row * width + m * shape.num_bits / 8];
      const size_t code = shape.num_bits == 8 ? byte : (m % 2 == 0 ? byte & 15 : byte >> 4);
      std::copy_n(codebook.data() + (m * shape.num_codes() + code) * sub_dim, sub_dim,
                  out + row * shape.dim + m * sub_dim);
    }
  }
}

}  // namespace lance::index
