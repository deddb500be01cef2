#include "lance/dataset/schema_change/column_files.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/dataset/write/stored_rows.h"
#include "lance/store/object_store.h"
#include "lance/table/deletion.h"

namespace lance::dataset {
namespace {

// Gives a batch of live rows its place among the physical ones.
class RowSpreader {
 public:
  explicit RowSpreader(const table::DeletionVector* deletions) : deletions_(deletions) {}

  // Rows that the batch becomes: those up to its last live one. `length` live rows follow `done_` ones.
  Result<std::shared_ptr<arrow::RecordBatch>> Spread(const std::shared_ptr<arrow::RecordBatch>& batch) {
    const auto length = static_cast<uint64_t>(batch->num_rows());
    if (deletions_ == nullptr || length == 0) {
      physical_ += length;
      return batch;
    }
    RowRanges ranges;
    deletions_->AppendPhysical({live_, length}, &ranges);
    live_ += length;
    const uint64_t end = ranges.back().end();
    const uint64_t rows = end - physical_;
    if (rows == length) {
      physical_ = end;
      return batch;
    }
    // Where nulls are allowed, deleted rows are null; elsewhere they repeat the row before.
    arrow::Int64Builder nulls;
    arrow::Int64Builder repeats;
    ARROW_RETURN_NOT_OK(nulls.Reserve(static_cast<int64_t>(rows)));
    ARROW_RETURN_NOT_OK(repeats.Reserve(static_cast<int64_t>(rows)));
    int64_t next = 0;
    for (const RowRange& range : ranges) {
      for (; physical_ < range.start; ++physical_) {
        nulls.UnsafeAppendNull();
        repeats.UnsafeAppend(std::max<int64_t>(next - 1, 0));
      }
      for (; physical_ < range.end(); ++physical_, ++next) {
        nulls.UnsafeAppend(next);
        repeats.UnsafeAppend(next);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto null_indices, nulls.Finish());
    ARROW_ASSIGN_OR_RAISE(auto repeat_indices, repeats.Finish());
    arrow::ArrayVector columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      const bool nullable = batch->schema()->field(i)->nullable();
      ARROW_ASSIGN_OR_RAISE(arrow::Datum taken,
                            arrow::compute::Take(batch->column(i), nullable ? null_indices : repeat_indices));
      columns.push_back(taken.make_array());
    }
    return arrow::RecordBatch::Make(batch->schema(), static_cast<int64_t>(rows), std::move(columns));
  }

  uint64_t physical() const { return physical_; }

 private:
  const table::DeletionVector* deletions_;
  uint64_t live_ = 0;
  uint64_t physical_ = 0;
};

// Rows of no meaning, for deleted ones at the end.
Result<std::shared_ptr<arrow::RecordBatch>> BlankRows(const std::shared_ptr<arrow::Schema>& schema,
                                                      int64_t rows) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    if (field->nullable()) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(field->type(), rows));
      columns.push_back(std::move(nulls));
      continue;
    }
    std::unique_ptr<arrow::ArrayBuilder> builder;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), field->type(), &builder));
    ARROW_RETURN_NOT_OK(builder->AppendEmptyValues(rows));
    ARROW_ASSIGN_OR_RAISE(auto blanks, builder->Finish());
    columns.push_back(std::move(blanks));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

// The batch with nullability as the table's schema says, which the writer checks against.
std::shared_ptr<arrow::RecordBatch> WithNullability(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                    const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : batch->schema()->fields()) {
    const auto wanted = schema.GetFieldByName(field->name());
    fields.push_back(wanted == nullptr ? field : field->WithNullable(wanted->nullable()));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), batch->columns());
}

class ColumnFileWriterImpl : public ColumnFileWriter {
 public:
  ColumnFileWriterImpl(std::string path, std::unique_ptr<file::FileWriter> file,
                       std::shared_ptr<const table::DeletionVector> deletions, uint64_t physical_rows,
                       schema::Schema fields, std::shared_ptr<arrow::Schema> schema,
                       std::optional<uint32_t> base_id)
      : path_(std::move(path)),
        file_(std::move(file)),
        deletions_(std::move(deletions)),
        spreader_(deletions_.get()),
        physical_rows_(physical_rows),
        rows_left_(physical_rows - (deletions_ == nullptr ? 0 : deletions_->count())),
        fields_(std::move(fields)),
        schema_(std::move(schema)),
        base_id_(base_id) {}

  Status Write(const std::shared_ptr<arrow::RecordBatch>& live_rows) override {
    const auto rows = static_cast<uint64_t>(live_rows->num_rows());
    if (rows > rows_left_) return Internal("{} rows for a fragment that wants {}", rows, rows_left_);
    rows_left_ -= rows;
    ARROW_ASSIGN_OR_RAISE(auto stored, ToStoredRows(live_rows, fields_));
    ARROW_ASSIGN_OR_RAISE(auto spread, spreader_.Spread(WithNullability(stored, *schema_)));
    return spread->num_rows() == 0 ? Status::OK() : file_->Write(*spread);
  }

  uint64_t rows_left() const override { return rows_left_; }

  Result<table::DataFile> Finish() override {
    LANCE_CHECK_ARG(rows_left_ == 0, "values for {} rows of a fragment are missing", rows_left_);
    if (spreader_.physical() < physical_rows_) {
      ARROW_ASSIGN_OR_RAISE(auto blanks,
                            BlankRows(schema_, static_cast<int64_t>(physical_rows_ - spreader_.physical())));
      ARROW_RETURN_NOT_OK(file_->Write(*blanks));
    }
    ARROW_ASSIGN_OR_RAISE(file::WrittenFile written, file_->Finish());
    table::DataFile out;
    out.path = path_;
    out.fields = std::move(written.fields);
    out.column_indices = std::move(written.column_indices);
    out.major_version = static_cast<uint32_t>(written.version.major);
    out.minor_version = static_cast<uint32_t>(written.version.minor);
    out.size_bytes = written.size_bytes;
    out.base_id = base_id_;
    return out;
  }

 private:
  std::string path_;
  std::unique_ptr<file::FileWriter> file_;
  std::shared_ptr<const table::DeletionVector> deletions_;
  RowSpreader spreader_;
  uint64_t physical_rows_;
  uint64_t rows_left_;
  schema::Schema fields_;
  std::shared_ptr<arrow::Schema> schema_;
  std::optional<uint32_t> base_id_;
};

// Cuts a stream to the live rows of one fragment after the other.
class RowFeeder {
 public:
  explicit RowFeeder(arrow::RecordBatchReader& values) : values_(values) {}

  Status Feed(ColumnFileWriter* writer) {
    while (writer->rows_left() > 0) {
      ARROW_RETURN_NOT_OK(Fill());
      LANCE_CHECK_ARG(batch_ != nullptr, "Stream ended before producing values for all rows in dataset");
      const auto wanted = static_cast<int64_t>(writer->rows_left());
      if (batch_->num_rows() > wanted) {
        ARROW_RETURN_NOT_OK(writer->Write(batch_->Slice(0, wanted)));
        batch_ = batch_->Slice(wanted);
      } else {
        ARROW_RETURN_NOT_OK(writer->Write(batch_));
        batch_ = nullptr;
      }
    }
    return Status::OK();
  }

  Status CheckEnd() {
    ARROW_RETURN_NOT_OK(Fill());
    LANCE_CHECK_ARG(batch_ == nullptr, "Stream produced more values than expected for dataset");
    return Status::OK();
  }

 private:
  Status Fill() {
    while (!ended_ && (batch_ == nullptr || batch_->num_rows() == 0)) {
      ARROW_RETURN_NOT_OK(values_.ReadNext(&batch_));
      ended_ = batch_ == nullptr;
    }
    return Status::OK();
  }

  arrow::RecordBatchReader& values_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  bool ended_ = false;
};

std::string KeyOf(const DataFolder& folder, const std::string& path) {
  return folder.prefix.empty() ? path : folder.prefix + "/" + path;
}

}  // namespace

Result<std::unique_ptr<ColumnFileWriter>> ColumnFileWriter::Make(const table::Snapshot& snapshot,
                                                                 const table::Fragment& fragment,
                                                                 const schema::Schema& schema,
                                                                 const FragmentWriterOptions& options) {
  const DataFolder& folder = options.folders.front();
  ARROW_ASSIGN_OR_RAISE(auto deletions, snapshot.Deletions(fragment));
  if (deletions != nullptr && deletions->end() > fragment.physical_rows) {
    return Corruption("fragment {}: its deletion file names row {}, the fragment has {} rows", fragment.id,
                      deletions->end() - 1, fragment.physical_rows);
  }
  ARROW_ASSIGN_OR_RAISE(auto arrow_schema, schema.ToArrow());
  std::string path = NewDataFileName();
  const bool later = options.durability == store::Durability::kSync && options.unsynced != nullptr;
  const auto durability = later ? store::Durability::kLater : options.durability;
  ARROW_ASSIGN_OR_RAISE(auto object, folder.store->Create(KeyOf(folder, path), durability));
  if (later) options.unsynced->Add(folder.store, KeyOf(folder, path));
  ARROW_ASSIGN_OR_RAISE(auto file, file::FileWriter::Make(std::move(object), schema, options.file));
  return std::make_unique<ColumnFileWriterImpl>(std::move(path), std::move(file), std::move(deletions),
                                                fragment.physical_rows, schema, std::move(arrow_schema),
                                                folder.base_id);
}

Result<NewColumnFiles> WriteColumnFiles(const table::Snapshot& snapshot, arrow::RecordBatchReader& values,
                                        const schema::Schema& schema, const FragmentWriterOptions& options) {
  NewColumnFiles out;
  out.unsynced = std::make_shared<store::Unsynced>();
  FragmentWriterOptions writing = options;
  writing.unsynced = out.unsynced;
  RowFeeder feeder(values);
  auto write = [&]() -> Status {
    for (const table::Fragment& fragment : snapshot.manifest().fragments) {
      ARROW_ASSIGN_OR_RAISE(auto writer, ColumnFileWriter::Make(snapshot, fragment, schema, writing));
      ARROW_RETURN_NOT_OK(feeder.Feed(writer.get()));
      ARROW_ASSIGN_OR_RAISE(table::DataFile file, writer->Finish());
      out.fragments.push_back(fragment);
      out.fragments.back().files.push_back(std::move(file));
    }
    return feeder.CheckEnd();
  };
  Status status = write();
  if (!status.ok()) {
    RemoveColumnFiles(options, out);
    return status;
  }
  return out;
}

void RemoveColumnFiles(const FragmentWriterOptions& options, const NewColumnFiles& files) {
  const DataFolder& folder = options.folders.front();
  for (const table::Fragment& fragment : files.fragments) {
    // A file that stays is found by a later cleanup.
    (void)folder.store->Delete(KeyOf(folder, fragment.files.back().path));
  }
}

}  // namespace lance::dataset
