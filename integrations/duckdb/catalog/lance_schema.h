#pragma once

#include <functional>
#include <string>

#include "duckdb_api.h"

namespace lance::sql {

class LanceCatalog;
class LanceIndex;

/// The one schema of an attached folder.
class LanceSchema final : public duckdb::SchemaCatalogEntry {
 public:
  LanceSchema(LanceCatalog& catalog, duckdb::CreateSchemaInfo& info);

  void Scan(duckdb::ClientContext& context, duckdb::CatalogType type,
            const std::function<void(duckdb::CatalogEntry&)>& callback) override;
  /// Nothing is committed to memory: this finds no entries.
  void Scan(duckdb::CatalogType type, const std::function<void(duckdb::CatalogEntry&)>& callback) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> LookupEntry(duckdb::CatalogTransaction transaction,
                                                         const duckdb::EntryLookupInfo& lookup) override;
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateTable(duckdb::CatalogTransaction transaction,
                                                         duckdb::BoundCreateTableInfo& info) override;
  void DropEntry(duckdb::ClientContext& context, duckdb::DropInfo& info) override;
  /// See alter_table.cc.
  void Alter(duckdb::CatalogTransaction transaction, duckdb::AlterInfo& info) override;

  // NotImplementedException for all that is no table.
  using Made = duckdb::optional_ptr<duckdb::CatalogEntry>;
  Made CreateIndex(duckdb::CatalogTransaction, duckdb::CreateIndexInfo&, duckdb::TableCatalogEntry&) override;
  Made CreateFunction(duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) override;
  Made CreateView(duckdb::CatalogTransaction, duckdb::CreateViewInfo&) override;
  Made CreateSequence(duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) override;
  Made CreateTableFunction(duckdb::CatalogTransaction, duckdb::CreateTableFunctionInfo&) override;
  Made CreateCopyFunction(duckdb::CatalogTransaction, duckdb::CreateCopyFunctionInfo&) override;
  Made CreatePragmaFunction(duckdb::CatalogTransaction, duckdb::CreatePragmaFunctionInfo&) override;
  Made CreateCollation(duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) override;
  Made CreateType(duckdb::CatalogTransaction, duckdb::CreateTypeInfo&) override;

  /// Throws inside BEGIN ... COMMIT: the statement takes effect at once.
  static void CheckAlone(duckdb::ClientContext& context, const char* statement);

 private:
  LanceCatalog& lance_catalog();
  // nullptr when there is none.
  LanceIndex* FindIndex(duckdb::ClientContext& context, const std::string& name);
  // The name of the table as it is spelled on disk; the given name when there is none.
  std::string Spelling(const std::string& name);
};

}  // namespace lance::sql
