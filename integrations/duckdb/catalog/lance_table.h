#pragma once

#include <memory>
#include <string>

#include "duckdb_api.h"
#include "lance_scan.h"

namespace lance::sql {

class LanceCatalog;

/// One version of a table of an attached folder. Scans are those of lance_scan.
class LanceTable final : public duckdb::TableCatalogEntry {
 public:
  /// nullptr when there is no such table. `version`: parameters of lance_scan; none: the newest.
  static duckdb::unique_ptr<LanceTable> Open(duckdb::ClientContext& context, LanceCatalog& catalog,
                                             const std::string& name, const std::string& path,
                                             const duckdb::named_parameter_map_t& version);

  LanceTable(LanceCatalog& catalog, duckdb::SchemaCatalogEntry& schema, duckdb::CreateTableInfo& info,
             duckdb::unique_ptr<LanceBindData> scan, bool newest);

  const std::string& path() const { return scan_->path; }
  const std::shared_ptr<Dataset>& dataset() const { return scan_->dataset; }
  /// False for a version that AT (...) names: it cannot be changed.
  bool newest() const { return newest_; }

  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(duckdb::ClientContext&,
                                                           duckdb::column_t) override {
    return nullptr;
  }
  duckdb::TableFunction GetScanFunction(duckdb::ClientContext& context,
                                        duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override;
  duckdb::TableStorageInfo GetStorageInfo(duckdb::ClientContext& context) override;
  /// Nothing to add: updates get the columns that they set, and rows' addresses.
  void BindUpdateConstraints(duckdb::Binder&, duckdb::LogicalGet&, duckdb::LogicalProjection&,
                             duckdb::LogicalUpdate&, duckdb::ClientContext&) override {}
  duckdb::virtual_column_map_t GetVirtualColumns() const override;
  /// _rowaddr.
  duckdb::vector<duckdb::column_t> GetRowIdColumns() const override;

 private:
  const duckdb::unique_ptr<LanceBindData> scan_;  // copied for each scan
  const bool newest_;
};

}  // namespace lance::sql
