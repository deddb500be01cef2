#include "catalog/lance_table.h"

#include <arrow/api.h>

#include "catalog/lance_catalog.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/storage/table_storage_info.hpp"

namespace lance::sql {

namespace {

// AT (VERSION => 'name') names a tag, or a branch when there is no such tag.
void ResolveName(const OpenOptions& options, const std::string& path,
                 duckdb::named_parameter_map_t* parameters) {
  const auto version = parameters->find("version");
  if (version == parameters->end() || version->second.type().id() != duckdb::LogicalTypeId::VARCHAR) return;
  const std::string name = version->second.ToString();
  OpenOptions newest = options;
  newest.version = {};
  const auto dataset = ValueOrThrow(Dataset::Open(path, newest));
  if (ValueOrThrow(dataset->Tags()).count(name) != 0) return;
  if (ValueOrThrow(dataset->Branches()).count(name) == 0) {
    throw duckdb::BinderException("\"%s\" has no tag and no branch \"%s\"", path, name);
  }
  parameters->erase(version);
  (*parameters)["branch"] = duckdb::Value(name);
}

}  // namespace

duckdb::unique_ptr<LanceTable> LanceTable::Open(duckdb::ClientContext& context, LanceCatalog& catalog,
                                                const std::string& name, const std::string& path,
                                                const duckdb::named_parameter_map_t& version) {
  auto scan = duckdb::make_uniq<LanceBindData>();
  scan->path = path;
  scan->inputs = {duckdb::Value(path)};
  scan->parameters = version;
  if (catalog.storage_options()) scan->parameters["storage_options"] = *catalog.storage_options();
  // Tables show what blobs hold; lance_scan shows where they are, unless it is told.
  scan->parameters["blobs"] = duckdb::Value("bytes");
  ResolveName(ToOpenOptions(scan->parameters), path, &scan->parameters);
  auto dataset = Dataset::Open(path, ToOpenOptions(scan->parameters));
  if (!dataset.ok() && KindOf(dataset.status()) == ErrorKind::kNotFound && version.empty()) return nullptr;
  scan->dataset = ValueOrThrow(std::move(dataset));
  BindColumns(context, scan.get());
  duckdb::CreateTableInfo info(catalog.schema(), name);
  const arrow::Schema& schema = *scan->dataset->schema();
  for (size_t i = 0; i < scan->column_names.size(); ++i) {
    info.columns.AddColumn(duckdb::ColumnDefinition(scan->column_names[i], scan->column_types[i]));
    if (!schema.field(static_cast<int>(i))->nullable()) {
      info.constraints.push_back(duckdb::make_uniq<duckdb::NotNullConstraint>(duckdb::LogicalIndex(i)));
    }
  }
  return duckdb::make_uniq<LanceTable>(catalog, catalog.schema(), info, std::move(scan), version.empty());
}

LanceTable::LanceTable(LanceCatalog& catalog, duckdb::SchemaCatalogEntry& schema,
                       duckdb::CreateTableInfo& info, duckdb::unique_ptr<LanceBindData> scan, bool newest)
    : TableCatalogEntry(catalog, schema, info), scan_(std::move(scan)), newest_(newest) {}

duckdb::TableFunction LanceTable::GetScanFunction(duckdb::ClientContext& context,
                                                  duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  LanceTransaction::Get(context, catalog).CheckMayRead(path());
  auto data = scan_->Copy();
  data->Cast<LanceBindData>().table = this;
  bind_data = std::move(data);
  return MakeScanFunction();
}

duckdb::TableStorageInfo LanceTable::GetStorageInfo(duckdb::ClientContext&) {
  duckdb::TableStorageInfo info;
  const auto rows = dataset()->CountRows();
  if (rows.ok()) info.cardinality = static_cast<duckdb::idx_t>(*rows);
  return info;
}

duckdb::virtual_column_map_t LanceTable::GetVirtualColumns() const { return VirtualColumnsOf(*scan_); }

duckdb::vector<duckdb::column_t> LanceTable::GetRowIdColumns() const {
  return {duckdb::VIRTUAL_COLUMN_START + 1};
}

}  // namespace lance::sql
