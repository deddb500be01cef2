#include "lance/index/vector/build/model.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include <arrow/util/float16.h>

#include "lance/index/vector/build/narrow_tensor.h"
#include "lance/index/vector/build/pq_encoder.h"
#include "lance/index/vector/build/rq_encoder.h"
#include "lance/index/vector/kmeans/kmeans.h"
#include "lance/index/vector/kmeans/spatial_order.h"
#include "lance/runtime/parallel_for.h"

namespace lance::index {
namespace {

// float16 columns keep centroids and codebooks as float16: what is computed with is what is kept.
void RoundTo(simd::Element element, std::vector<float>* values) {
  if (element != simd::Element::kFloat16) return;
  for (float& value : *values) value = arrow::util::Float16::FromFloat(value).ToFloat();
}

KMeansOptions OptionsOf(const VectorIndexParams& params, const BuildContext& context) {
  KMeansOptions out;
  out.seed = params.seed;
  out.pool = context.pool;
  out.cancellation = context.cancellation;
  return out;
}

Status TrainPartitions(const VectorRows& sample, const VectorIndexParams& params, size_t num_partitions,
                       const BuildContext& context, VectorModel* model) {
  constexpr char kStage[] = "train_ivf";
  if (params.centroid_values() > 0) {
    model->centroids = params.centroids;
    model->modes = params.modes;
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kStart, kStage, 0,
                                     static_cast<uint64_t>(params.max_iterations), "iterations"));
  KMeansOptions options = OptionsOf(params, context);
  options.k = num_partitions;
  options.max_iterations = params.max_iterations;
  options.metric = model->assign_metric();
  Status reported;
  options.progress = [&](int done) {
    reported &= context.Report(BuildProgress::Event::kProgress, kStage, static_cast<uint64_t>(done),
                               static_cast<uint64_t>(params.max_iterations), "iterations");
    if (!reported.ok()) options.cancellation.Cancel();
  };
  auto trained = TrainCentroids(sample, model->type, options);
  ARROW_RETURN_NOT_OK(reported);
  ARROW_RETURN_NOT_OK(trained.status());
  model->modes = std::move(trained->modes);
  model->loss = trained->loss;
  // Partitions that a query looks into lie near each other in the files then.
  const size_t dim = model->type.dim;
  for (const uint32_t c : SpatialOrder(trained->values.data(), trained->values.size() / dim, dim)) {
    const auto from = trained->values.begin() + static_cast<ptrdiff_t>(c * dim);
    model->centroids.insert(model->centroids.end(), from, from + static_cast<ptrdiff_t>(dim));
  }
  return context.Report(BuildProgress::Event::kComplete, kStage);
}

// Leaves `count` rows of the sample, taken evenly; residuals to their centroids when `residual`. In place: a
// second copy would be the largest thing that a build holds.
Status ReduceToQuantizerSample(size_t count, bool residual, const BuildContext& context,
                               const VectorModel& model, VectorRows* sample) {
  const size_t dim = model.type.dim, all = sample->count(), rows = std::min(count, all);
  std::vector<float>& values = sample->values;
  for (size_t i = 0; rows < all && i < rows; ++i) {
    std::memmove(values.data() + i * dim, values.data() + i * all / rows * dim, dim * sizeof(float));
  }
  values.resize(rows * dim);
  sample->row_ids.resize(rows);
  if (!residual) return Status::OK();
  std::vector<uint32_t> ids(rows);
  ARROW_RETURN_NOT_OK(AssignToCentroids(values.data(), rows, dim, model.centroids, model.assign_metric(),
                                        context.pool, ids.data(), nullptr));
  for (size_t i = 0; i < rows; ++i) {
    const float* centroid = model.centroids.data() + size_t{ids[i]} * dim;
    for (size_t k = 0; k < dim; ++k) values[i * dim + k] -= centroid[k];
  }
  return Status::OK();
}

Status TrainPq(VectorRows sample, const VectorIndexParams& params, const BuildContext& context,
               VectorModel* model) {
  const bool residual = params.metric != simd::Metric::kDot;
  PqEncoderSettings settings;
  settings.shape = {model->type.dim, params.num_sub_vectors, params.bits()};
  ARROW_RETURN_NOT_OK(settings.shape.Validate());
  settings.element = model->type.element;
  settings.codebook = params.codebook;
  if (settings.codebook.empty()) {
    ARROW_RETURN_NOT_OK(ReduceToQuantizerSample(params.quantizer_sample_rate << params.bits(), residual,
                                                context, *model, &sample));
    KMeansOptions options = OptionsOf(params, context);
    options.max_iterations = params.quantizer_iterations;
    ARROW_ASSIGN_OR_RAISE(settings.codebook,
                          TrainCodebook(sample.values.data(), sample.count(), settings.shape, options));
    RoundTo(model->type.element, &settings.codebook);
  }
  if (residual) settings.centroids = model->centroids;
  settings.row_major = params.row_major_codes;
  model->codebook = settings.codebook;
  model->encoder = MakePqEncoder(std::move(settings));
  return Status::OK();
}

Status TrainQuantizer(VectorRows sample, const VectorIndexParams& params, const BuildContext& context,
                      VectorModel* model) {
  switch (params.kind.quantizer) {
    case Quantizer::kFlat:
      model->encoder = MakeFlatEncoder(model->type);
      return Status::OK();
    case Quantizer::kPq:
      return TrainPq(std::move(sample), params, context, model);
    case Quantizer::kSq: {
      LANCE_CHECK_ARG(!sample.values.empty(), "there are no vectors to train SQ with");
      const auto [low, high] = std::minmax_element(sample.values.begin(), sample.values.end());
      model->encoder = MakeSqEncoder(model->type.dim, *low, *high);
      return Status::OK();
    }
    case Quantizer::kRq: {
      RqSettings settings;
      settings.dim = model->type.dim;
      settings.num_bits = params.bits();
      settings.metric = model->assign_metric();
      settings.centroids = model->centroids;
      settings.signs = params.rotation_signs.empty() ? MakeRotationSigns(model->type.dim, params.seed)
                                                     : params.rotation_signs;
      settings.row_major = params.row_major_codes;
      ARROW_ASSIGN_OR_RAISE(model->encoder, MakeRqEncoder(std::move(settings)));
      return Status::OK();
    }
  }
  return Internal("unknown quantizer");
}

}  // namespace

Result<Centroids> TrainCentroids(const VectorRows& rows, const VectorType& type,
                                 const KMeansOptions& options) {
  Centroids out;
  if (type.element == simd::Element::kUInt8) {
    ARROW_ASSIGN_OR_RAISE(KModesModel trained,
                          TrainKModes(rows.stored.data(), rows.count(), type.dim, options));
    out.modes = std::move(trained.centroids);
    out.loss = trained.loss;
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(KMeansModel trained,
                        TrainKMeans(rows.values.data(), rows.count(), type.dim, options));
  RoundTo(type.element, &trained.centroids);
  out.values = std::move(trained.centroids);
  out.loss = trained.loss;
  return out;
}

VectorRowsOptions RowsOptions(simd::Metric metric, VectorIndexKind kind, simd::Element element) {
  VectorRowsOptions out;
  out.normalize = metric == simd::Metric::kCosine;
  // FLAT keeps what the column has; of float32 that is what is computed with.
  out.keep_stored = element == simd::Element::kUInt8 ||
                    (kind.quantizer == Quantizer::kFlat && element != simd::Element::kFloat32);
  return out;
}

Tensor VectorModel::CentroidTensor() const {
  if (!bytes()) return NarrowTensor(centroids, type.dim, type.element);
  Tensor out;
  out.element = simd::Element::kUInt8;
  out.rows = num_partitions();
  out.columns = type.dim;
  out.data.assign(modes.begin(), modes.end());
  return out;
}

Result<std::unique_ptr<NodeDistance>> VectorModel::Distances(std::vector<uint8_t> records,
                                                             size_t count) const {
  const bool dot = metric == simd::Metric::kDot;
  if (bytes()) return MakeHammingDistance(std::move(records), type.dim);
  if (kind.quantizer == Quantizer::kSq) {
    const auto sq = std::get<SqMetadata>(encoder->metadata());
    const auto step = static_cast<float>((sq.end - sq.start) / 255);
    if (dot) return MakeSqDotDistance(std::move(records), type.dim, static_cast<float>(sq.start), step);
    return MakeSqL2Distance(std::move(records), type.dim, step);
  }
  std::vector<float> rows(count * type.dim);
  if (kind.quantizer == Quantizer::kPq) {
    const auto pq = std::get<PqMetadata>(encoder->metadata());
    DecodePq({type.dim, pq.num_sub_vectors, pq.num_bits}, codebook, records, count, rows.data());
  } else {
    ConvertToFloats(type.element, records.data(), rows.size(), rows.data());
  }
  records = {};
  return dot ? MakeDotDistance(std::move(rows), type.dim) : MakeL2Distance(std::move(rows), type.dim);
}

Result<VectorModel> TrainModel(VectorRows sample, const VectorType& type, const VectorIndexParams& params,
                               size_t num_partitions, const BuildContext& context) {
  VectorModel model;
  model.kind = params.kind;
  model.metric = params.metric;
  model.type = type;
  ARROW_RETURN_NOT_OK(TrainPartitions(sample, params, num_partitions, context, &model));
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kStart, "train_quantizer"));
  ARROW_RETURN_NOT_OK(TrainQuantizer(std::move(sample), params, context, &model));
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kComplete, "train_quantizer"));
  return model;
}

}  // namespace lance::index
