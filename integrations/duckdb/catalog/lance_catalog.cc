#include "catalog/lance_catalog.h"

#include <filesystem>

#include "catalog/lance_schema.h"
#include "catalog/lance_transaction.h"
#include "duckdb/catalog/entry_lookup_info.hpp"
#include "duckdb/parser/column_definition.hpp"
#include "duckdb/parser/parsed_data/attach_info.hpp"
#include "duckdb/parser/parsed_data/create_schema_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/planner/parsed_data/bound_create_table_info.hpp"
#include "duckdb/storage/database_size.hpp"
#include "duckdb/storage/storage_extension.hpp"

namespace lance::sql {

namespace {

bool IsLocal(const std::string& path) { return path.find("://") == std::string::npos; }

duckdb::unique_ptr<duckdb::Catalog> Attach(duckdb::optional_ptr<duckdb::StorageExtensionInfo>,
                                           duckdb::ClientContext&, duckdb::AttachedDatabase& database,
                                           const std::string& name, duckdb::AttachInfo& info,
                                           duckdb::AttachOptions& options) {
  std::string path = info.path;
  if (duckdb::StringUtil::StartsWith(path, "file://")) path = path.substr(7);
  if (IsLocal(path)) {
    path = std::filesystem::absolute(path).lexically_normal().string();
    if (!std::filesystem::is_directory(path)) {
      throw duckdb::IOException("ATTACH (TYPE lance) wants a folder of tables; there is no folder \"%s\"",
                                info.path);
    }
    if (std::filesystem::is_directory(std::filesystem::path(path) / "_versions")) {
      throw duckdb::BinderException("\"%s\" is a table itself: ATTACH the folder that holds it", info.path);
    }
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::optional<duckdb::Value> storage_options;
  for (const auto& [option, value] : options.options) {
    if (duckdb::StringUtil::Lower(option) != "storage_options") {
      throw duckdb::BinderException(
          "ATTACH (TYPE lance) has no option %s; it has read_only and storage_options", option);
    }
    storage_options = value;
  }
  return duckdb::make_uniq<LanceCatalog>(database, path, std::move(storage_options));
}

duckdb::unique_ptr<duckdb::TransactionManager> MakeTransactionManager(
    duckdb::optional_ptr<duckdb::StorageExtensionInfo>, duckdb::AttachedDatabase& database,
    duckdb::Catalog&) {
  return duckdb::make_uniq<LanceTransactionManager>(database);
}

}  // namespace

void RegisterCatalog(duckdb::DBConfig* config) {
  auto extension = duckdb::make_shared_ptr<duckdb::StorageExtension>();
  extension->attach = Attach;
  extension->create_transaction_manager = MakeTransactionManager;
  duckdb::StorageExtension::Register(*config, "lance", std::move(extension));
}

LanceCatalog::LanceCatalog(duckdb::AttachedDatabase& database, std::string folder,
                           std::optional<duckdb::Value> storage_options)
    : Catalog(database), folder_(std::move(folder)), storage_options_(std::move(storage_options)) {}

LanceCatalog::~LanceCatalog() = default;

duckdb::SchemaCatalogEntry& LanceCatalog::schema() { return *schema_; }

bool LanceCatalog::IsTableName(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

std::string LanceCatalog::TablePath(const std::string& name) const {
  if (!IsTableName(name)) {
    throw duckdb::BinderException("\"%s\" cannot be the name of a folder, which a Lance table needs", name);
  }
  return folder_ + "/" + name + ".lance";
}

bool LanceCatalog::is_local() const { return IsLocal(folder_); }

void LanceCatalog::Initialize(bool) {
  duckdb::CreateSchemaInfo info;
  info.schema = DEFAULT_SCHEMA;
  info.internal = true;
  schema_ = duckdb::make_uniq<LanceSchema>(*this, info);
}

duckdb::optional_ptr<duckdb::CatalogEntry> LanceCatalog::CreateSchema(duckdb::CatalogTransaction,
                                                                      duckdb::CreateSchemaInfo&) {
  throw duckdb::NotImplementedException("an attached Lance folder has one schema, main");
}

duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LanceCatalog::LookupSchema(
    duckdb::CatalogTransaction, const duckdb::EntryLookupInfo& lookup, duckdb::OnEntryNotFound if_not_found) {
  if (lookup.GetEntryName() == DEFAULT_SCHEMA) return schema_.get();
  if (if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return nullptr;
  throw duckdb::CatalogException("an attached Lance folder has one schema, main, and no \"%s\"",
                                 lookup.GetEntryName());
}

void LanceCatalog::ScanSchemas(duckdb::ClientContext&,
                               std::function<void(duckdb::SchemaCatalogEntry&)> callback) {
  callback(*schema_);
}

void LanceCatalog::DropSchema(duckdb::ClientContext&, duckdb::DropInfo&) {
  throw duckdb::NotImplementedException("the schema main of an attached Lance folder cannot be dropped");
}

duckdb::ErrorData LanceCatalog::SupportsCreateTable(duckdb::BoundCreateTableInfo& bound) {
  const auto refuse = [](const std::string& what) {
    return duckdb::ErrorData(duckdb::ExceptionType::NOT_IMPLEMENTED, "a Lance table cannot have " + what);
  };
  auto& info = bound.Base();
  for (const auto& constraint : info.constraints) {
    if (constraint->type != duckdb::ConstraintType::NOT_NULL) return refuse("constraints but NOT NULL");
  }
  for (const auto& column : info.columns.Logical()) {
    if (column.Generated()) return refuse("generated columns");
    if (column.HasDefaultValue()) return refuse("DEFAULT values");
  }
  if (!info.partition_keys.empty()) return refuse("PARTITIONED BY");
  if (!info.sort_keys.empty()) return refuse("SORTED BY");
  return {};
}

duckdb::DatabaseSize LanceCatalog::GetDatabaseSize(duckdb::ClientContext&) {
  duckdb::DatabaseSize size;
  if (!is_local()) return size;
  std::error_code ignored;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_, ignored)) {
    if (file.is_regular_file(ignored)) size.bytes += file.file_size(ignored);
  }
  return size;
}

}  // namespace lance::sql
