// Coded rows are appended to the shuffle in their order, so that the files depend on nothing but the rows and
// the seed.
#include "lance/index/vector/build/build_segment.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/vector/build/row_coder.h"

namespace lance::index {
namespace {

// Vectors that training wants, within its memory but for the least that clusters can be made of.
uint64_t SampleRows(const VectorIndexParams& params, const VectorType& type, uint64_t partitions,
                    uint64_t memory_budget_bytes) {
  constexpr uint64_t kLeastRate = 32;
  uint64_t wanted = 0, least = 0;
  const auto want = [&](uint64_t clusters, uint64_t rate) {
    wanted = std::max(wanted, clusters * rate);
    least = std::max(least, clusters * std::min(rate, kLeastRate));
  };
  if (params.centroid_values() == 0) want(partitions, params.sample_rate);
  if (params.kind.quantizer == Quantizer::kPq && params.codebook.empty()) {
    want(uint64_t{1} << params.bits(), params.quantizer_sample_rate);
  }
  if (params.kind.quantizer == Quantizer::kSq) want(256, params.quantizer_sample_rate);
  const size_t element_bytes = type.element == simd::Element::kUInt8 ? 1 : sizeof(float);
  const uint64_t fitting = 2 * memory_budget_bytes / (type.dim * element_bytes);
  return std::min(wanted, std::max(least, fitting));
}

// Makes room for the rows of a sample: what grows by copying is held twice.
void Reserve(uint64_t rows, const VectorType& type, VectorRows* sample) {
  sample->row_ids.reserve(rows);
  if (type.element == simd::Element::kUInt8) {
    sample->stored.reserve(rows * type.dim);
  } else {
    sample->values.reserve(rows * type.dim);
  }
}

}  // namespace

uint64_t PartitionsFor(const VectorIndexParams& params, size_t dim, uint64_t num_rows) {
  constexpr uint64_t kMostPartitions = 4096;  // unless asked for
  if (params.centroid_values() > 0) return params.centroid_values() / dim;
  const uint64_t by_size = std::clamp<uint64_t>(num_rows / params.partition_size(), 1, kMostPartitions);
  if (!params.num_partitions.has_value()) return by_size;
  // A partition of a few rows prunes nothing and its centroid costs: fewer are made where codes lose
  // precision.
  const bool trains_codes = params.kind.quantizer == Quantizer::kPq && params.codebook.empty();
  if (!trains_codes) return std::clamp<uint64_t>(*params.num_partitions, 1, std::max<uint64_t>(1, num_rows));
  if (num_rows >= *params.num_partitions * params.sample_rate) return *params.num_partitions;
  return std::min(*params.num_partitions,
                  std::clamp<uint64_t>(num_rows / params.sample_rate, 1, kMostPartitions));
}

// Samples that are tried before the whole column is read.
constexpr uint64_t kMostSamples = 16;

Result<VectorModel> TrainOn(const VectorSource& source, const VectorIndexParams& params,
                            const BuildContext& context) {
  const VectorType& type = source.type();
  ARROW_RETURN_NOT_OK(params.Validate(type.dim, type.element));
  LANCE_CHECK_ARG(!type.multi || params.metric == simd::Metric::kCosine,
                  "multivector type supports only cosine distance");
  const uint64_t partitions = PartitionsFor(params, type.dim, source.num_rows());
  const uint64_t wanted = SampleRows(params, type, partitions, context.memory_budget_bytes);
  VectorRows sample;
  if (wanted > 0) {
    VectorRowsOptions options = RowsOptions(params.metric, params.kind, type.element);
    options.keep_stored = type.element == simd::Element::kUInt8;
    const auto add = [&](uint64_t rows, uint64_t seed) -> Status {
      Reserve(std::min(sample.count() + rows, wanted), type, &sample);
      return source.Sample(rows, seed, [&](const arrow::Array& array) -> Status {
        ARROW_ASSIGN_OR_RAISE(const VectorRows found, ReadVectorRows(array, nullptr, type, options));
        sample.Append(found);
        return context.cancellation.Check();
      });
    };
    const uint64_t asked = std::min(wanted, source.num_rows());
    ARROW_RETURN_NOT_OK(add(asked, params.seed));
    if (sample.count() < wanted / 4 * 3 && asked < source.num_rows()) {
      // Many rows have no vector. A few more samples of the same size, or where that is not enough one pass.
      const uint64_t needed = wanted / std::max<uint64_t>(sample.count(), 1) + 1;
      const bool one_pass = needed > kMostSamples || needed * asked >= source.num_rows() / 4;
      if (one_pass) {
        sample = {};
        const uint64_t most = needed > source.num_rows() / asked ? source.num_rows() : needed * asked;
        ARROW_RETURN_NOT_OK(add(std::max(most, source.num_rows() / 4 + 1), params.seed));
      }
      for (uint64_t more = 1; !one_pass && more < needed && sample.count() < wanted; ++more) {
        ARROW_RETURN_NOT_OK(add(asked, params.seed + more));
      }
    }
  }
  return TrainModel(std::move(sample), type, params, partitions, context);
}

Result<double> CodeRows(const VectorSource& source, const VectorModel& model, const BuildContext& context,
                        PartitionedRows* rows) {
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kStart, "shuffle", 0, source.num_rows(), "rows"));
  ARROW_ASSIGN_OR_RAISE(const auto coder, RowCoder::Make(source, model, context));
  double loss = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<CodedRows> pieces, coder->Next());
    if (pieces.empty()) break;
    for (const CodedRows& piece : pieces) {
      loss += piece.loss;
      ARROW_RETURN_NOT_OK(rows->Append(piece.partitions, piece.row_ids.data(), piece.codes.data()));
    }
    ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kProgress, "shuffle", coder->rows_read(),
                                       source.num_rows(), "rows"));
  }
  ARROW_RETURN_NOT_OK(rows->Finish());
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kComplete, "shuffle"));
  return loss;
}

Result<std::vector<table::IndexFile>> FillSegment(const VectorSource& source, const VectorModel& model,
                                                  const FillOptions& options, const SegmentTarget& target,
                                                  const BuildContext& context) {
  PartitionedRows rows(model.num_partitions(), model.encoder->record_bytes(), context);
  ARROW_ASSIGN_OR_RAISE(const double loss, CodeRows(source, model, context, &rows));
  // Of vectors of bits there is none but that of training.
  const bool of_rows = !options.existing && !model.bytes();
  return WriteRows(rows, model, of_rows ? loss : model.loss, options, target, context);
}

Result<std::vector<table::IndexFile>> WriteRows(const PartitionedRows& rows, const VectorModel& model,
                                                std::optional<double> loss, const FillOptions& options,
                                                const SegmentTarget& target, const BuildContext& context) {
  SegmentContent content;
  content.header = {model.kind, model.metric};
  content.centroids = model.CentroidTensor();
  content.loss = loss;
  content.encoder = model.encoder.get();
  content.num_partitions = model.num_partitions();
  content.num_rows = rows.num_rows();
  content.read = [&](size_t partition) -> Result<PartitionRecords> {
    if (!options.existing) return rows.Read(partition);
    ARROW_ASSIGN_OR_RAISE(PartitionRecords out, options.existing(partition));
    ARROW_ASSIGN_OR_RAISE(const PartitionRecords added, rows.Read(partition));
    out.Append(added);
    return out;
  };
  content.distances = [&](std::vector<uint8_t> records, size_t count) {
    return model.Distances(std::move(records), count);
  };
  content.hnsw.parameters = options.hnsw;
  content.hnsw.pool = context.pool;
  content.hnsw.cancellation = context.cancellation;
  content.progress = [&](size_t done) {
    return context.Report(BuildProgress::Event::kProgress, "merge_partitions", done, content.num_partitions,
                          "partitions");
  };
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kStart, "merge_partitions", 0,
                                     content.num_partitions, "partitions"));
  ARROW_ASSIGN_OR_RAISE(auto files, WriteSegment(content, target));
  ARROW_RETURN_NOT_OK(context.Report(BuildProgress::Event::kComplete, "merge_partitions"));
  return files;
}

}  // namespace lance::index
