#include <algorithm>

#include <arrow/api.h>

#include "lance/dataset/make_dataset.h"
#include "lance/dataset/mutate/merge_insert/key_filter.h"
#include "lance/dataset/mutate/merge_insert/match_rows.h"
#include "lance/dataset/mutate/merge_insert/merge_source.h"
#include "lance/dataset/mutate/merge_insert/rewrite_columns.h"
#include "lance/dataset/mutate/merge_insert/target_rows.h"
#include "lance/dataset/mutate/moved_rows.h"
#include "lance/dataset/mutate/piece_rows.h"
#include "lance/dataset/mutate/remove_rows.h"
#include "lance/dataset/mutate/retry.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/mutate.h"

namespace lance {
namespace {

using SnapshotPtr = std::shared_ptr<const table::Snapshot>;

constexpr uint64_t kPieceBytes = 16 << 20;
constexpr int64_t kMaxPieceRows = 65536;

Status CheckOptions(const MergeInsertOptions& options) {
  if (options.when_matched == WhenMatched::kDoNothing &&
      options.when_not_matched == WhenNotMatched::kDoNothing &&
      options.when_not_matched_by_source == WhenNotMatchedBySource::kKeep) {
    return InvalidArgument("The merge insert job is not configured to change the data in any way");
  }
  return Status::OK();
}

// One try at one version.
class MergeAttempt {
 public:
  MergeAttempt(SnapshotPtr snapshot, std::shared_ptr<arrow::RecordBatch> rows,
               const MergeInsertOptions& options)
      : snapshot_(std::move(snapshot)), rows_(std::move(rows)), options_(options) {}

  // Matches, and writes new data and deletion files.
  Result<table::CommitRequest> Prepare(MergeInsertStats* stats) {
    const schema::Schema& schema = snapshot_->manifest().schema;
    ARROW_ASSIGN_OR_RAISE(source_, dataset::MakeMergeSource(rows_, schema, options_));
    ARROW_ASSIGN_OR_RAISE(matched_, dataset::MatchRows(snapshot_, source_, options_));
    stats->num_skipped_duplicates = source_.keys->skipped().size();
    stats->num_inserted_rows = matched_.inserted.size();
    stats->num_deleted_rows = matched_.deleted.size();
    if (updates()) {
      stats->num_updated_rows = matched_.addresses.size();
    } else {
      stats->num_deleted_rows += matched_.addresses.size();
    }
    if (options_.rewrite_columns) return RewriteInPlace(stats);
    std::vector<table::Fragment> fragments;
    if ((updates() && !matched_.addresses.empty()) || !matched_.inserted.empty()) {
      ARROW_ASSIGN_OR_RAISE(fragments, WriteRows(stats));
    }
    auto request = MakeRequest(fragments);
    if (!request.ok()) dataset::RemoveDataFiles(folders_, fragments);
    return request;
  }

  // Removes what Prepare wrote.
  void Undo(const table::CommitRequest& request) const {
    const auto& update = std::get<table::operation::Update>(request.operation);
    if (options_.rewrite_columns) return dataset::UndoRewriteColumns(*snapshot_, update);
    dataset::RemoveDataFiles(folders_, update.new_fragments);
    dataset::UndoRemoval(*snapshot_, update.updated_fragments);
  }

 private:
  bool updates() const {
    return options_.when_matched == WhenMatched::kUpdateAll ||
           options_.when_matched == WhenMatched::kUpdateIf;
  }

  Result<table::CommitRequest> RewriteInPlace(MergeInsertStats* stats) {
    ARROW_RETURN_NOT_OK(dataset::CheckRewriteColumns(snapshot_->manifest().schema, source_, options_));
    table::CommitRequest request;
    ARROW_ASSIGN_OR_RAISE(request.operation, dataset::RewriteColumns(snapshot_, source_, matched_, stats));
    request.read_version = snapshot_->manifest().version;
    return request;
  }

  Result<std::vector<table::Fragment>> WriteRows(MergeInsertStats* stats) {
    const schema::Schema& schema = snapshot_->manifest().schema;
    DataFileSettings settings;
    settings.data_storage_version = options_.mutate.data_storage_version;
    ARROW_ASSIGN_OR_RAISE(
        dataset::FragmentWriterOptions writer_options,
        dataset::MakeFragmentWriterOptions(*snapshot_, settings, options_.mutate.commit.durable));
    writer_options.unsynced = unsynced_;
    folders_ = writer_options.folders;
    ARROW_ASSIGN_OR_RAISE(auto writer, dataset::FragmentWriter::Make(schema, std::move(writer_options)));
    const auto piece = static_cast<size_t>(dataset::PieceRows(*snapshot_, kPieceBytes, kMaxPieceRows));
    if (updates()) {
      dataset::TargetReader kept(snapshot_, source_.missing);
      for (size_t start = 0; start < matched_.addresses.size(); start += piece) {
        const size_t count = std::min(piece, matched_.addresses.size() - start);
        const std::span<const uint32_t> rows = std::span(matched_.source_rows).subspan(start, count);
        ARROW_ASSIGN_OR_RAISE(auto batch, dataset::TakeSourceRows(*source_.rows, rows));
        ARROW_ASSIGN_OR_RAISE(auto others, kept.Read(std::span(matched_.addresses).subspan(start, count)));
        ARROW_ASSIGN_OR_RAISE(batch, Join(std::move(batch), *others));
        ARROW_RETURN_NOT_OK(writer->Write(*batch));
      }
    }
    for (size_t start = 0; start < matched_.inserted.size(); start += piece) {
      const size_t count = std::min(piece, matched_.inserted.size() - start);
      const std::span<const uint32_t> rows = std::span(matched_.inserted).subspan(start, count);
      ARROW_ASSIGN_OR_RAISE(auto batch, dataset::TakeSourceRows(*source_.rows, rows));
      ARROW_ASSIGN_OR_RAISE(auto nulls, NullColumns(static_cast<int64_t>(count)));
      ARROW_ASSIGN_OR_RAISE(batch, Join(std::move(batch), *nulls));
      ARROW_RETURN_NOT_OK(writer->Write(*batch));
    }
    ARROW_ASSIGN_OR_RAISE(std::vector<table::Fragment> fragments, writer->Finish());
    stats->bytes_written = writer->bytes_written();
    stats->num_files_written = fragments.size();
    return fragments;
  }

  static Result<std::shared_ptr<arrow::RecordBatch>> Join(std::shared_ptr<arrow::RecordBatch> batch,
                                                          const arrow::RecordBatch& others) {
    for (int i = 0; i < others.num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          batch, batch->AddColumn(batch->num_columns(), others.schema()->field(i), others.column(i)));
    }
    return batch;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> NullColumns(int64_t rows) const {
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const std::string& name : source_.missing) {
      const schema::Field* field = snapshot_->manifest().schema.FindTopLevel(name);
      ARROW_ASSIGN_OR_RAISE(auto arrow_field, field->ToArrow());
      ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayOfNull(arrow_field->type(), rows));
      fields.push_back(std::move(arrow_field));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(columns));
  }

  Result<table::CommitRequest> MakeRequest(std::vector<table::Fragment> fragments) {
    // Updated rows are the first of the new ones and keep their ids; inserted ones get fresh ids.
    if (updates()) {
      ARROW_RETURN_NOT_OK(dataset::KeepRowIds(*snapshot_, matched_.addresses, fragments));
    }
    std::vector<uint64_t> gone = matched_.addresses;
    gone.insert(gone.end(), matched_.deleted.begin(), matched_.deleted.end());
    dataset::RowsByFragment rows = dataset::GroupByFragment(gone);
    const auto durability = dataset::ToCommitOptions(options_.mutate.commit).durability;
    ARROW_ASSIGN_OR_RAISE(dataset::Removal removal,
                          dataset::RemoveRows(*snapshot_, rows, durability, unsynced_.get()));
    table::operation::Update update;
    update.removed_fragment_ids = std::move(removal.removed_fragment_ids);
    update.updated_fragments = std::move(removal.updated_fragments);
    update.new_fragments = std::move(fragments);
    for (const int32_t id : snapshot_->manifest().schema.FieldIds()) {
      update.fields_for_preserving_frag_bitmap.push_back(static_cast<uint32_t>(id));
    }
    if (dataset::IsPrimaryKey(snapshot_->manifest().schema, source_.on)) {
      update.inserted_rows = dataset::MakeKeyFilter(snapshot_->manifest().schema, source_.on,
                                                    source_.KeysOf(*source_.rows), matched_.inserted);
    }
    table::CommitRequest request;
    request.operation = std::move(update);
    request.read_version = snapshot_->manifest().version;
    request.affected_rows = std::move(rows);
    request.unsynced = unsynced_;
    return request;
  }

  const SnapshotPtr snapshot_;
  const std::shared_ptr<arrow::RecordBatch> rows_;
  const MergeInsertOptions& options_;
  dataset::MergeSource source_;
  dataset::MatchedRows matched_;
  const std::shared_ptr<store::Unsynced> unsynced_ = std::make_shared<store::Unsynced>();
  std::vector<dataset::DataFolder> folders_;
};

}  // namespace

Result<MergeInsertResult> MergeInsert(const Dataset& dataset, arrow::RecordBatchReader& source,
                                      const MergeInsertOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  ARROW_RETURN_NOT_OK(dataset::ResolveKeys(dataset.snapshot()->manifest().schema, options.on).status());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> rows, dataset::ReadAll(source));
  MergeInsertResult out;
  uint64_t attempts = 0;
  ARROW_RETURN_NOT_OK(
      dataset::RetryConflicts(dataset.snapshot(), options.mutate, [&](const SnapshotPtr& snapshot) -> Status {
        MergeAttempt attempt(snapshot, rows, options);
        out.stats = {};
        out.stats.num_attempts = ++attempts;
        ARROW_ASSIGN_OR_RAISE(table::CommitRequest request, attempt.Prepare(&out.stats));
        auto committed = dataset::CommitOperation(*snapshot, request, options.mutate.commit);
        if (!committed.ok()) {
          if (!Is(committed.status(), ErrorKind::kCommitStateUnknown)) attempt.Undo(request);
          return committed.status();
        }
        out.dataset = committed.MoveValueUnsafe();
        return Status::OK();
      }));
  return out;
}

Result<UncommittedMerge> MergeInsertUncommitted(const Dataset& dataset, arrow::RecordBatchReader& source,
                                                const MergeInsertOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> rows, dataset::ReadAll(source));
  MergeAttempt attempt(dataset.snapshot(), std::move(rows), options);
  MergeInsertStats stats;
  stats.num_attempts = 1;
  ARROW_ASSIGN_OR_RAISE(table::CommitRequest request, attempt.Prepare(&stats));
  ARROW_RETURN_NOT_OK(request.unsynced->Sync());  // who commits it may be another process
  request.unsynced = nullptr;
  return UncommittedMerge{Transaction(std::move(request)), stats};
}

}  // namespace lance
