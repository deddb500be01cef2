#include <arrow/api.h>

#include "lance/dataset/make_dataset.h"
#include "lance/dataset/mutate/remove_rows.h"
#include "lance/dataset/mutate/retry.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/expr/expr.h"
#include "lance/mutate.h"
#include "lance/scan/scanner_impl.h"

namespace lance {
namespace {

using SnapshotPtr = std::shared_ptr<const table::Snapshot>;

// What a predicate says without looking at rows: all or none of them; nothing when it depends on them.
std::optional<bool> ConstantOf(const table::Snapshot& snapshot, const std::string& predicate) {
  auto schema = snapshot.manifest().schema.ToArrow();
  if (!schema.ok()) return std::nullopt;
  auto filter = expr::ParseFilter(predicate, *schema);
  if (!filter.ok()) return std::nullopt;  // virtual columns; the scan binds again and says what is wrong
  std::shared_ptr<arrow::Scalar> value = (*filter)->AsConstant();
  if (value == nullptr || value->type->id() != arrow::Type::BOOL) return std::nullopt;
  return value->is_valid && static_cast<const arrow::BooleanScalar&>(*value).value;
}

Result<std::vector<uint64_t>> MatchingRows(const SnapshotPtr& snapshot, const std::string& predicate) {
  ScanOptions options;
  options.columns.emplace();
  options.filter = predicate;
  options.with_row_address = true;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Scanner> scanner, scan::MakeScanner(snapshot, options));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatchReader> reader, scanner->ToReader());
  std::vector<uint64_t> addresses;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return addresses;
    const auto& column = static_cast<const arrow::UInt64Array&>(*batch->column(0));
    addresses.insert(addresses.end(), column.raw_values(), column.raw_values() + column.length());
  }
}

Result<DeleteResult> DeleteAll(const SnapshotPtr& snapshot, const std::string& predicate,
                               const MutateOptions& options) {
  DeleteResult out;
  ARROW_ASSIGN_OR_RAISE(out.num_deleted_rows, snapshot->CountRows());
  table::operation::Delete operation;
  operation.predicate = predicate;
  for (const table::Fragment& fragment : snapshot->manifest().fragments) {
    operation.deleted_fragment_ids.push_back(fragment.id);
  }
  table::CommitRequest request;
  request.operation = std::move(operation);
  request.read_version = snapshot->manifest().version;
  ARROW_ASSIGN_OR_RAISE(out.dataset, dataset::CommitOperation(*snapshot, std::move(request), options.commit));
  return out;
}

Result<DeleteResult> DeleteOnce(const SnapshotPtr& snapshot, const std::string& predicate,
                                const MutateOptions& options) {
  const std::optional<bool> constant = ConstantOf(*snapshot, predicate);
  if (constant == true) return DeleteAll(snapshot, predicate, options);
  std::vector<uint64_t> addresses;
  if (!constant.has_value()) {
    ARROW_ASSIGN_OR_RAISE(addresses, MatchingRows(snapshot, predicate));
  }
  dataset::RowsByFragment rows = dataset::GroupByFragment(addresses);
  const auto durability = dataset::ToCommitOptions(options.commit).durability;
  table::CommitRequest request;
  request.unsynced = std::make_shared<store::Unsynced>();
  ARROW_ASSIGN_OR_RAISE(dataset::Removal removal,
                        dataset::RemoveRows(*snapshot, rows, durability, request.unsynced.get()));
  request.operation =
      table::operation::Delete{removal.updated_fragments, std::move(removal.removed_fragment_ids), predicate};
  request.read_version = snapshot->manifest().version;
  request.affected_rows = std::move(rows);
  DeleteResult out;
  out.num_deleted_rows = addresses.size();
  auto committed = dataset::CommitOperation(*snapshot, std::move(request), options.commit);
  if (!committed.ok()) {
    if (!Is(committed.status(), ErrorKind::kCommitStateUnknown)) {
      dataset::UndoRemoval(*snapshot, removal.updated_fragments);
    }
    return committed.status();
  }
  out.dataset = committed.MoveValueUnsafe();
  return out;
}

}  // namespace

Result<DeleteResult> Delete(const Dataset& dataset, const std::string& predicate,
                            const MutateOptions& options) {
  DeleteResult out;
  ARROW_RETURN_NOT_OK(
      dataset::RetryConflicts(dataset.snapshot(), options, [&](const SnapshotPtr& snapshot) -> Status {
        ARROW_ASSIGN_OR_RAISE(out, DeleteOnce(snapshot, predicate, options));
        return Status::OK();
      }));
  return out;
}

Result<DeleteResult> Truncate(const Dataset& dataset, const MutateOptions& options) {
  return Delete(dataset, "true", options);
}

}  // namespace lance
