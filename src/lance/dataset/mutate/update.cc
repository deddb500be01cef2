#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/dataset/make_dataset.h"
#include "lance/dataset/mutate/moved_rows.h"
#include "lance/dataset/mutate/piece_rows.h"
#include "lance/dataset/mutate/remove_rows.h"
#include "lance/dataset/mutate/retry.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/expr/expr.h"
#include "lance/mutate.h"
#include "lance/scan/scanner_impl.h"

namespace lance {
namespace {

using SnapshotPtr = std::shared_ptr<const table::Snapshot>;

constexpr uint64_t kPieceBytes = 8 << 20;
constexpr int64_t kMaxPieceRows = 8192;

struct NewValue {
  int column;  // of the table's schema
  std::shared_ptr<const expr::Expression> expression;
};

bool HoldsBlobV2(const schema::Field& field) {
  if (field.is_blob_v2()) return true;
  return std::any_of(field.children.begin(), field.children.end(), HoldsBlobV2);
}

void AppendIds(const schema::Field& field, std::vector<uint32_t>* out) {
  out->push_back(static_cast<uint32_t>(field.id));
  for (const schema::Field& child : field.children) AppendIds(child, out);
}

// The expressions, in the order of the table's columns.
Result<std::vector<NewValue>> BindUpdates(const schema::Schema& table,
                                          const std::map<std::string, std::string>& updates) {
  LANCE_CHECK_ARG(!updates.empty(), "No updates provided");
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Schema> schema, table.ToArrow());
  std::vector<NewValue> out;
  for (const auto& [name, sql] : updates) {
    const int column = schema->GetFieldIndex(name);
    if (column < 0) {
      if (table.Resolve(name).ok()) {
        return NotSupported("Nested column references are not yet supported. Referenced: {}", name);
      }
      return InvalidArgument("Column '{}' does not exist in dataset schema: {}", name,
                             schema->ToString(/*show_metadata=*/false));
    }
    const schema::Field& field = table.fields[static_cast<size_t>(column)];
    if (HoldsBlobV2(field)) {
      return NotSupported("Direct updates to column '{}' containing blob v2 values are not supported", name);
    }
    ARROW_ASSIGN_OR_RAISE(auto expression,
                          expr::ParseExpressionAs(sql, schema, schema->field(column)->type()));
    out.push_back({column, std::move(expression)});
  }
  return out;
}

// One try at one version.
class UpdateAttempt {
 public:
  UpdateAttempt(SnapshotPtr snapshot, const std::map<std::string, std::string>& updates,
                const std::string& where, const MutateOptions& options)
      : snapshot_(std::move(snapshot)), updates_(updates), where_(where), options_(options) {}

  Result<UpdateResult> Run() {
    const schema::Schema& schema = snapshot_->manifest().schema;
    ARROW_ASSIGN_OR_RAISE(values_, BindUpdates(schema, updates_));
    DataFileSettings settings;
    settings.data_storage_version = options_.data_storage_version;
    ARROW_ASSIGN_OR_RAISE(dataset::FragmentWriterOptions writer_options,
                          dataset::MakeFragmentWriterOptions(*snapshot_, settings, options_.commit.durable));
    writer_options.unsynced = unsynced_;
    ARROW_ASSIGN_OR_RAISE(auto writer, dataset::FragmentWriter::Make(schema, writer_options));
    ARROW_RETURN_NOT_OK(RewriteRows(writer.get()));
    ARROW_ASSIGN_OR_RAISE(std::vector<table::Fragment> fragments, writer->Finish());
    Result<UpdateResult> result = Commit(fragments);
    if (!result.ok() && !Is(result.status(), ErrorKind::kCommitStateUnknown)) {
      dataset::RemoveDataFiles(writer_options.folders, fragments);
    }
    return result;
  }

 private:
  Status RewriteRows(dataset::FragmentWriter* writer) {
    ScanOptions scan;
    scan.filter = where_;
    scan.with_row_address = true;
    scan.blobs = BlobMode::kWritable;
    scan.stored_json = true;
    scan.batch_rows = dataset::PieceRows(*snapshot_, kPieceBytes, kMaxPieceRows);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Scanner> scanner, scan::MakeScanner(snapshot_, scan));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatchReader> reader, scanner->ToReader());
    for (;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      const int address_column = batch->num_columns() - 1;
      const auto& addresses = static_cast<const arrow::UInt64Array&>(*batch->column(address_column));
      addresses_.insert(addresses_.end(), addresses.raw_values(),
                        addresses.raw_values() + addresses.length());
      ARROW_ASSIGN_OR_RAISE(batch, batch->RemoveColumn(address_column));
      // Every expression sees the row as it was.
      std::shared_ptr<arrow::RecordBatch> updated = batch;
      for (const NewValue& value : values_) {
        ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array, value.expression->Evaluate(*batch));
        ARROW_ASSIGN_OR_RAISE(updated,
                              updated->SetColumn(value.column, batch->schema()->field(value.column), array));
      }
      ARROW_RETURN_NOT_OK(writer->Write(*updated));
    }
  }

  Result<UpdateResult> Commit(std::vector<table::Fragment> fragments) {
    ARROW_RETURN_NOT_OK(dataset::KeepRowIds(*snapshot_, addresses_, fragments));
    dataset::RowsByFragment rows = dataset::GroupByFragment(addresses_);
    const auto durability = dataset::ToCommitOptions(options_.commit).durability;
    ARROW_ASSIGN_OR_RAISE(dataset::Removal removal,
                          dataset::RemoveRows(*snapshot_, rows, durability, unsynced_.get()));
    table::operation::Update update;
    update.removed_fragment_ids = std::move(removal.removed_fragment_ids);
    update.updated_fragments = removal.updated_fragments;
    update.new_fragments = std::move(fragments);
    for (const NewValue& value : values_) {
      AppendIds(snapshot_->manifest().schema.fields[static_cast<size_t>(value.column)],
                &update.fields_for_preserving_frag_bitmap);
    }
    table::CommitRequest request;
    request.operation = std::move(update);
    request.read_version = snapshot_->manifest().version;
    request.affected_rows = std::move(rows);
    request.unsynced = unsynced_;
    UpdateResult out;
    out.num_updated_rows = addresses_.size();
    auto committed = dataset::CommitOperation(*snapshot_, std::move(request), options_.commit);
    if (!committed.ok()) {
      if (!Is(committed.status(), ErrorKind::kCommitStateUnknown)) {
        dataset::UndoRemoval(*snapshot_, removal.updated_fragments);
      }
      return committed.status();
    }
    out.dataset = committed.MoveValueUnsafe();
    return out;
  }

  const SnapshotPtr snapshot_;
  const std::map<std::string, std::string>& updates_;
  const std::string& where_;
  const MutateOptions& options_;
  const std::shared_ptr<store::Unsynced> unsynced_ = std::make_shared<store::Unsynced>();
  std::vector<NewValue> values_;
  std::vector<uint64_t> addresses_;  // of the old rows, in the order they were written
};

}  // namespace

Result<UpdateResult> Update(const Dataset& dataset, const std::map<std::string, std::string>& updates,
                            const std::string& where, const MutateOptions& options) {
  UpdateResult out;
  ARROW_RETURN_NOT_OK(
      dataset::RetryConflicts(dataset.snapshot(), options, [&](const SnapshotPtr& snapshot) -> Status {
        ARROW_ASSIGN_OR_RAISE(out, UpdateAttempt(snapshot, updates, where, options).Run());
        return Status::OK();
      }));
  return out;
}

}  // namespace lance
