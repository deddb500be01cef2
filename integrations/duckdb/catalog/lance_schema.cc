#include "catalog/lance_schema.h"

#include <algorithm>
#include <filesystem>

#include <arrow/api.h>

#include "catalog/drop_index.h"
#include "catalog/lance_catalog.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/catalog/entry_lookup_info.hpp"
#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/parser/parsed_data/create_schema_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/drop_info.hpp"
#include "duckdb/planner/parsed_data/bound_create_table_info.hpp"
#include "duckdb/planner/tableref/bound_at_clause.hpp"
#include "lance/write.h"
#include "write/arrow_rows.h"

namespace lance::sql {

namespace {

namespace fs = std::filesystem;
using duckdb::CatalogType;

// The names of the tables of a local folder, sorted.
std::vector<std::string> ListTables(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".lance" && entry.is_directory()) {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// AT (VERSION => 3), AT (VERSION => 'tag'), AT (TIMESTAMP => ...) as parameters of lance_scan.
duckdb::named_parameter_map_t VersionOf(duckdb::optional_ptr<duckdb::BoundAtClause> at) {
  duckdb::named_parameter_map_t parameters;
  if (!at) return parameters;
  const auto unit = duckdb::StringUtil::Lower(at->Unit());
  const auto& value = at->GetValue();
  if (value.IsNull()) throw duckdb::BinderException("AT (%s => NULL) names no version", at->Unit());
  if (unit == "version") {
    parameters["version"] = value;
  } else if (unit == "timestamp") {
    const auto type = value.type().id();
    const bool with_zone = type == duckdb::LogicalTypeId::TIMESTAMP_TZ;
    parameters["as_of"] =
        with_zone ? duckdb::Value::TIMESTAMP(duckdb::timestamp_t(duckdb::TimestampTZValue::Get(value).value))
                  : value.DefaultCastAs(duckdb::LogicalType::TIMESTAMP);
  } else if (unit == "tag" || unit == "branch") {
    parameters[unit] = value;
  } else {
    throw duckdb::BinderException("AT wants VERSION or TIMESTAMP, got %s", at->Unit());
  }
  return parameters;
}

[[noreturn]] LanceSchema::Made Refuse(const char* what) {
  throw duckdb::NotImplementedException("an attached Lance folder holds tables only, no %s", what);
}

}  // namespace

LanceSchema::LanceSchema(LanceCatalog& catalog, duckdb::CreateSchemaInfo& info)
    : SchemaCatalogEntry(catalog, info) {}

LanceCatalog& LanceSchema::lance_catalog() { return catalog.Cast<LanceCatalog>(); }

void LanceSchema::Scan(duckdb::ClientContext& context, CatalogType type,
                       const std::function<void(duckdb::CatalogEntry&)>& callback) {
  if (type != CatalogType::TABLE_ENTRY) return;
  auto& lance = lance_catalog();
  if (!lance.is_local()) {
    throw duckdb::NotImplementedException("listing the tables of %s; name them instead", lance.folder());
  }
  auto& transaction = LanceTransaction::Get(context, catalog);
  for (const auto& name : ListTables(lance.folder())) {
    if (auto table = transaction.FindTable(context, lance, name, {})) callback(*table);
  }
}

void LanceSchema::Scan(CatalogType, const std::function<void(duckdb::CatalogEntry&)>&) {}

std::string LanceSchema::Spelling(const std::string& name) {
  auto& lance = lance_catalog();
  if (!lance.is_local() || !lance.IsTableName(name) || fs::exists(lance.TablePath(name))) return name;
  for (const auto& candidate : ListTables(lance.folder())) {
    if (duckdb::StringUtil::CIEquals(candidate, name)) return candidate;
  }
  return name;
}

duckdb::optional_ptr<duckdb::CatalogEntry> LanceSchema::LookupEntry(duckdb::CatalogTransaction transaction,
                                                                    const duckdb::EntryLookupInfo& lookup) {
  if (lookup.GetCatalogType() == CatalogType::INDEX_ENTRY) {
    return FindIndex(transaction.GetContext(), lookup.GetEntryName());
  }
  // Names that cannot be are looked up as well: FROM 'x.parquet' under USE is one.
  if (lookup.GetCatalogType() != CatalogType::TABLE_ENTRY) return nullptr;
  if (!LanceCatalog::IsTableName(lookup.GetEntryName())) return nullptr;
  auto& context = transaction.GetContext();
  const auto version = VersionOf(lookup.GetAtClause());
  auto table = LanceTransaction::Get(context, catalog)
                   .FindTable(context, lance_catalog(), Spelling(lookup.GetEntryName()), version);
  return table.get();
}

void LanceSchema::CheckAlone(duckdb::ClientContext& context, const char* statement) {
  if (context.transaction.IsAutoCommit()) return;
  throw duckdb::TransactionException(
      "%s of a Lance table takes effect at once and cannot be rolled back: run it outside of BEGIN ... "
      "COMMIT",
      statement);
}

duckdb::optional_ptr<duckdb::CatalogEntry> LanceSchema::CreateTable(duckdb::CatalogTransaction transaction,
                                                                    duckdb::BoundCreateTableInfo& bound) {
  auto& context = transaction.GetContext();
  auto& info = bound.Base();
  const std::string name = Spelling(info.table);
  const std::string path = lance_catalog().TablePath(name);
  WriteOptions options;
  if (info.on_conflict == duckdb::OnCreateConflict::REPLACE_ON_CONFLICT) {
    options.mode = WriteMode::kOverwrite;
  } else if (LanceTransaction::Get(context, catalog).FindTable(context, lance_catalog(), name, {})) {
    if (info.on_conflict == duckdb::OnCreateConflict::IGNORE_ON_CONFLICT) return nullptr;
    throw duckdb::CatalogException("table \"%s\" exists: %s", info.table, path);
  }
  CheckAlone(context, "CREATE TABLE");
  ArrowRows rows(context, info.columns.GetColumnTypes(), info.columns.GetColumnNames());
  for (const auto& constraint : info.constraints) {
    if (constraint->type == duckdb::ConstraintType::NOT_NULL) {
      rows.SetNotNull(constraint->Cast<duckdb::NotNullConstraint>().index.index);
    }
  }
  if (lance_catalog().storage_options()) {
    options.storage_options = ToStorageOptions(*lance_catalog().storage_options());
  }
  const auto nothing = ValueOrThrow(arrow::RecordBatchReader::Make({}, rows.schema()));
  ThrowIfFailed(WriteDataset(*nothing, path, options).status());
  auto& lance_transaction = LanceTransaction::Get(context, catalog);
  lance_transaction.Forget(path);
  return lance_transaction.FindTable(context, lance_catalog(), name, {}).get();
}

LanceIndex* LanceSchema::FindIndex(duckdb::ClientContext& context, const std::string& name) {
  auto& lance = lance_catalog();
  std::vector<std::string> tables;
  if (lance.is_local()) {
    tables = ListTables(lance.folder());
  } else if (const size_t dot = name.find('.'); dot != std::string::npos) {
    tables = {name.substr(0, dot)};
  } else {
    throw duckdb::NotImplementedException("looking for an index in all of %s: name it \"table.index\"",
                                          lance.folder());
  }
  auto found = sql::FindIndex(context, lance, *this, name, tables);
  return found ? LanceTransaction::Get(context, catalog).Keep(std::move(found)) : nullptr;
}

void LanceSchema::DropEntry(duckdb::ClientContext& context, duckdb::DropInfo& info) {
  if (info.type == CatalogType::INDEX_ENTRY) {
    const LanceIndex* index = FindIndex(context, info.name);
    if (index == nullptr && info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return;
    if (index == nullptr) {
      throw duckdb::CatalogException("there is no index \"%s\" in %s", info.name, lance_catalog().folder());
    }
    return DropLanceIndex(context, lance_catalog(), *index);
  }
  if (info.type != CatalogType::TABLE_ENTRY) Refuse("views or other things to drop");
  auto& lance = lance_catalog();
  const std::string name = Spelling(info.name);
  auto& transaction = LanceTransaction::Get(context, catalog);
  if (!transaction.FindTable(context, lance, name, {})) {
    if (info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return;
    throw duckdb::CatalogException("there is no table \"%s\" in %s", info.name, lance.folder());
  }
  CheckAlone(context, "DROP TABLE");
  if (!lance.is_local()) {
    throw duckdb::NotImplementedException("DROP TABLE in %s: remove the objects instead", lance.folder());
  }
  const std::string path = lance.TablePath(name);
  transaction.Forget(path);
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw duckdb::IOException("DROP TABLE could not remove %s: %s", path, error.message());
}

LanceSchema::Made LanceSchema::CreateIndex(duckdb::CatalogTransaction, duckdb::CreateIndexInfo&,
                                           duckdb::TableCatalogEntry&) {
  throw duckdb::NotImplementedException("CREATE INDEX on a Lance table by SQL");
}
LanceSchema::Made LanceSchema::CreateFunction(duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) {
  Refuse("functions");
}
LanceSchema::Made LanceSchema::CreateView(duckdb::CatalogTransaction, duckdb::CreateViewInfo&) {
  Refuse("views");
}
LanceSchema::Made LanceSchema::CreateSequence(duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) {
  Refuse("sequences");
}
LanceSchema::Made LanceSchema::CreateTableFunction(duckdb::CatalogTransaction,
                                                   duckdb::CreateTableFunctionInfo&) {
  Refuse("functions");
}
LanceSchema::Made LanceSchema::CreateCopyFunction(duckdb::CatalogTransaction,
                                                  duckdb::CreateCopyFunctionInfo&) {
  Refuse("functions");
}
LanceSchema::Made LanceSchema::CreatePragmaFunction(duckdb::CatalogTransaction,
                                                    duckdb::CreatePragmaFunctionInfo&) {
  Refuse("functions");
}
LanceSchema::Made LanceSchema::CreateCollation(duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) {
  Refuse("collations");
}
LanceSchema::Made LanceSchema::CreateType(duckdb::CatalogTransaction, duckdb::CreateTypeInfo&) {
  Refuse("types");
}

}  // namespace lance::sql
