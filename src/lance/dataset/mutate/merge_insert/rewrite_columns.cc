#include "lance/dataset/mutate/merge_insert/rewrite_columns.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <fmt/ranges.h>

#include "lance/base/row_address.h"
#include "lance/dataset/fragment/fragment_change.h"
#include "lance/dataset/mutate/merge_insert/target_rows.h"
#include "lance/dataset/schema_change/column_files.h"
#include "lance/dataset/schema_change/stored_reader.h"
#include "lance/dataset/write/stored_rows.h"
#include "lance/table/deletion.h"
#include "lance/table/roaring_runs.h"

namespace lance::dataset {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

struct Match {
  uint32_t offset;  // in the fragment, deleted rows counted
  uint32_t source_row;
  bool operator<(const Match& other) const { return offset < other.offset; }
};
using MatchesByFragment = std::map<uint64_t, std::vector<Match>>;

bool HoldsBlob(const schema::Field& field) {
  return field.is_blob() || std::any_of(field.children.begin(), field.children.end(), HoldsBlob);
}

bool IsKey(const MergeSource& source, const std::string& name) {
  return std::find(source.on.begin(), source.on.end(), name) != source.on.end();
}

// The live rows of a fragment, some of them with the values of source rows.
class PatchedRows final : public arrow::RecordBatchReader {
 public:
  PatchedRows(std::shared_ptr<arrow::RecordBatchReader> rows, Batch source,
              const table::DeletionVector* deleted, std::span<const Match> matches)
      : rows_(std::move(rows)), source_(std::move(source)), deleted_(deleted), matches_(matches) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }

  Status ReadNext(Batch* batch) override {
    ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    const int64_t length = (*batch)->num_rows();
    // What each row is taken from: itself, or the k-th of the source rows behind the batch.
    std::vector<int64_t> from(static_cast<size_t>(length));
    std::iota(from.begin(), from.end(), 0);
    std::vector<uint32_t> taken;
    for (int64_t row = 0; row < length; ++row) {
      while (deleted_ != nullptr && deleted_->Contains(next_offset_)) ++next_offset_;
      if (!matches_.empty() && matches_.front().offset == next_offset_) {
        from[static_cast<size_t>(row)] = length + static_cast<int64_t>(taken.size());
        taken.push_back(matches_.front().source_row);
        matches_ = matches_.subspan(1);
      }
      ++next_offset_;
    }
    if (taken.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch values, TakeSourceRows(*source_, taken));
    const arrow::Int64Array indices(length, arrow::Buffer::Wrap(from.data(), from.size()));
    arrow::ArrayVector columns;
    for (int i = 0; i < (*batch)->num_columns(); ++i) {
      const std::shared_ptr<arrow::Array>& old = (*batch)->column(i);
      std::shared_ptr<arrow::Array> fresh = values->GetColumnByName((*batch)->column_name(i));
      // Names and nullability inside of nested types may differ.
      if (!fresh->type()->Equals(old->type())) {
        ARROW_ASSIGN_OR_RAISE(fresh, arrow::compute::Cast(*fresh, old->type()));
      }
      ARROW_ASSIGN_OR_RAISE(auto both, arrow::Concatenate({old, fresh}));
      ARROW_ASSIGN_OR_RAISE(auto patched, arrow::compute::Take(*both, indices));
      columns.push_back(std::move(patched));
    }
    *batch = arrow::RecordBatch::Make((*batch)->schema(), length, std::move(columns));
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  const Batch source_;  // with the columns of `rows`, as they are stored
  const table::DeletionVector* deleted_;
  std::span<const Match> matches_;  // by offset; those to come
  uint32_t next_offset_ = 0;
};

MatchesByFragment GroupMatches(const MatchedRows& matched) {
  MatchesByFragment out;
  for (size_t i = 0; i < matched.addresses.size(); ++i) {
    const RowAddress address{matched.addresses[i]};
    out[address.fragment_id()].push_back({address.offset(), matched.source_rows[i]});
  }
  for (auto& [fragment, matches] : out) std::sort(matches.begin(), matches.end());
  return out;
}

std::string OffsetsOf(std::span<const Match> matches) {
  RowRanges rows;
  for (const Match& match : matches) {
    if (!rows.empty() && rows.back().end() == match.offset) {
      ++rows.back().length;
    } else {
      rows.push_back({match.offset, 1});
    }
  }
  return table::SerializeRoaring(rows, /*runs=*/true);
}

// One fragment, with a new file of the columns.
Result<ReplacedColumns> RewriteFragment(const std::shared_ptr<const table::Snapshot>& snapshot,
                                        const table::Fragment& fragment, const schema::Schema& columns,
                                        const Batch& source, std::span<const Match> matches) {
  ARROW_ASSIGN_OR_RAISE(auto deleted, snapshot->Deletions(fragment));
  ARROW_ASSIGN_OR_RAISE(auto stored, ReadStoredRows(snapshot, {&fragment}, columns));
  PatchedRows patched(std::move(stored), source, deleted.get(), matches);
  return ReplaceFragmentColumns(*snapshot, fragment.id, patched);
}

}  // namespace

Status CheckRewriteColumns(const schema::Schema& table, const MergeSource& source,
                           const MergeInsertOptions& options) {
  std::vector<std::string> reasons;
  if (source.missing.empty()) reasons.emplace_back("the source has all columns, so that none is spared");
  bool values = false;
  for (const auto& column : source.rows->schema()->fields()) {
    values |= !IsKey(source, column->name());
    const schema::Field* field = table.FindTopLevel(column->name());
    if (field != nullptr && HoldsBlob(*field)) {
      reasons.push_back(fmt::format("the source has the blob column {}", column->name()));
    }
  }
  if (!values) reasons.emplace_back("the source has no column besides the keys");
  if (options.when_matched != WhenMatched::kUpdateAll && options.when_matched != WhenMatched::kUpdateIf) {
    reasons.emplace_back("matched rows are not updated");
  }
  if (options.when_not_matched != WhenNotMatched::kDoNothing) reasons.emplace_back("rows are inserted");
  if (options.when_not_matched_by_source != WhenNotMatchedBySource::kKeep) {
    reasons.emplace_back("rows that the source does not have are deleted");
  }
  LANCE_CHECK_ARG(reasons.empty(),
                  "the write mode rewrite_columns cannot express this merge insert: {}. Use auto or "
                  "rewrite_rows",
                  fmt::join(reasons, "; "));
  return Status::OK();
}

Result<table::operation::Update> RewriteColumns(const std::shared_ptr<const table::Snapshot>& snapshot,
                                                const MergeSource& source, const MatchedRows& matched,
                                                MergeInsertStats* stats) {
  const schema::Schema& table = snapshot->manifest().schema;
  schema::Schema columns;
  for (const schema::Field& field : table.fields) {
    const bool given = source.rows->schema()->GetFieldIndex(field.name) >= 0;
    if (given && !IsKey(source, field.name)) columns.fields.push_back(field);
  }
  ARROW_ASSIGN_OR_RAISE(const Batch rows, ToStoredRows(source.rows, table));
  table::operation::Update update;
  update.mode = table::operation::Update::Mode::kRewriteColumns;
  for (const int32_t id : columns.FieldIds()) update.fields_modified.push_back(static_cast<uint32_t>(id));
  auto run = [&]() -> Status {
    for (const auto& [id, matches] : GroupMatches(matched)) {
      ARROW_ASSIGN_OR_RAISE(ReplacedColumns replaced,
                            RewriteFragment(snapshot, *snapshot->FindFragment(id), columns, rows, matches));
      stats->bytes_written += replaced.fragment.files.back().size_bytes;
      ++stats->num_files_written;
      update.updated_fragments.push_back(std::move(replaced.fragment));
      if (snapshot->manifest().has_stable_row_ids()) {
        update.updated_fragment_offset_bitmaps[id] = OffsetsOf(matches);
      }
    }
    return Status::OK();
  };
  if (Status status = run(); !status.ok()) {
    UndoRewriteColumns(*snapshot, update);
    return status;
  }
  return update;
}

void UndoRewriteColumns(const table::Snapshot& snapshot, const table::operation::Update& update) {
  auto options = MakeFragmentWriterOptions(snapshot, {}, false);
  if (options.ok()) RemoveColumnFiles(*options, {update.updated_fragments});
}

}  // namespace lance::dataset
