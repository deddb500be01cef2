// Rows go through in windows: each is cut into pieces that all threads convert, assign and encode; the
// results are appended to the shuffle in order, so that the files depend on nothing but the rows and the
// seed.
#include "lance/index/vector/build/build_segment.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include <arrow/api.h>

#include "lance/index/vector/build/shuffle.h"
#include "lance/index/vector/kmeans/kmeans.h"
#include "lance/runtime/parallel_for.h"
#include "lance/simd/nearest.h"

namespace lance::index {
namespace {

constexpr int64_t kPieceRows = 2048;
constexpr size_t kWindowBytes = 32 << 20;  // of vectors

struct Piece {
  std::shared_ptr<arrow::Array> vectors;
  std::shared_ptr<arrow::Array> row_ids;
  std::vector<uint32_t> partitions;
  std::vector<uint8_t> records;  // code, then row id
  double loss = 0;               // sum of the distances to the centroids
};

class Filler {
 public:
  Filler(const VectorSource& source, const VectorModel& model, const BuildContext& context)
      : source_(source),
        model_(model),
        context_(context),
        options_(RowsOptions(model.metric, model.kind, model.type.element)),
        record_bytes_(model.encoder->record_bytes() + sizeof(uint64_t)),
        shuffle_(model.num_partitions(), record_bytes_, context.memory_budget_bytes,
                 context.temporary_directory) {
    if (!model.bytes()) {
      nearest_ = simd::NearestPoint::Make(model.assign_metric(), model.centroids.data(),
                                          model.num_partitions(), model.type.dim);
    }
  }

  Status Run() {
    ARROW_RETURN_NOT_OK(
        context_.Report(BuildProgress::Event::kStart, "shuffle", 0, source_.num_rows(), "rows"));
    ARROW_ASSIGN_OR_RAISE(const auto reader, source_.Scan());
    const size_t window = std::max<size_t>(
        16, kWindowBytes / (kPieceRows * model_.type.dim * std::max<size_t>(4, model_.type.element_bytes())));
    uint64_t done = 0;
    std::vector<Piece> pieces;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      for (int64_t at = 0; batch != nullptr && at < batch->num_rows(); at += kPieceRows) {
        pieces.push_back({batch->column(0)->Slice(at, kPieceRows), batch->column(1)->Slice(at, kPieceRows)});
      }
      if (batch != nullptr) done += static_cast<uint64_t>(batch->num_rows());
      if (pieces.size() >= window || batch == nullptr) {
        ARROW_RETURN_NOT_OK(ProcessAll(&pieces));
        ARROW_RETURN_NOT_OK(
            context_.Report(BuildProgress::Event::kProgress, "shuffle", done, source_.num_rows(), "rows"));
      }
      if (batch == nullptr) break;
    }
    ARROW_RETURN_NOT_OK(shuffle_.Finish());
    return context_.Report(BuildProgress::Event::kComplete, "shuffle");
  }

  /// Sum over all rows of the distance to their centroid; none of vectors of bits.
  std::optional<double> loss() const { return model_.bytes() ? model_.loss : loss_; }

  Result<PartitionRecords> Read(size_t partition) const {
    const size_t count = shuffle_.counts()[partition], width = record_bytes_ - sizeof(uint64_t);
    LANCE_CHECK_ARG(count <= UINT32_MAX, "a partition of {} rows is too large", count);
    std::vector<uint8_t> rows(count * record_bytes_);
    ARROW_RETURN_NOT_OK(shuffle_.Read(partition, rows.data()));
    PartitionRecords out;
    out.row_ids.resize(count);
    for (size_t row = 0; row < count; ++row) {
      const uint8_t* record = rows.data() + row * record_bytes_;
      std::memcpy(&out.row_ids[row], record + width, sizeof(uint64_t));
      std::memmove(rows.data() + row * width, record, width);
    }
    rows.resize(count * width);
    out.records = std::move(rows);
    return out;
  }

 private:
  Status ProcessAll(std::vector<Piece>* pieces) {
    ARROW_RETURN_NOT_OK(context_.cancellation.Check());
    ARROW_RETURN_NOT_OK(runtime::ParallelFor(context_.pool, pieces->size(),
                                             [&](size_t i) { return Process(&(*pieces)[i]); }));
    for (const Piece& piece : *pieces) {
      loss_ += piece.loss;
      ARROW_RETURN_NOT_OK(shuffle_.Append(piece.partitions, piece.records.data()));
    }
    pieces->clear();
    return Status::OK();
  }

  Status Process(Piece* piece) const {
    ARROW_ASSIGN_OR_RAISE(const VectorRows rows,
                          ReadVectorRows(*piece->vectors, piece->row_ids.get(), model_.type, options_));
    piece->vectors = piece->row_ids = nullptr;
    const size_t count = rows.count(), width = record_bytes_ - sizeof(uint64_t);
    piece->partitions.resize(count);
    if (model_.bytes()) {
      ARROW_RETURN_NOT_OK(AssignToModes(rows.stored.data(), count, model_.type.dim, model_.modes, nullptr,
                                        piece->partitions.data(), nullptr));
    } else {
      std::vector<float> distances(count);
      nearest_->Find(rows.values.data(), count, model_.type.dim, piece->partitions.data(), distances.data());
      piece->loss = std::accumulate(distances.begin(), distances.end(), 0.0);
    }
    std::vector<uint8_t> codes(count * width);
    AssignedRows assigned;
    assigned.values = rows.values.data();
    assigned.stored = rows.stored.empty() ? nullptr : rows.stored.data();
    assigned.partitions = piece->partitions.data();
    assigned.count = count;
    ARROW_RETURN_NOT_OK(model_.encoder->Encode(assigned, codes.data()));
    piece->records.resize(count * record_bytes_);
    for (size_t row = 0; row < count; ++row) {
      uint8_t* record = piece->records.data() + row * record_bytes_;
      std::memcpy(record, codes.data() + row * width, width);
      std::memcpy(record + width, &rows.row_ids[row], sizeof(uint64_t));
    }
    return Status::OK();
  }

  const VectorSource& source_;
  const VectorModel& model_;
  const BuildContext& context_;
  VectorRowsOptions options_;
  size_t record_bytes_;
  std::unique_ptr<const simd::NearestPoint> nearest_;
  Shuffle shuffle_;
  double loss_ = 0;
};

}  // namespace

uint64_t PartitionsFor(const VectorIndexParams& params, size_t dim, uint64_t num_rows) {
  constexpr uint64_t kMostPartitions = 4096;  // unless asked for
  if (!params.centroids.empty()) return params.centroids.size() / dim;
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
  uint64_t wanted = params.centroids.empty() ? partitions * params.sample_rate : 0;
  if (params.kind.quantizer == Quantizer::kPq && params.codebook.empty()) {
    wanted = std::max(wanted, params.quantizer_sample_rate << params.bits());
  }
  if (params.kind.quantizer == Quantizer::kSq) wanted = std::max(wanted, params.quantizer_sample_rate << 8);
  VectorRows sample;
  if (wanted > 0) {
    VectorRowsOptions options = RowsOptions(params.metric, params.kind, type.element);
    options.keep_stored = type.element == simd::Element::kUInt8;
    const auto add = [&](uint64_t rows, uint64_t seed) -> Status {
      ARROW_ASSIGN_OR_RAISE(const auto arrays, source.Sample(rows, seed));
      for (const auto& array : arrays) {
        ARROW_ASSIGN_OR_RAISE(const VectorRows found, ReadVectorRows(*array, nullptr, type, options));
        sample.row_ids.insert(sample.row_ids.end(), found.row_ids.begin(), found.row_ids.end());
        sample.values.insert(sample.values.end(), found.values.begin(), found.values.end());
        sample.stored.insert(sample.stored.end(), found.stored.begin(), found.stored.end());
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
  Filler filler(source, model, context);
  ARROW_RETURN_NOT_OK(filler.Run());
  SegmentContent content;
  content.header = {model.kind, model.metric};
  content.centroids = model.CentroidTensor();
  content.loss = options.existing ? model.loss : filler.loss();
  content.encoder = model.encoder.get();
  content.num_partitions = model.num_partitions();
  content.read = [&](size_t partition) -> Result<PartitionRecords> {
    if (!options.existing) return filler.Read(partition);
    ARROW_ASSIGN_OR_RAISE(PartitionRecords out, options.existing(partition));
    ARROW_ASSIGN_OR_RAISE(const PartitionRecords added, filler.Read(partition));
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
