#include "catalog/drop_index.h"

#include "catalog/lance_catalog.h"
#include "catalog/lance_schema.h"
#include "catalog/lance_table.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/parser/parsed_data/create_index_info.hpp"
#include "lance/vector_index.h"

namespace lance::sql {

LanceIndex::LanceIndex(LanceCatalog& catalog, duckdb::SchemaCatalogEntry& schema,
                       duckdb::CreateIndexInfo& info, std::string table, std::string index)
    : IndexCatalogEntry(catalog, schema, info), table_(std::move(table)), index_(std::move(index)) {}

duckdb::unique_ptr<LanceIndex> FindIndex(duckdb::ClientContext& context, LanceCatalog& catalog,
                                         duckdb::SchemaCatalogEntry& schema, const std::string& name,
                                         const std::vector<std::string>& tables) {
  auto& transaction = LanceTransaction::Get(context, catalog);
  duckdb::unique_ptr<LanceIndex> found;
  for (const std::string& table : tables) {
    const auto entry = transaction.FindTable(context, catalog, table, {});
    if (!entry) continue;
    for (const IndexDescription& index : ValueOrThrow(DescribeIndices(*entry->dataset()))) {
      const bool plain = duckdb::StringUtil::CIEquals(index.name, name);
      if (!plain && !duckdb::StringUtil::CIEquals(table + "." + index.name, name)) continue;
      if (found) {
        throw duckdb::CatalogException(
            "tables \"%s\" and \"%s\" both have an index \"%s\": name it \"%s.%s\"", found->GetTableName(),
            table, name, table, index.name);
      }
      duckdb::CreateIndexInfo info;
      info.index_name = name;
      info.table = table;
      info.index_type = index.type;
      found = duckdb::make_uniq<LanceIndex>(catalog, schema, info, table, index.name);
    }
  }
  return found;
}

void DropLanceIndex(duckdb::ClientContext& context, LanceCatalog& catalog, const LanceIndex& index) {
  LanceSchema::CheckAlone(context, "DROP INDEX");
  auto& transaction = LanceTransaction::Get(context, catalog);
  const auto table = transaction.FindTable(context, catalog, index.GetTableName(), {});
  if (!table) throw duckdb::CatalogException("there is no table \"%s\"", index.GetTableName());
  ThrowIfFailed(DropIndex(*table->dataset(), index.index()).status());
  transaction.Forget(catalog.TablePath(index.GetTableName()));
}

}  // namespace lance::sql
