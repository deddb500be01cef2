#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace lance::table {

// Field ids of lineage sequences that are columns of a data file.
inline constexpr int32_t kTombstonedField = -2;
inline constexpr int32_t kRowIdField = -3;
inline constexpr int32_t kCreatedAtField = -4;
inline constexpr int32_t kLastUpdatedAtField = -5;

/// Gives fresh ids to the rows that have none: all of a fragment's, or those after its sequence's end (moved
/// rows come first). Errors: InvalidArgument when a fragment has more ids than rows.
Status AssignRowIds(std::span<Fragment> fragments, uint64_t* next_row_id);

/// Whether a fragment's row ids are given for all of its rows.
Result<bool> HasAllRowIds(const Fragment& fragment);

/// All rows of the fragment were created, or last updated, at `version`.
void SetCreatedAt(uint64_t version, Fragment* fragment);
void SetLastUpdatedAt(uint64_t version, Fragment* fragment);
/// The rows at `offsets` (ascending) were updated at `version`; rows without a known version get `fallback`.
/// Errors: NotSupported when the versions are a column of a data file.
Status SetLastUpdatedAt(std::span<const uint64_t> offsets, uint64_t version, uint64_t fallback,
                        Fragment* fragment);

/// Versions of fragments that an update wrote: rows whose id some fragment of `before` has keep its
/// created-at version, other rows are created at `version`; all are updated at `version`. Errors:
/// NotSupported when the ids or versions needed are columns of data files.
Status SetUpdateVersions(const std::vector<Fragment>& before, uint64_t version,
                         std::span<Fragment> fragments);

/// The field ids of the lineage columns that a fragment uses.
std::vector<int32_t> LineageColumns(const Fragment& fragment);
/// Checks that each has one data file that carries it.
Status CheckLineageColumns(const Fragment& fragment);

}  // namespace lance::table
