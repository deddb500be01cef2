#include "lance/dataset/index/split_partitions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <arrow/api.h>

#include "lance/dataset/index/column_source.h"
#include "lance/index/vector/build/existing_segment.h"
#include "lance/index/vector/build/vector_rows.h"

namespace lance::dataset {
namespace {

using index::Centroids;
using index::VectorModel;
using index::VectorRows;

// Neighbours of a partition whose rows may be nearer to its new centroids, as many as the reference looks at.
constexpr size_t kNeighbours = 64;
constexpr uint64_t kSampleRate = 256;  // training vectors for each part
constexpr uint64_t kSeed = 42;

// Keeps the vectors of a partition. Of a list others come along.
Status KeepThoseOf(size_t partition, const VectorModel& model, const index::BuildContext& context,
                   VectorRows* sample) {
  const size_t dim = model.type.dim, rows = sample->count();
  std::vector<uint32_t> ids(rows);
  ARROW_RETURN_NOT_OK(index::AssignToCentroids(sample->values.data(), rows, dim, model.centroids,
                                               model.assign_metric(), context.pool, ids.data(), nullptr));
  size_t kept = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (ids[row] != partition) continue;
    std::copy_n(sample->values.data() + row * dim, dim, sample->values.data() + kept * dim);
    ++kept;
  }
  sample->values.resize(kept * dim);
  sample->row_ids.resize(kept);
  return Status::OK();
}

Result<VectorRows> SampleOf(size_t partition, size_t count, const VectorModel& model,
                            const index::VectorSource& source, const index::BuildContext& context) {
  index::VectorRowsOptions options = index::RowsOptions(model.metric, model.kind, model.type.element);
  options.keep_stored = model.bytes();
  VectorRows sample;
  ARROW_RETURN_NOT_OK(source.Sample(count, kSeed, [&](const arrow::Array& array) -> Status {
    ARROW_ASSIGN_OR_RAISE(const VectorRows found, index::ReadVectorRows(array, nullptr, model.type, options));
    sample.Append(found);
    return context.cancellation.Check();
  }));
  if (model.type.multi) ARROW_RETURN_NOT_OK(KeepThoseOf(partition, model, context, &sample));
  return sample;
}

// Puts the first centroid of `parts` in the place of the partition's, the others at the end.
template <typename T>
void Replace(size_t partition, size_t dim, const std::vector<T>& parts, std::vector<T>* all) {
  if (parts.empty()) return;
  std::copy_n(parts.begin(), dim, all->begin() + static_cast<ptrdiff_t>(partition * dim));
  all->insert(all->end(), parts.begin() + static_cast<ptrdiff_t>(dim), parts.end());
}

void MarkNeighbours(size_t partition, const VectorModel& model, std::vector<bool>* marked) {
  const size_t dim = model.type.dim, count = marked->size();
  std::vector<float> distances(count);
  if (model.bytes()) {
    simd::Distances(simd::Metric::kHamming, model.type.element, model.modes.data() + partition * dim,
                    model.modes.data(), count, dim, distances.data());
  } else {
    simd::Distances(model.assign_metric(), simd::Element::kFloat32, model.centroids.data() + partition * dim,
                    model.centroids.data(), count, dim, distances.data());
  }
  for (float& distance : distances) {
    if (std::isnan(distance)) distance = INFINITY;  // what is no number has no order
  }
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t most = std::min(kNeighbours + 1, count);
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(most), order.end(),
                    [&](size_t a, size_t b) { return distances[a] < distances[b]; });
  for (size_t i = 0; i < most; ++i) (*marked)[order[i]] = true;
}

}  // namespace

Result<SplitPartitions> Split(const Dataset& dataset, const PartitionSplits& what,
                              const index::BuildContext& context) {
  const VectorModel& model = *what.model;
  const size_t dim = model.type.dim;
  SplitPartitions out;
  out.coded_anew.resize(model.num_partitions());
  Centroids centroids{model.centroids, model.modes, 0};
  for (const size_t partition : what.partitions) {
    ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> ids, what.row_ids(partition));
    if (ids.size() <= kLargeFactor * what.target_rows) continue;
    const uint64_t parts = (ids.size() + what.target_rows - 1) / what.target_rows;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    ARROW_ASSIGN_OR_RAISE(const auto source, MakeRowSource(dataset, what.column, std::move(ids)));
    ARROW_ASSIGN_OR_RAISE(const VectorRows sample,
                          SampleOf(partition, parts * kSampleRate, model, *source, context));
    index::KMeansOptions options;
    options.k = std::min<uint64_t>(parts, sample.count());
    if (options.k < 2) continue;
    options.metric = model.assign_metric();
    options.pool = context.pool;
    options.cancellation = context.cancellation;
    ARROW_ASSIGN_OR_RAISE(const Centroids trained, index::TrainCentroids(sample, model.type, options));
    Replace(partition, dim, trained.values, &centroids.values);
    Replace(partition, dim, trained.modes, &centroids.modes);
    MarkNeighbours(partition, model, &out.coded_anew);
  }
  if (std::find(out.coded_anew.begin(), out.coded_anew.end(), true) == out.coded_anew.end()) return out;
  // The vectors of a list are read together, so that those of other partitions come along.
  if (model.type.multi) out.coded_anew.assign(out.coded_anew.size(), true);
  std::vector<uint64_t> ids;
  for (size_t partition = 0; partition < out.coded_anew.size(); ++partition) {
    if (!out.coded_anew[partition]) continue;
    ARROW_ASSIGN_OR_RAISE(const std::vector<uint64_t> of, what.row_ids(partition));
    ids.insert(ids.end(), of.begin(), of.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ARROW_ASSIGN_OR_RAISE(out.rows, MakeRowSource(dataset, what.column, std::move(ids)));
  ARROW_ASSIGN_OR_RAISE(out.model, index::WithCentroids(what.segments, model.type, std::move(centroids)));
  return out;
}

}  // namespace lance::dataset
