#include "lance/dataset/index/vector_index_entry.h"

#include "lance/base/uuid.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/index/vector/format/names.h"
#include "lance/schema/schema.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

Result<index::VectorIndexParams> ParamsOf(const VectorIndexOptions& options) {
  index::VectorIndexParams out;
  ARROW_ASSIGN_OR_RAISE(out.kind, index::ParseKind(options.type));
  ARROW_ASSIGN_OR_RAISE(out.metric, index::ParseMetricName(options.metric));
  out.num_partitions = options.num_partitions;
  out.target_partition_size = options.target_partition_size;
  out.max_iterations = options.max_iterations;
  out.sample_rate = options.sample_rate;
  out.centroids = options.centroids;
  out.modes = options.bit_centroids;
  out.num_sub_vectors = options.num_sub_vectors;
  out.num_bits = options.num_bits;
  out.codebook = options.codebook;
  out.rotation_signs = options.rotation_signs;
  out.quantizer_sample_rate = options.quantizer_sample_rate;
  out.quantizer_iterations = options.quantizer_iterations;
  out.hnsw.max_level = options.hnsw_max_level;
  out.hnsw.m = options.hnsw_m;
  out.hnsw.ef_construction = options.hnsw_ef_construction;
  out.seed = options.seed;
  out.row_major_codes = options.fragments.has_value();
  return out;
}

Result<table::IndexMetadata> NewVectorEntry(const Dataset& dataset, const std::string& column,
                                            const VectorIndexOptions& options,
                                            const index::VectorIndexParams& params) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(column));
  table::IndexMetadata out;
  out.uuid = options.uuid.value_or(MakeUuid());
  out.fields = {field->id};
  ARROW_ASSIGN_OR_RAISE(out.name,
                        ChooseIndexName(snapshot, column, *field, {options.name, options.replace, true}));
  out.dataset_version = snapshot.manifest().version;
  out.details_type_url = index::kVectorDetailsUrl;
  out.details = index::DetailsOf(params);
  out.index_version =
      params.kind.quantizer == index::Quantizer::kRq ? index::kRqIndexVersion : index::kVectorIndexVersion;
  out.created_at_ms = MillisecondsNow();
  out.fragment_bitmap = table::FragmentSet().Serialize();
  return out;
}

void Cover(const Dataset& dataset, const VectorIndexOptions& options, table::IndexMetadata* entry) {
  table::FragmentSet covered;
  for (const uint64_t id : options.fragments.value_or(dataset.FragmentIds())) covered.Add(id);
  entry->fragment_bitmap = covered.Serialize();
}

}  // namespace lance::dataset
