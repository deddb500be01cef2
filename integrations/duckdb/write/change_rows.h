#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/lance_table.h"
#include "duckdb_api.h"
#include "lance/row_changes.h"
#include "write/arrow_rows.h"

namespace lance::sql {

/// The changes that one statement makes to one table. Several operators share it in MERGE INTO. Thread-safe.
class ChangeSession {
 public:
  explicit ChangeSession(LanceTable& table) : table_(table) {}

  /// Begins anew: a prepared statement runs many times. Throws when the transaction must not change the
  /// table.
  void Begin(duckdb::ClientContext& context);
  // `addresses`: of rows of the table's version. Each returns how many rows count.
  uint64_t Delete(const std::vector<uint64_t>& addresses);
  uint64_t Update(const std::vector<uint64_t>& addresses, const arrow::RecordBatch& values);
  uint64_t Insert(const arrow::RecordBatch& rows);
  /// Commits, or leaves that to COMMIT.
  void Finish(duckdb::ClientContext& context);

  LanceTable& table() const { return table_; }

 private:
  LanceTable& table_;
  std::mutex mutex_;  // guards the next
  std::unique_ptr<RowChanges> changes_;
};

/// What an operator does with each row that it gets.
struct RowAction {
  enum class Kind { kDelete, kUpdate, kInsert };
  Kind kind = Kind::kDelete;
  duckdb::idx_t address = 0;          ///< the column with the row's address; not of inserts
  duckdb::vector<std::string> names;  ///< of the columns to set
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> values;  ///< of these; none: the row as it comes
  bool repeats_fail =
      false;  ///< two changes of one row are an error, as MERGE INTO wants; else the first counts
};

/// Deletes, updates or inserts rows and gives their number.
class ChangeRows final : public duckdb::PhysicalOperator {
 public:
  /// `owns_session`: it begins and finishes the session; else the operator around it does.
  ChangeRows(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> types,
             std::shared_ptr<ChangeSession> session, RowAction action, bool owns_session);

  std::string GetName() const override;
  duckdb::InsertionOrderPreservingMap<std::string> ParamsToString() const override;

  bool IsSink() const override { return true; }
  bool ParallelSink() const override { return true; }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override;
  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext& context) const override;
  duckdb::SinkResultType Sink(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override;
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline& pipeline, duckdb::Event& event,
                                    duckdb::ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override;

  bool IsSource() const override { return true; }

 protected:
  duckdb::SourceResultType GetDataInternal(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                                           duckdb::OperatorSourceInput& input) const override;

 private:
  const std::shared_ptr<ChangeSession> session_;
  const RowAction action_;
  const bool owns_session_;
};

}  // namespace lance::sql
