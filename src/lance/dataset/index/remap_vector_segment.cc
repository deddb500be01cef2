#include "lance/dataset/index/remap_vector_segment.h"

#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/index/row_moves.h"
#include "lance/index/vector/build/build_segment.h"
#include "lance/index/vector/build/existing_segment.h"
#include "lance/vector_index.h"

namespace lance::dataset {
namespace {

// The records whose rows are still there, under their new addresses.
index::PartitionRecords Moved(const index::PartitionRecords& rows, const index::RowMoves& moves) {
  index::PartitionRecords out;
  const size_t width = rows.row_ids.empty() ? 0 : rows.records.size() / rows.row_ids.size();
  out.row_ids.reserve(rows.row_ids.size());
  out.records.reserve(rows.records.size());
  for (size_t row = 0; row < rows.row_ids.size(); ++row) {
    if (rows.row_ids[row] == index::kNoRow) continue;
    const std::optional<uint64_t> address = moves.Find(rows.row_ids[row]);
    if (!address.has_value()) continue;
    out.row_ids.push_back(*address);
    const auto record = rows.records.begin() + static_cast<ptrdiff_t>(row * width);
    out.records.insert(out.records.end(), record, record + static_cast<ptrdiff_t>(width));
  }
  return out;
}

}  // namespace

Status RemapVectorSegment(const Dataset& dataset, const table::IndexMetadata& segment,
                          const index::RowMoves& moves, const CommitSettings& commit,
                          table::IndexMetadata* out) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const std::string column = PathOf(snapshot.manifest().schema.fields, segment.fields[0]);
  LANCE_CHECK_BYTES(!column.empty(), "index {} is over a column that the table lacks", segment.name);
  ARROW_ASSIGN_OR_RAISE(const auto opened, index::VectorSegment::Open(snapshot, segment));
  const std::vector<uint64_t> no_fragments;
  ARROW_ASSIGN_OR_RAISE(const auto source, MakeColumnSource(dataset, column, no_fragments));
  ARROW_ASSIGN_OR_RAISE(const index::VectorModel model, index::ModelOf({&opened, 1}, source->type()));
  // Earlier moves first, if they were only recorded.
  ARROW_ASSIGN_OR_RAISE(const auto recorded, index::RowMoves::Load(snapshot));
  index::FillOptions fill;
  if (!opened->graphs().empty()) fill.hnsw = opened->graphs()[0].parameters;
  fill.existing = [&](size_t partition) -> Result<index::PartitionRecords> {
    ARROW_ASSIGN_OR_RAISE(const auto rows, index::RecordsOf(*opened, model, partition, recorded.get()));
    return Moved(rows, moves);
  };
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target, TargetOf(snapshot, out->uuid, commit.durable));
  const VectorIndexOptions settings;
  return index::FillSegment(*source, model, fill, target, ContextOf(snapshot, settings)).Value(&out->files);
}

}  // namespace lance::dataset
