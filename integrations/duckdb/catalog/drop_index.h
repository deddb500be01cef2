#pragma once

#include <string>

#include "duckdb/catalog/catalog_entry/index_catalog_entry.hpp"
#include "duckdb_api.h"

namespace lance::sql {

class LanceCatalog;

/// An index of one table of an attached folder, as DROP INDEX looks it up. Lance names indices by table, SQL
/// by schema: a name that several tables have is written "table.index".
class LanceIndex final : public duckdb::IndexCatalogEntry {
 public:
  LanceIndex(LanceCatalog& catalog, duckdb::SchemaCatalogEntry& schema, duckdb::CreateIndexInfo& info,
             std::string table, std::string index);
  std::string GetSchemaName() const override { return DEFAULT_SCHEMA; }
  std::string GetTableName() const override { return table_; }
  /// As the table has it, without the table's name.
  const std::string& index() const { return index_; }

 private:
  const std::string table_;
  const std::string index_;
};

/// nullptr when no table has an index of that name. Throws when several have one. Opens the tables of the
/// folder, which must be local, unless the name has a table in it.
duckdb::unique_ptr<LanceIndex> FindIndex(duckdb::ClientContext& context, LanceCatalog& catalog,
                                         duckdb::SchemaCatalogEntry& schema, const std::string& name,
                                         const std::vector<std::string>& tables);

/// Drops it and commits.
void DropLanceIndex(duckdb::ClientContext& context, LanceCatalog& catalog, const LanceIndex& index);

}  // namespace lance::sql
