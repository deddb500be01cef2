#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "catalog/drop_index.h"
#include "catalog/lance_table.h"
#include "duckdb_api.h"
#include "write/pending_change.h"

namespace lance::sql {

class LanceCatalog;

/// What a transaction of DuckDB sees and does in one attached folder. A table is opened once, when it is
/// first named: the transaction reads that version of it throughout.
///
/// A statement of its own commits by itself. Between BEGIN and COMMIT one change is held until COMMIT:
/// several INSERTs into one table, or one other statement. More would need commits over several tables, or
/// reads of what is not committed; both are refused by name.
class LanceTransaction final : public duckdb::Transaction {
 public:
  using Transaction::Transaction;
  static LanceTransaction& Get(duckdb::ClientContext& context, duckdb::Catalog& catalog);

  /// The table as the transaction sees it; nullptr when there is none. `version`: of AT (...), as parameters
  /// of lance_scan.
  duckdb::optional_ptr<LanceTable> FindTable(duckdb::ClientContext& context, LanceCatalog& catalog,
                                             const std::string& name,
                                             const duckdb::named_parameter_map_t& version);
  /// Holds what was looked up until the transaction ends.
  LanceIndex* Keep(duckdb::unique_ptr<LanceIndex> index);
  /// Forgets a table that changed.
  void Forget(const std::string& path);

  /// Throws when the statement at hand must not change the table: see above.
  void CheckMayChange(const std::string& path, bool appends);
  /// Throws when the table has changes that are not committed.
  void CheckMayRead(const std::string& path);
  /// The INSERT that waits for COMMIT, to add more rows to it; nullptr when there is none into this table.
  /// Until it is held again the transaction cannot commit: a statement that fails half-way leaves it so.
  std::shared_ptr<PendingChange> PendingAppend(const std::string& path);
  void Hold(std::shared_ptr<PendingChange> change);

  duckdb::ErrorData Commit();

 private:
  std::mutex mutex_;                                              // guards all below
  std::map<std::string, duckdb::unique_ptr<LanceTable>> tables_;  // by path and version
  // Tables that were forgotten: plans may point to them.
  std::vector<duckdb::unique_ptr<LanceTable>> forgotten_;
  std::vector<duckdb::unique_ptr<LanceIndex>> indices_;
  std::shared_ptr<PendingChange> change_;
  bool half_way_ = false;
};

class LanceTransactionManager final : public duckdb::TransactionManager {
 public:
  using TransactionManager::TransactionManager;
  duckdb::Transaction& StartTransaction(duckdb::ClientContext& context) override;
  duckdb::ErrorData CommitTransaction(duckdb::ClientContext& context,
                                      duckdb::Transaction& transaction) override;
  void RollbackTransaction(duckdb::Transaction& transaction) override;
  void Checkpoint(duckdb::ClientContext&, bool) override {}

 private:
  // Takes it out of the list; it ends with the result.
  duckdb::unique_ptr<LanceTransaction> Take(duckdb::Transaction& transaction);

  std::mutex mutex_;
  std::map<duckdb::Transaction*, duckdb::unique_ptr<LanceTransaction>> transactions_;
};

}  // namespace lance::sql
