#pragma once

#include "lance/dataset.h"
#include "lance/table/operation.h"
#include "lance/write.h"

namespace lance::index {
class RowMoves;
}

namespace lance::dataset {

/// Writes the files of a vector index segment anew, with the addresses that its rows have after `moves` and
/// without rows that are gone then; graphs are built again over what is left. `out` has the new uuid; files
/// are filled in. Holds one partition in memory. Errors: NotSupported for segments that we cannot build.
Status RemapVectorSegment(const Dataset& dataset, const table::IndexMetadata& segment,
                          const index::RowMoves& moves, const CommitSettings& commit,
                          table::IndexMetadata* out);

}  // namespace lance::dataset
