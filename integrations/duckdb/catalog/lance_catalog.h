#pragma once

#include <memory>
#include <optional>
#include <string>

#include "duckdb_api.h"

namespace lance::sql {

class LanceSchema;

/// Makes ATTACH 'folder' AS name (TYPE lance) work: each folder x.lance in it is a table x. Options:
/// READ_ONLY, STORAGE_OPTIONS MAP {...}.
void RegisterCatalog(duckdb::DBConfig* config);

/// An attached folder: one schema, "main", with a table per dataset. Nothing is cached between transactions:
/// what other programs commit is there in the next statement.
class LanceCatalog final : public duckdb::Catalog {
 public:
  /// `folder`: absolute, or a URI.
  LanceCatalog(duckdb::AttachedDatabase& database, std::string folder,
               std::optional<duckdb::Value> storage_options);
  ~LanceCatalog() override;

  const std::string& folder() const { return folder_; }
  const std::optional<duckdb::Value>& storage_options() const { return storage_options_; }
  duckdb::SchemaCatalogEntry& schema();
  /// Whether a table can be called so: a folder must be.
  static bool IsTableName(const std::string& name);
  /// "folder/name.lance". Throws for a name that cannot be.
  std::string TablePath(const std::string& name) const;
  /// Whether the folder is a local one, where tables can be listed, dropped and renamed.
  bool is_local() const;

  void Initialize(bool load_builtin) override;
  std::string GetCatalogType() override { return "lance"; }
  duckdb::optional_ptr<duckdb::CatalogEntry> CreateSchema(duckdb::CatalogTransaction transaction,
                                                          duckdb::CreateSchemaInfo& info) override;
  duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(
      duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& lookup,
      duckdb::OnEntryNotFound if_not_found) override;
  void ScanSchemas(duckdb::ClientContext& context,
                   std::function<void(duckdb::SchemaCatalogEntry&)> callback) override;
  void DropSchema(duckdb::ClientContext& context, duckdb::DropInfo& info) override;
  duckdb::ErrorData SupportsCreateTable(duckdb::BoundCreateTableInfo& info) override;
  duckdb::DatabaseSize GetDatabaseSize(duckdb::ClientContext& context) override;
  bool InMemory() override { return false; }
  std::string GetDBPath() override { return folder_; }
  bool SupportsTimeTravel() const override { return true; }

  /// See create_index.cc.
  duckdb::unique_ptr<duckdb::LogicalOperator> BindCreateIndex(
      duckdb::Binder& binder, duckdb::CreateStatement& create, duckdb::TableCatalogEntry& table,
      duckdb::unique_ptr<duckdb::LogicalOperator> plan) override;

  // See plan_changes.cc.
  duckdb::PhysicalOperator& PlanCreateTableAs(duckdb::ClientContext& context,
                                              duckdb::PhysicalPlanGenerator& planner,
                                              duckdb::LogicalCreateTable& op,
                                              duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanInsert(duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
                                       duckdb::LogicalInsert& op,
                                       duckdb::optional_ptr<duckdb::PhysicalOperator> plan) override;
  duckdb::PhysicalOperator& PlanDelete(duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
                                       duckdb::LogicalDelete& op, duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanUpdate(duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
                                       duckdb::LogicalUpdate& op, duckdb::PhysicalOperator& plan) override;
  duckdb::PhysicalOperator& PlanMergeInto(duckdb::ClientContext& context,
                                          duckdb::PhysicalPlanGenerator& planner,
                                          duckdb::LogicalMergeInto& op,
                                          duckdb::PhysicalOperator& plan) override;

 private:
  const std::string folder_;
  const std::optional<duckdb::Value> storage_options_;
  duckdb::unique_ptr<LanceSchema> schema_;
};

}  // namespace lance::sql
