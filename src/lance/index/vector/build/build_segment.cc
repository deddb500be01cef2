// Coded rows are appended to the shuffle in their order, so that the files depend on nothing but the rows and
// the seed.
#include "lance/index/vector/build/build_segment.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/vector/build/row_coder.h"

namespace lance::index {
namespace {

// Assigns and codes all rows of a source; gives the sum of the distances to their centroids.
Result<double> CodeAll(const VectorSource& source, const VectorModel& model, const BuildContext& context,
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
// Rows of a sample that are converted at a time.
constexpr int64_t kRowsTogether = 8192;

Result<VectorModel> TrainOn(const VectorSource& source, const VectorIndexParams& params,
                            const BuildContext& context) {
  const VectorType& type = source.type();
  ARROW_RETURN_NOT_OK(params.Validate(type.dim, type.element));
  LANCE_CHECK_ARG(!type.multi || params.metric == simd::Metric::kCosine,
                  "multivector type supports only cosine distance");
  const uint64_t partitions = PartitionsFor(params, type.dim, source.num_rows());
  uint64_t wanted = params.centroid_values() == 0 ? partitions * params.sample_rate : 0;
  if (params.kind.quantizer == Quantizer::kPq && params.codebook.empty()) {
    wanted = std::max(wanted, params.quantizer_sample_rate << params.bits());
  }
  if (params.kind.quantizer == Quantizer::kSq) wanted = std::max(wanted, params.quantizer_sample_rate << 8);
  VectorRows sample;
  if (wanted > 0) {
    VectorRowsOptions options = RowsOptions(params.metric, params.kind, type.element);
    options.keep_stored = type.element == simd::Element::kUInt8;
    const auto add = [&](uint64_t rows, uint64_t seed) -> Status {
      ARROW_ASSIGN_OR_RAISE(auto arrays, source.Sample(rows, seed));
      int64_t count = 0;
      for (const auto& array : arrays) count += array->length();
      sample.row_ids.reserve(sample.row_ids.size() + static_cast<size_t>(count));
      if (type.element != simd::Element::kUInt8) {
        sample.values.reserve(sample.values.size() + static_cast<size_t>(count) * type.dim);
      }
      // A piece at a time: the sample is held once as arrays and once as floats, not a third time in between.
      for (auto& array : arrays) {
        for (int64_t first = 0; first < array->length(); first += kRowsTogether) {
          const auto piece = array->Slice(first, kRowsTogether);
          ARROW_ASSIGN_OR_RAISE(const VectorRows found, ReadVectorRows(*piece, nullptr, type, options));
          sample.row_ids.insert(sample.row_ids.end(), found.row_ids.begin(), found.row_ids.end());
          sample.values.insert(sample.values.end(), found.values.begin(), found.values.end());
          sample.stored.insert(sample.stored.end(), found.stored.begin(), found.stored.end());
        }
        array.reset();
      }
      return Status::OK();
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

Result<std::vector<table::IndexFile>> FillSegment(const VectorSource& source, const VectorModel& model,
                                                  const FillOptions& options, const SegmentTarget& target,
                                                  const BuildContext& context) {
  PartitionedRows rows(model.num_partitions(), model.encoder->record_bytes(), context);
  ARROW_ASSIGN_OR_RAISE(const double loss, CodeAll(source, model, context, &rows));
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
    out.row_ids.insert(out.row_ids.end(), added.row_ids.begin(), added.row_ids.end());
    out.records.insert(out.records.end(), added.records.begin(), added.records.end());
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
