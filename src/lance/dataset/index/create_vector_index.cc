#include "lance/dataset.h"
#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/vector_index_entry.h"
#include "lance/index/vector/build/build_segment.h"
#include "lance/table/snapshot.h"
#include "lance/vector_index.h"

namespace lance {
namespace {

using index::Quantizer;
using table::IndexMetadata;

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
  ARROW_ASSIGN_OR_RAISE(const index::VectorIndexParams params, dataset::ParamsOf(options));
  ARROW_ASSIGN_OR_RAISE(const auto source, dataset::MakeColumnSource(dataset, column, options.fragments));
  ARROW_RETURN_NOT_OK(params.Validate(source->type().dim, source->type().element));

  ARROW_ASSIGN_OR_RAISE(IndexMetadata out, dataset::NewVectorEntry(dataset, column, options, params));
  if (!CanTrain(options, params, source->num_rows())) return out;

  const index::BuildContext context = dataset::ContextOf(snapshot, options);
  ARROW_ASSIGN_OR_RAISE(const index::VectorModel model, index::TrainOn(*source, params, context));
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target,
                        dataset::TargetOf(snapshot, out.uuid, options.commit.durable));
  ARROW_ASSIGN_OR_RAISE(out.files, index::FillSegment(*source, model, {params.hnsw, {}}, target, context));
  dataset::Cover(dataset, options, &out);
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
  ARROW_ASSIGN_OR_RAISE(const index::VectorIndexParams params, dataset::ParamsOf(options));
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
