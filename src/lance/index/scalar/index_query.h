#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/expr/expr.h"
#include "lance/expr/logical.h"
#include "lance/index/scalar/scalar_index.h"

namespace lance::index {

/// What scalar indices are asked for a filter: values of single columns, joined by AND and OR. Immutable.
struct IndexQuery {
  enum class Kind { kColumn, kAnd, kOr };
  Kind kind = Kind::kColumn;
  // kColumn
  std::string column;
  std::vector<expr::LogicalPtr> terms;  ///< of the filter, for people to read; joined by `terms_op`
  expr::Op terms_op = expr::Op::kAnd;
  std::shared_ptr<const ScalarIndex> index;
  KeySet set;
  // others
  std::vector<IndexQuery> inputs;

  SearchEstimate Estimate() const;
  /// Fragments that all indices of it speak for.
  table::FragmentSet Covered() const;
  /// Addresses of the rows, ascending; of fragments that are not covered some may be missing.
  Result<std::vector<uint64_t>> Search(const table::Snapshot& snapshot,
                                       ScalarSearchCounts* counts = nullptr) const;
  /// As the reference's plans have it: AND([id > 5]@id_idx(BTree),[s = x]@s_idx(BTree)).
  std::string ToString() const;
};

struct PlannedQuery {
  IndexQuery query;
  bool exact = false;  ///< the filter is true for all rows that are found, not only for some of them
};

/// The part of a filter that indices of the table answer: every row that passes is found. None when there is
/// no such part. Opens indices. Errors: those of OpenScalarIndex.
Result<std::optional<PlannedQuery>> PlanQuery(const table::Snapshot& snapshot,
                                              const expr::Expression& filter);

}  // namespace lance::index
