#include "lance/row_changes.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/dataset/mutate/moved_rows.h"
#include "lance/dataset/mutate/remove_rows.h"
#include "lance/dataset/write/append_schema.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/table/deletion.h"

namespace lance {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// Rows whose other columns are fetched at once.
constexpr size_t kRowsPerFetch = 32'768;

void AppendIds(const schema::Field& field, std::set<uint32_t>* out) {
  out->insert(static_cast<uint32_t>(field.id));
  for (const schema::Field& child : field.children) AppendIds(child, out);
}

class RowChangesImpl final : public RowChanges {
 public:
  RowChangesImpl(std::shared_ptr<Dataset> dataset, const MutateOptions& options)
      : dataset_(std::move(dataset)), options_(options), schema_(snapshot().manifest().schema) {}

  Result<uint64_t> Delete(std::span<const uint64_t> addresses) override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> fresh, Touch(addresses));
    return fresh.size();
  }

  Result<uint64_t> Update(std::span<const uint64_t> addresses, const arrow::RecordBatch& values) override {
    LANCE_CHECK_ARG(static_cast<size_t>(values.num_rows()) == addresses.size(),
                    "values and rows to update differ in number: {} and {}", values.num_rows(),
                    addresses.size());
    ARROW_RETURN_NOT_OK(CheckUpdate(*values.schema()));
    ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> fresh, Touch(addresses));
    if (!waiting_.empty() && !waiting_[0]->schema()->Equals(*values.schema())) {
      ARROW_RETURN_NOT_OK(WriteWaiting());
    }
    // Runs of rows that count.
    for (size_t start = 0; start < fresh.size();) {
      size_t end = start + 1;
      while (end < fresh.size() && fresh[end] == fresh[end - 1] + 1) ++end;
      waiting_.push_back(values.Slice(fresh[start], static_cast<int64_t>(end - start)));
      for (; start < end; ++start) waiting_addresses_.push_back(addresses[static_cast<size_t>(fresh[start])]);
    }
    if (waiting_addresses_.size() >= kRowsPerFetch) ARROW_RETURN_NOT_OK(WriteWaiting());
    return fresh.size();
  }

  Status Insert(const arrow::RecordBatch& rows) override {
    if (rows.num_rows() == 0) return Status::OK();
    if (inserted_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(schema::Schema rows_schema, schema::FromArrow(*rows.schema()));
      dataset::PromoteBlobs(&rows_schema, schema_);
      ARROW_RETURN_NOT_OK(dataset::CheckRowsFit(rows_schema, schema_));
      ARROW_ASSIGN_OR_RAISE(inserted_, MakeWriter(dataset::TableFieldsOf(rows_schema, schema_)));
    }
    return inserted_->Write(rows);
  }

  bool empty() const override { return touched_.empty() && inserted_ == nullptr; }

  Result<std::shared_ptr<Dataset>> Commit() override {
    LANCE_CHECK_ARG(!committed_, "changes of rows are committed once");
    ARROW_RETURN_NOT_OK(WriteWaiting());
    committed_ = true;
    if (empty()) return dataset_;
    std::vector<table::Fragment> fragments;
    if (updated_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(fragments, updated_->Finish());
      ARROW_RETURN_NOT_OK(Cleaned(dataset::KeepRowIds(snapshot(), moved_, fragments), fragments));
    }
    if (inserted_ != nullptr) {
      Result<std::vector<table::Fragment>> added = inserted_->Finish();
      ARROW_RETURN_NOT_OK(Cleaned(added.status(), fragments));
      fragments.insert(fragments.end(), added->begin(), added->end());
    }
    Result<std::shared_ptr<Dataset>> result = CommitFragments(fragments);
    ARROW_RETURN_NOT_OK(Cleaned(result.status(), fragments));
    return result;
  }

 private:
  const table::Snapshot& snapshot() const { return *dataset_->snapshot(); }

  Status CheckUpdate(const arrow::Schema& values) {
    ARROW_ASSIGN_OR_RAISE(schema::Schema fields, schema::FromArrow(values));
    dataset::PromoteBlobs(&fields, schema_);
    return dataset::CheckRowsFit(fields, schema_, dataset::MissingFields::kAny);
  }

  // Notes rows as changed and returns the positions of those that were not before.
  Result<std::vector<int64_t>> Touch(std::span<const uint64_t> addresses) {
    std::vector<int64_t> fresh;
    fresh.reserve(addresses.size());
    for (size_t i = 0; i < addresses.size(); ++i) {
      const RowAddress address{addresses[i]};
      auto found = touched_.find(address.fragment_id());
      if (found == touched_.end()) {
        ARROW_ASSIGN_OR_RAISE(std::vector<bool> rows, RowsOf(address.fragment_id()));
        found = touched_.emplace(address.fragment_id(), std::move(rows)).first;
      }
      LANCE_CHECK_ARG(address.offset() < found->second.size(), "fragment {} has {} rows, none at offset {}",
                      address.fragment_id(), found->second.size(), address.offset());
      auto bit = found->second[address.offset()];
      if (bit) continue;
      bit = true;
      fresh.push_back(static_cast<int64_t>(i));
    }
    return fresh;
  }

  Result<std::vector<bool>> RowsOf(uint64_t fragment_id) const {
    const table::Fragment* fragment = snapshot().FindFragment(fragment_id);
    LANCE_CHECK_ARG(fragment != nullptr, "there is no fragment {} to change rows of", fragment_id);
    return std::vector<bool>(fragment->physical_rows);
  }

  dataset::RowsByFragment TouchedRows() const {
    dataset::RowsByFragment out;
    for (const auto& [fragment, rows] : touched_) {
      std::vector<uint32_t>& offsets = out[fragment];
      for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i]) offsets.push_back(static_cast<uint32_t>(i));
      }
    }
    return out;
  }

  Result<std::unique_ptr<dataset::FragmentWriter>> MakeWriter(const schema::Schema& fields) {
    DataFileSettings settings;
    settings.data_storage_version = options_.data_storage_version;
    ARROW_ASSIGN_OR_RAISE(dataset::FragmentWriterOptions writer,
                          dataset::MakeFragmentWriterOptions(snapshot(), settings, options_.commit.durable));
    writer.unsynced = unsynced_;
    folders_ = writer.folders;
    return dataset::FragmentWriter::Make(fields, std::move(writer));
  }

  // Fetches the other columns of the rows that wait and writes them whole.
  Status WriteWaiting() {
    if (waiting_.empty()) return Status::OK();
    if (updated_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(updated_, MakeWriter(schema_));
    }
    ARROW_ASSIGN_OR_RAISE(const Batch values, arrow::ConcatenateRecordBatches(waiting_));
    ScanOptions all;
    all.blobs = BlobMode::kWritable;
    all.stored_json = true;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Table> old,
                          dataset_->TakeRowAddresses(waiting_addresses_, all));
    LANCE_CHECK_ARG(old->num_rows() == values->num_rows(), "{} of {} rows to update are deleted",
                    values->num_rows() - old->num_rows(), values->num_rows());
    ARROW_ASSIGN_OR_RAISE(Batch rows, old->CombineChunksToBatch());
    for (int i = 0; i < values->num_columns(); ++i) {
      const auto& field = values->schema()->field(i);
      const int column = rows->schema()->GetFieldIndex(field->name());
      ARROW_ASSIGN_OR_RAISE(rows, rows->SetColumn(column, field, values->column(i)));
      AppendIds(schema_.fields[static_cast<size_t>(column)], &updated_fields_);
    }
    ARROW_RETURN_NOT_OK(updated_->Write(*rows));
    if (snapshot().manifest().has_stable_row_ids()) {
      moved_.insert(moved_.end(), waiting_addresses_.begin(), waiting_addresses_.end());
    }
    waiting_.clear();
    waiting_addresses_.clear();
    return Status::OK();
  }

  Result<std::shared_ptr<Dataset>> CommitFragments(const std::vector<table::Fragment>& fragments) {
    table::CommitRequest request;
    request.read_version = snapshot().manifest().version;
    request.unsynced = unsynced_;
    if (touched_.empty()) {
      request.operation = table::operation::Append{fragments};
      return dataset::CommitOperation(snapshot(), std::move(request), options_.commit);
    }
    dataset::RowsByFragment rows = TouchedRows();
    ARROW_RETURN_NOT_OK(CheckLive(rows));
    const auto durability = dataset::ToCommitOptions(options_.commit).durability;
    ARROW_ASSIGN_OR_RAISE(const dataset::Removal removal,
                          dataset::RemoveRows(snapshot(), rows, durability, unsynced_.get()));
    if (fragments.empty()) {
      request.operation = table::operation::Delete{removal.updated_fragments, removal.removed_fragment_ids,
                                                   "_rowaddr IN (...)"};
    } else {
      table::operation::Update update;
      update.removed_fragment_ids = removal.removed_fragment_ids;
      update.updated_fragments = removal.updated_fragments;
      update.new_fragments = fragments;
      update.fields_for_preserving_frag_bitmap.assign(updated_fields_.begin(), updated_fields_.end());
      request.operation = std::move(update);
    }
    request.affected_rows = std::move(rows);
    auto committed = dataset::CommitOperation(snapshot(), std::move(request), options_.commit);
    if (!committed.ok() && !Is(committed.status(), ErrorKind::kCommitStateUnknown)) {
      dataset::UndoRemoval(snapshot(), removal.updated_fragments);
    }
    return committed;
  }

  // Deletion files count their rows: one that is deleted already must not come again.
  Status CheckLive(const dataset::RowsByFragment& rows) const {
    for (const auto& [id, offsets] : rows) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::DeletionVector> deleted,
                            snapshot().Deletions(*snapshot().FindFragment(id)));
      if (deleted == nullptr) continue;
      auto next = offsets.begin();
      for (const table::DeletionVector::Run& run : deleted->runs()) {
        next = std::lower_bound(next, offsets.end(), run.start);
        LANCE_CHECK_ARG(next == offsets.end() || *next >= run.end,
                        "row {} of fragment {} to change is deleted", *next, id);
      }
    }
    return Status::OK();
  }

  // Removes data files that no version will refer to.
  Status Cleaned(const Status& status, const std::vector<table::Fragment>& fragments) const {
    if (!status.ok() && !Is(status, ErrorKind::kCommitStateUnknown)) {
      dataset::RemoveDataFiles(folders_, fragments);
    }
    return status;
  }

  const std::shared_ptr<Dataset> dataset_;
  const MutateOptions options_;
  const schema::Schema& schema_;
  std::unordered_map<uint64_t, std::vector<bool>> touched_;  // by fragment
  std::vector<Batch> waiting_;                               // new values of the rows at waiting_addresses_
  std::vector<uint64_t> waiting_addresses_;
  std::unique_ptr<dataset::FragmentWriter> updated_;
  std::unique_ptr<dataset::FragmentWriter> inserted_;
  const std::shared_ptr<store::Unsynced> unsynced_ = std::make_shared<store::Unsynced>();
  std::vector<dataset::DataFolder> folders_;
  std::vector<uint64_t> moved_;  // addresses of the rows in updated_, where row ids are stable
  std::set<uint32_t> updated_fields_;
  bool committed_ = false;
};

}  // namespace

Result<std::unique_ptr<RowChanges>> RowChanges::Make(std::shared_ptr<Dataset> dataset,
                                                     const MutateOptions& options) {
  LANCE_CHECK_ARG(dataset != nullptr && dataset->snapshot() != nullptr, "no table to change rows of");
  return std::make_unique<RowChangesImpl>(std::move(dataset), options);
}

}  // namespace lance
