#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/operation.h"

namespace lance::table {

inline constexpr char kFragmentReuseIndex[] = "__lance_frag_reuse";
inline constexpr char kMemWalIndex[] = "__lance_mem_wal";

/// Whether an index serves the table itself, not queries.
bool IsSystemIndex(const IndexMetadata& index);
/// Whether an index holds row addresses, which a rewrite invalidates, rather than row ids.
bool HoldsRowAddresses(const IndexMetadata& index);

/// Fragments in which the values of fields were written anew in place.
using RewrittenFields = std::vector<std::pair<uint64_t, std::vector<uint32_t>>>;

/// Fields whose data file differs between fragments of the same id.
RewrittenFields RewrittenByMerge(const std::vector<Fragment>& before, const std::vector<Fragment>& after);

/// Takes rewritten fragments out of the bitmaps of indices on a rewritten field. Errors: Corruption.
Status PruneRewrittenFields(const RewrittenFields& rewritten, std::vector<IndexMetadata>* indices);

/// Drops indices on fields that are gone, and segments that cover no fragment any more, unless their index
/// has no other.
Status RetainRelevantIndices(const schema::Schema& schema, const std::vector<Fragment>& fragments,
                             std::vector<IndexMetadata>* indices);

/// Adds fragments `moved`, whose rows kept their ids, to the indices that covered all of `sources` and whose
/// fields are not in `changed`.
Status CoverMovedRows(std::span<const uint64_t> moved, std::span<const uint64_t> sources,
                      std::span<const uint32_t> changed, std::vector<IndexMetadata>* indices);

/// Adjusts bitmaps and uuids for a rewrite whose new fragments have their ids. Errors: InvalidArgument when
/// a group mixes fragments that an index covers with others.
Status RewriteIndices(const operation::Rewrite& operation,
                      const std::vector<operation::Rewrite::Group>& groups, bool stable_row_ids,
                      std::vector<IndexMetadata>* indices);

}  // namespace lance::table
