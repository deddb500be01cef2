#include <chrono>

#include "lance/base/uuid.h"
#include "lance/dataset.h"
#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/index/vector/build/build_segment.h"
#include "lance/index/vector/format/names.h"
#include "lance/runtime/session.h"
#include "lance/schema/schema.h"
#include "lance/table/commit.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"
#include "lance/vector_index.h"

namespace lance {
namespace {

using index::Quantizer;
using table::IndexMetadata;

Result<index::VectorIndexParams> ParamsOf(const VectorIndexOptions& options) {
  index::VectorIndexParams out;
  ARROW_ASSIGN_OR_RAISE(out.kind, index::ParseKind(options.type));
  ARROW_ASSIGN_OR_RAISE(out.metric, index::ParseMetricName(options.metric));
  out.num_partitions = options.num_partitions;
  out.target_partition_size = options.target_partition_size;
  out.max_iterations = options.max_iterations;
  out.sample_rate = options.sample_rate;
  out.centroids = options.centroids;
  out.num_sub_vectors = options.num_sub_vectors;
  out.num_bits = options.num_bits;
  out.codebook = options.codebook;
  out.quantizer_sample_rate = options.quantizer_sample_rate;
  out.quantizer_iterations = options.quantizer_iterations;
  out.hnsw.max_level = options.hnsw_max_level;
  out.hnsw.m = options.hnsw_m;
  out.hnsw.ef_construction = options.hnsw_ef_construction;
  out.seed = options.seed;
  return out;
}

// Whether there are rows to train on; else the definition is kept for later, as by the reference.
bool CanTrain(const VectorIndexOptions& options, const index::VectorIndexParams& params, uint64_t num_rows) {
  if (!options.train) return false;
  if (options.fragments.has_value()) return true;
  if (params.kind.quantizer != Quantizer::kPq || !params.codebook.empty()) return num_rows > 0;
  return num_rows >= uint64_t{1} << params.bits();
}

Result<IndexMetadata> Build(const Dataset& dataset, const std::string& column,
                            const VectorIndexOptions& options) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const index::VectorIndexParams params, ParamsOf(options));
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(column));
  ARROW_ASSIGN_OR_RAISE(const auto source, dataset::MakeColumnSource(dataset, column, options.fragments));
  ARROW_RETURN_NOT_OK(params.Validate(source->type().dim, source->type().element));

  IndexMetadata out;
  out.uuid = options.uuid.value_or(MakeUuid());
  out.fields = {field->id};
  ARROW_ASSIGN_OR_RAISE(
      out.name, dataset::ChooseIndexName(snapshot, column, *field, {options.name, options.replace, true}));
  out.dataset_version = snapshot.manifest().version;
  out.details_type_url = index::kVectorDetailsUrl;
  out.details = index::DetailsOf(params);
  out.index_version =
      params.kind.quantizer == Quantizer::kRq ? index::kRqIndexVersion : index::kVectorIndexVersion;
  out.created_at_ms = dataset::MillisecondsNow();
  table::FragmentSet covered;
  out.fragment_bitmap = covered.Serialize();
  if (!CanTrain(options, params, source->num_rows())) return out;

  const index::BuildContext context = dataset::ContextOf(snapshot, options);
  ARROW_ASSIGN_OR_RAISE(const index::VectorModel model, index::TrainOn(*source, params, context));
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target,
                        dataset::TargetOf(snapshot, out.uuid, options.commit.durable));
  ARROW_ASSIGN_OR_RAISE(out.files, index::FillSegment(*source, model, {params.hnsw, {}}, target, context));
  for (const uint64_t id : options.fragments.value_or(dataset.FragmentIds())) covered.Add(id);
  out.fragment_bitmap = covered.Serialize();
  return out;
}

}  // namespace

arrow::Result<IndexSegment> BuildVectorIndexSegment(const Dataset& dataset, const std::string& column,
                                                    const VectorIndexOptions& options) {
  ARROW_ASSIGN_OR_RAISE(IndexMetadata built, Build(dataset, column, options));
  return IndexSegment(std::make_shared<const IndexMetadata>(std::move(built)));
}

arrow::Result<VectorModelValues> TrainVectorModel(const Dataset& dataset, const std::string& column,
                                                  const VectorIndexOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const index::VectorIndexParams params, ParamsOf(options));
  ARROW_ASSIGN_OR_RAISE(const auto source, dataset::MakeColumnSource(dataset, column, options.fragments));
  ARROW_ASSIGN_OR_RAISE(index::VectorModel model,
                        index::TrainOn(*source, params, dataset::ContextOf(*dataset.snapshot(), options)));
  VectorModelValues out;
  out.num_partitions = model.num_partitions();
  out.dimension = model.type.dim;
  out.centroids = std::move(model.centroids);
  out.bit_centroids = std::move(model.modes);
  out.codebook = std::move(model.codebook);
  return out;
}

arrow::Result<std::shared_ptr<Dataset>> CreateVectorIndex(const Dataset& dataset, const std::string& column,
                                                          const VectorIndexOptions& options) {
  ARROW_ASSIGN_OR_RAISE(IndexMetadata built, Build(dataset, column, options));
  return dataset::CommitNewIndex(dataset, std::move(built), options.replace, options.commit);
}

arrow::Result<std::shared_ptr<Dataset>> DropIndex(const Dataset& dataset, const std::string& name,
                                                  const CommitSettings& commit) {
  table::operation::CreateIndex drop;
  ARROW_ASSIGN_OR_RAISE(drop.removed_indices, dataset::IndexSegmentsOf(*dataset.snapshot(), name));
  if (drop.removed_indices.empty()) return NotFound("index {} was not found", name);
  return dataset::CommitIndices(dataset, std::move(drop), commit);
}

}  // namespace lance
