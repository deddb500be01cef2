#pragma once

#include <string>

#include "lance_scan.h"

namespace lance::sql {

/// A condition of DuckDB in Lance's words.
struct PushedFilter {
  std::string sql;     ///< empty: it cannot be said
  bool exact = false;  ///< true: the same rows; false: these rows and maybe more, so DuckDB must check again
};

/// Translates a filter above `get`. Only what means the same in both engines is pushed: see the notes on each
/// type in literal.cc. Never pushes less than what DuckDB would keep.
PushedFilter TranslateFilter(const duckdb::Expression& filter, const duckdb::LogicalGet& get,
                             const LanceBindData& data);

/// A value as Lance's SQL writes it; empty when it has no exact form there. For floats "exact" means the bits
/// of the value, zeros and not-a-numbers excepted, which compare differently.
std::string ToLiteral(const duckdb::Value& value);

/// A column name in back-quotes.
std::string QuoteName(const std::string& name);

}  // namespace lance::sql
