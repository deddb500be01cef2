#pragma once

#include <string>

#include "lance/expr/logical.h"
#include "lance/index/scalar/key_set.h"

namespace lance::index {

/// What a condition says of one column.
struct FilterKeys {
  KeySet set = KeySet::All(true);  ///< values for which it may be true
  bool exact = false;              ///< it is true for all of them
  bool decides = false;            ///< it is never null where the column is not
};

/// Reads comparisons with literals, IN, BETWEEN, IS [NOT] NULL, LIKE 'prefix%', starts_with, boolean columns,
/// and AND, OR and NOT of them. Conditions on other columns, and all that is not known here, may be true for
/// every value.
FilterKeys KeysOf(const expr::Logical& condition, const std::string& path, const KeyType& type);

}  // namespace lance::index
