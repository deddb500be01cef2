#pragma once

#include <memory>
#include <vector>

#include "lance/index/scalar/index_query.h"

namespace lance::scan {

/// The part of a filter that scalar indices answer: they find the rows of some fragments that can pass.
struct IndexFilter {
  index::IndexQuery query;
  table::FragmentSet covered;  ///< of the fragments that are scanned
  uint64_t rows = 0;           ///< that these have
  bool exact = false;          ///< rows that are found pass
};

/// Plans the use of indices for a filter over `fragments`; nullptr when there is none, or looking at every
/// row is cheaper by what the indices keep in memory. Reads no more than it takes to open an index.
Result<std::shared_ptr<const IndexFilter>> MakeIndexFilter(
    const table::Snapshot& snapshot, const expr::Expression& filter,
    const std::vector<const table::Fragment*>& fragments);

/// Whether reading only the rows that were found pays: `runs` of adjacent ones. `counting`: no column is read
/// but for the filter.
bool PaysToRead(const IndexFilter& filter, uint64_t runs, bool counting);

}  // namespace lance::scan
