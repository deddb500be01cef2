#include "lance/index/vector/build/existing_segment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lance/index/vector/build/pq_encoder.h"
#include "lance/index/vector/build/rq_encoder.h"
#include "lance/index/vector/build/rq_layout.h"
#include "lance/runtime/session.h"

namespace lance::index {
namespace {

std::span<const uint8_t> BytesOf(const std::shared_ptr<arrow::Buffer>& buffer) {
  return {buffer->data(), static_cast<size_t>(buffer->size())};
}

// Byte columns as rows.
void Transpose(std::span<const uint8_t> columns, size_t rows, size_t width, size_t stride, uint8_t* out) {
  for (size_t column = 0; column < width; ++column) {
    const uint8_t* from = columns.data() + column * rows;
    for (size_t row = 0; row < rows; ++row) out[row * stride + column] = from[row];
  }
}

void RqRecords(const Partition& partition, size_t dim, uint32_t ex_bits, size_t stride, uint8_t* out) {
  const size_t rows = partition.num_rows, width = dim / 8, ex_bytes = BlockedExBytes(dim, ex_bits);
  Transpose(BytesOf(partition.codes), rows, width, stride, out);
  const RqFactors& factors = partition.factors;
  for (size_t row = 0; row < rows; ++row) {
    uint8_t* record = out + row * stride + width;
    const float first[3] = {factors.add[row], factors.scale[row], factors.error[row]};
    std::memcpy(record, first, sizeof(first));
    if (ex_bits == 0) continue;
    record += sizeof(first);
    PackExCodes(BytesOf(partition.ex_codes).subspan(row * dim, dim), ex_bits, record);
    const float further[2] = {factors.add_ex[row], factors.scale_ex[row]};
    std::memcpy(record + ex_bytes, further, sizeof(further));
  }
}

// Bounds that hold those of all segments.
SqMetadata CommonBounds(std::span<const std::shared_ptr<const VectorSegment>> segments) {
  SqMetadata out = segments[0]->quantizer().sq();
  for (const auto& segment : segments) {
    out.start = std::min(out.start, segment->quantizer().sq().start);
    out.end = std::max(out.end, segment->quantizer().sq().end);
  }
  return out;
}

// Codes by other bounds: each code is the value in the middle of what it stands for.
void CodeAnew(const SqMetadata& from, const SqMetadata& to, std::vector<uint8_t>* codes) {
  if (from == to) return;
  uint8_t coded[256];
  for (int code = 0; code < 256; ++code) {
    const double value = from.start + std::min(code + 0.5, 255.0) * (from.end - from.start) / 255.0;
    const double scaled = (value - to.start) * 255.0 / (to.end - to.start);
    // Bounds come from a file: their range may be none or overflow.
    coded[code] = static_cast<uint8_t>(std::clamp(std::isnan(scaled) ? 0.0 : scaled, 0.0, 255.0));
  }
  for (uint8_t& code : *codes) code = coded[code];
}

Status MakeEncoder(std::span<const std::shared_ptr<const VectorSegment>> segments, VectorModel* model) {
  const QuantizerModel& quantizer = segments[0]->quantizer();
  const bool residual = model->metric != simd::Metric::kDot;
  switch (model->kind.quantizer) {
    case Quantizer::kFlat:
      model->encoder = MakeFlatEncoder(model->type);
      return Status::OK();
    case Quantizer::kSq: {
      const SqMetadata bounds = CommonBounds(segments);
      model->encoder = MakeSqEncoder(model->type.dim, bounds.start, bounds.end);
      return Status::OK();
    }
    case Quantizer::kPq: {
      PqEncoderSettings settings;
      settings.shape = {model->type.dim, quantizer.pq().num_sub_vectors, quantizer.pq().num_bits};
      ARROW_RETURN_NOT_OK(settings.shape.Validate());
      settings.codebook = model->codebook = quantizer.codewords;
      if (residual) settings.centroids = model->centroids;
      settings.element = model->type.element;
      model->encoder = MakePqEncoder(std::move(settings));
      return Status::OK();
    }
    case Quantizer::kRq: {
      const RqMetadata& rq = quantizer.rq();
      if (rq.rotation != RqMetadata::Rotation::kFast || !rq.rotation_signs.has_value()) {
        return NotSupported("adding to an IVF_RQ index with a rotation matrix");
      }
      if (rq.estimator != RqMetadata::Estimator::kRawQuery) {
        return NotSupported("adding to an IVF_RQ index with factors for query residuals");
      }
      RqSettings settings;
      settings.dim = model->type.dim;
      settings.num_bits = rq.num_bits;
      settings.metric = model->assign_metric();
      settings.signs = *rq.rotation_signs;
      settings.centroids = model->centroids;
      ARROW_ASSIGN_OR_RAISE(model->encoder, MakeRqEncoder(std::move(settings)));
      return Status::OK();
    }
  }
  return Internal("unknown quantizer");
}

}  // namespace

Result<VectorModel> ModelOf(std::span<const std::shared_ptr<const VectorSegment>> segments,
                            const VectorType& type) {
  Centroids centroids;
  if (type.element == simd::Element::kUInt8) {
    const std::string& data = segments[0]->stored_centroids().data;
    centroids.modes.assign(data.begin(), data.end());
  } else {
    centroids.values = segments[0]->centroids();
  }
  return WithCentroids(segments, type, std::move(centroids));
}

Result<VectorModel> WithCentroids(std::span<const std::shared_ptr<const VectorSegment>> segments,
                                  const VectorType& type, Centroids centroids) {
  const VectorSegment& segment = *segments[0];
  LANCE_CHECK_BYTES(segment.dimension() == type.dim,
                    "index segment {} has vectors of {} dimensions, its column {}", segment.uuid(),
                    segment.dimension(), type.dim);
  VectorModel model;
  model.kind = segment.header().kind;
  model.metric = segment.header().metric;
  model.type = type;
  model.loss = segment.loss();
  model.centroids = std::move(centroids.values);
  model.modes = std::move(centroids.modes);
  ARROW_RETURN_NOT_OK(MakeEncoder(segments, &model));
  return model;
}

bool SameModel(const VectorSegment& a, const VectorSegment& b) {
  if (!(a.header() == b.header()) || !(a.stored_centroids() == b.stored_centroids())) return false;
  if (a.header().kind.quantizer == Quantizer::kPq) {
    const PqMetadata &x = a.quantizer().pq(), &y = b.quantizer().pq();
    return x.num_bits == y.num_bits && x.num_sub_vectors == y.num_sub_vectors &&
           a.quantizer().codewords == b.quantizer().codewords;
  }
  return a.header().kind.quantizer == Quantizer::kSq || a.quantizer().metadata == b.quantizer().metadata;
}

Result<PartitionRecords> RecordsOf(const VectorSegment& segment, const VectorModel& model, size_t partition,
                                   const RowMoves* moves) {
  runtime::Cache none(0);  // each partition is read once
  const auto number = static_cast<uint32_t>(partition);
  ARROW_ASSIGN_OR_RAISE(const auto all, segment.Load({&number, 1}, moves, &none));
  const auto& loaded = all[0];
  PartitionRecords out;
  out.row_ids = loaded->row_ids;
  const size_t rows = loaded->num_rows, dim = segment.dimension();
  const VectorIndexKind kind = segment.header().kind;
  if (rows == 0) return out;
  if (kind.quantizer == Quantizer::kRq) {
    const uint32_t ex_bits = segment.quantizer().rq().ex_bits();
    const size_t stride =
        dim / 8 + 3 * sizeof(float) + (ex_bits == 0 ? 0 : BlockedExBytes(dim, ex_bits) + 2 * sizeof(float));
    out.records.resize(rows * stride);
    LANCE_CHECK_BYTES(loaded->factors.error.size() == rows, "index segment {} has no error factors",
                      segment.uuid());
    RqRecords(*loaded, dim, ex_bits, stride, out.records.data());
    return out;
  }
  const auto codes = BytesOf(loaded->codes);
  out.records.resize(codes.size());
  if (kind.quantizer == Quantizer::kPq && kind.sub_index == SubIndex::kFlat) {
    const size_t width = segment.quantizer().pq().code_bytes();
    Transpose(codes, rows, width, width, out.records.data());
  } else {
    std::copy(codes.begin(), codes.end(), out.records.begin());
  }
  if (kind.quantizer == Quantizer::kSq) {
    CodeAnew(segment.quantizer().sq(), std::get<SqMetadata>(model.encoder->metadata()), &out.records);
  }
  return out;
}

}  // namespace lance::index
