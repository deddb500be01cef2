#pragma once

#include <vector>

#include "lance/dataset.h"
#include "lance/table/fragment_reuse.h"
#include "lance/table/operation.h"
#include "lance/table/snapshot.h"
#include "lance/write.h"

namespace lance::dataset {

/// Whether a rewrite of fragments that the index covers changes what its files say of rows.
bool NeedsRemap(const table::Snapshot& snapshot, const table::IndexMetadata& index);
/// Whether RemapIndices can write the files anew.
bool CanRemap(const table::IndexMetadata& index);

/// Where the rows of groups go: the live ones of the old fragments, in order, fill the new ones.
Result<table::FragmentReuse::Version> MovesOf(const Dataset& dataset,
                                              const std::vector<table::operation::Rewrite::Group>& groups);

/// Writes each index that knows moved rows by their address anew, with the new addresses and without rows
/// that are gone: what the rewrite is to be committed with. After an error nothing is left. Errors:
/// NotSupported for kinds that cannot be remapped.
Result<std::vector<table::operation::Rewrite::Index>> RemapIndices(
    const Dataset& dataset, const std::vector<table::operation::Rewrite::Group>& groups,
    table::FragmentReuse::Version moves, const CommitSettings& commit);

/// Removes what RemapIndices wrote.
void RemoveRemapped(const table::Snapshot& snapshot,
                    const std::vector<table::operation::Rewrite::Index>& indices);

}  // namespace lance::dataset
