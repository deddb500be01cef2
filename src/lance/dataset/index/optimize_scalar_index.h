#pragma once

#include <vector>

#include "lance/dataset.h"
#include "lance/table/operation.h"
#include "lance/vector_index.h"

namespace lance::index {
class RowMoves;
}

namespace lance::dataset {

/// Brings a scalar index up to the fragments that it does not cover: rows of these and of the newest segments
/// (`num_indices_to_merge`, by default one) become one segment. Rows that are gone are left out. Segments
/// that hold row ids on a table with stable ones, of older releases, are always merged: the new one holds
/// addresses. Adds what changes to `change`, if anything does. `segments`: all of the index, in the
/// manifest's order.
Status OptimizeScalarIndex(const Dataset& dataset, const std::vector<table::IndexMetadata>& segments,
                           const OptimizeIndicesOptions& options, table::operation::CreateIndex* change);

/// Writes one segment of the rows of segments that no version has yet, those that are gone left out.
Result<table::IndexMetadata> MergeScalarSegments(const Dataset& dataset,
                                                 const std::vector<table::IndexMetadata>& segments,
                                                 const CommitSettings& commit);

/// Writes the files of a segment anew, with the addresses that its rows have after `moves` and without rows
/// that are gone then. `out` has the new uuid; files, details and version are filled in.
Status RemapScalarSegment(const Dataset& dataset, const table::IndexMetadata& segment,
                          const index::RowMoves& moves, const CommitSettings& commit,
                          table::IndexMetadata* out);

}  // namespace lance::dataset
