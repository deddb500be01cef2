#include "catalog/lance_transaction.h"

#include "catalog/lance_catalog.h"
#include "dataset_arguments.h"

namespace lance::sql {

namespace {

std::string Key(const std::string& path, const duckdb::named_parameter_map_t& version) {
  std::string key = path;
  for (const auto& [name, value] : version) key += " " + name + " " + value.ToString();
  return key;
}

}  // namespace

LanceTransaction& LanceTransaction::Get(duckdb::ClientContext& context, duckdb::Catalog& catalog) {
  return Transaction::Get(context, catalog).Cast<LanceTransaction>();
}

duckdb::optional_ptr<LanceTable> LanceTransaction::FindTable(duckdb::ClientContext& context,
                                                             LanceCatalog& catalog, const std::string& name,
                                                             const duckdb::named_parameter_map_t& version) {
  const std::string path = catalog.TablePath(name);
  const std::string key = Key(path, version);
  std::lock_guard lock(mutex_);
  const auto found = tables_.find(key);
  if (found != tables_.end()) return found->second.get();
  auto opened = LanceTable::Open(context, catalog, name, path, version);
  if (!opened) return nullptr;
  return tables_.emplace(key, std::move(opened)).first->second.get();
}

LanceIndex* LanceTransaction::Keep(duckdb::unique_ptr<LanceIndex> index) {
  std::lock_guard lock(mutex_);
  indices_.push_back(std::move(index));
  return indices_.back().get();
}

void LanceTransaction::Forget(const std::string& path) {
  std::lock_guard lock(mutex_);
  for (auto next = tables_.begin(); next != tables_.end();) {
    const auto entry = next++;
    if (entry->second->path() != path) continue;
    forgotten_.push_back(std::move(entry->second));
    tables_.erase(entry);
  }
}

void LanceTransaction::CheckMayChange(const std::string& path, bool appends) {
  std::lock_guard lock(mutex_);
  if (change_ == nullptr || (appends && change_->appends() && change_->table() == path)) return;
  throw duckdb::TransactionException(
      "this transaction has changed \"%s\" already: Lance commits one change of one table at a time, so "
      "COMMIT "
      "first (several INSERTs into one table are one change)",
      change_->table());
}

void LanceTransaction::CheckMayRead(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (change_ == nullptr || change_->table() != path) return;
  throw duckdb::TransactionException(
      "\"%s\" was changed in this transaction, and changes can be read once they are committed: COMMIT first",
      path);
}

std::shared_ptr<PendingChange> LanceTransaction::PendingAppend(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (change_ == nullptr || !change_->appends() || change_->table() != path) return nullptr;
  half_way_ = true;
  return change_;
}

void LanceTransaction::Hold(std::shared_ptr<PendingChange> change) {
  std::lock_guard lock(mutex_);
  change_ = std::move(change);
  half_way_ = false;
}

duckdb::ErrorData LanceTransaction::Commit() {
  const auto change = std::move(change_);
  if (change == nullptr) return {};
  if (half_way_) {
    return duckdb::ErrorData(duckdb::TransactionException(
        "an INSERT of this transaction failed half-way: nothing of the transaction was committed"));
  }
  try {
    ThrowIfFailed(change->Commit());
  } catch (const std::exception& e) {
    return duckdb::ErrorData(e);
  }
  return {};
}

duckdb::Transaction& LanceTransactionManager::StartTransaction(duckdb::ClientContext& context) {
  auto transaction = duckdb::make_uniq<LanceTransaction>(*this, context);
  auto& result = *transaction;
  std::lock_guard lock(mutex_);
  transactions_[&result] = std::move(transaction);
  return result;
}

duckdb::unique_ptr<LanceTransaction> LanceTransactionManager::Take(duckdb::Transaction& transaction) {
  std::lock_guard lock(mutex_);
  const auto found = transactions_.find(&transaction);
  if (found == transactions_.end()) return nullptr;
  auto taken = std::move(found->second);
  transactions_.erase(found);
  return taken;
}

duckdb::ErrorData LanceTransactionManager::CommitTransaction(duckdb::ClientContext&,
                                                             duckdb::Transaction& transaction) {
  const auto taken = Take(transaction);
  return taken ? taken->Commit() : duckdb::ErrorData();
}

void LanceTransactionManager::RollbackTransaction(duckdb::Transaction& transaction) { Take(transaction); }

}  // namespace lance::sql
