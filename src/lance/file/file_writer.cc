#include "lance/file/file_writer.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include "lance/encoding/write/blob_placer.h"
#include "lance/encoding/write/column_writer.h"
#include "lance/file/accept_column.h"
#include "lance/file/file_body.h"
#include "lance/file/page_pipeline.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

constexpr uint64_t kDefaultPageBytes = 8 << 20;
// Pages of a file of so few rows are encoded sooner than another thread wakes up.
constexpr uint64_t kSmallRows = 4096;

// A field's pages, their columns counted within the file.
class FieldSink final : public encoding::PageSink {
 public:
  FieldSink(FileBody* body, PagePipeline* pipeline, size_t first_column, const bool* small)
      : body_(body), pipeline_(pipeline), first_column_(first_column), small_(small) {}
  Result<uint64_t> WriteBytes(std::span<const uint8_t> bytes) override { return body_->WriteBytes(bytes); }
  Status AddPages(size_t column, encoding::PageJob job) override {
    return pipeline_->Add(first_column_ + column, std::move(job), *small_);
  }

 private:
  FileBody* body_;
  PagePipeline* pipeline_;
  size_t first_column_;
  const bool* small_;  // whether the pages to come are
};

// Rows that wait for their page keep what they came with, and the columns of a batch from elsewhere (through
// the C data interface) have one owner: a narrow column would hold on to megabytes of a wide one for each
// page of its own. Narrow ones are copied, which costs an eighth of the batch at most.
void DetachNarrow(std::vector<std::shared_ptr<arrow::ArrayData>>* columns) {
  constexpr int64_t kLeastBatchBytes = 1 << 20;
  constexpr int64_t kNarrowShare = 8;
  std::vector<std::pair<int64_t, size_t>> sizes;  // with the column
  int64_t all = 0;
  for (size_t i = 0; i < columns->size(); ++i) {
    sizes.emplace_back(arrow::util::ReferencedBufferSize(*arrow::MakeArray((*columns)[i])).ValueOr(0), i);
    all += sizes.back().first;
  }
  if (all < kLeastBatchBytes) return;
  std::sort(sizes.begin(), sizes.end());
  int64_t narrow = 0;
  for (const auto& [bytes, i] : sizes) {
    narrow += bytes;
    if (narrow > all / kNarrowShare) return;
    auto copied = arrow::Concatenate({arrow::MakeArray((*columns)[i])});
    if (copied.ok()) (*columns)[i] = (*copied)->data();
  }
}

class V2Writer final : public FileWriter {
 public:
  V2Writer(std::unique_ptr<store::WritableObject> object, schema::Schema schema, const WriteOptions& options)
      : body_(std::move(object), options.version),
        schema_(std::move(schema)),
        options_(options),
        sidecars_(options.create_sidecar),
        pipeline_(options.pool, [this](size_t column, encoding::EncodedPage page) {
          return body_.WritePage(column, std::move(page));
        }) {}
  ~V2Writer() override { Abort(); }

  Status Init() {
    encoding::ColumnOptions column;
    column.format = {options_.version.major, options_.version.minor};
    column.page_bytes = kDefaultPageBytes;
    if (options_.data_cache_bytes > 0) {
      column.page_bytes =
          std::max<uint64_t>(1, options_.data_cache_bytes / std::max<size_t>(1, schema_.fields.size()));
    }
    column.max_page_bytes = options_.max_page_bytes;
    column.sidecars = &sidecars_;
    for (const schema::Field& field : schema_.fields) {
      ARROW_ASSIGN_OR_RAISE(auto writer, encoding::MakeFieldWriter(field, column));
      fields_.push_back({std::move(writer), FieldSink(&body_, &pipeline_, body_.num_columns(), &small_)});
      const encoding::FieldWriter& added = *fields_.back().writer;
      for (size_t i = 0; i < added.num_columns(); ++i) body_.AddColumn(added.column_encoding(i));
    }
    return Status::OK();
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    std::vector<std::shared_ptr<arrow::ArrayData>> columns;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const schema::Field& field = schema_.fields[i];
      auto array = batch.GetColumnByName(field.name);
      LANCE_CHECK_ARG(array != nullptr, "{}: the batch has no column {}", body_.path(), field.name);
      ARROW_ASSIGN_OR_RAISE(auto data, WithContext(AcceptColumn(field, array), body_.path()));
      ARROW_RETURN_NOT_OK(WithContext(fields_[i].writer->Check(data), body_.path()));
      columns.push_back(std::move(data));
    }
    DetachNarrow(&columns);
    for (size_t i = 0; i < fields_.size(); ++i) {
      Status status = fields_[i].writer->Append(columns[i], &fields_[i].sink);
      if (!status.ok()) return Fail(status);
    }
    num_rows_ += static_cast<uint64_t>(batch.num_rows());
    return Status::OK();
  }

  Status EndPages() override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    for (Field& field : fields_) {
      Status status = field.writer->Flush(&field.sink);
      if (!status.ok()) return Fail(status);
    }
    return Status::OK();
  }

  Result<uint32_t> AddGlobalBuffer(std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    auto index = body_.AddGlobalBuffer(bytes);
    if (!index.ok()) return Fail(index.status());
    return index;
  }

  void AddSchemaMetadata(const std::string& key, const std::string& value) override {
    schema_.metadata[key] = value;
  }
  uint64_t num_rows() const override { return num_rows_; }
  uint64_t bytes_written() const override { return body_.position(); }
  Result<uint64_t> BytesWrittenUpTo(uint64_t limit) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    // A page under way has at most about max_page_bytes.
    const uint64_t room = limit - std::min(limit, body_.position());
    if (pipeline_.num_pending() > room / options_.max_page_bytes) {
      Status status = pipeline_.Finish();
      if (!status.ok()) return Fail(status);
    }
    return body_.position();
  }

  Result<WrittenFile> Finish() override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    WrittenFile out;
    small_ = num_rows_ <= kSmallRows;
    ARROW_RETURN_NOT_OK(EndPages());
    int32_t column = 0;
    for (Field& field : fields_) {
      for (int32_t id : field.writer->field_ids()) {
        out.fields.push_back(id);
        out.column_indices.push_back(column++);
      }
    }
    Status written = pipeline_.Finish();
    if (written.ok()) written = sidecars_.Finish();
    if (!written.ok()) return Fail(written);
    auto size = body_.Finish(StoredSchema(schema_), num_rows_);
    if (!size.ok()) return Fail(size.status());
    done_ = true;
    out.num_rows = num_rows_;
    out.size_bytes = *size;
    out.version = options_.version;
    return out;
  }

  void Abort() override {
    if (done_) return;
    pipeline_.Drop();
    body_.Abort();
    done_ = true;
  }

 private:
  struct Field {
    std::unique_ptr<encoding::FieldWriter> writer;
    FieldSink sink;
  };

  Status CheckOpen() const {
    LANCE_CHECK_ARG(!done_, "{}: the file was finished, aborted or failed", body_.path());
    return Status::OK();
  }

  // Columns may have got different rows: nothing can follow.
  Status Fail(const Status& status) {
    Abort();
    return WithContext(status, body_.path());
  }

  FileBody body_;
  schema::Schema schema_;
  WriteOptions options_;
  encoding::BlobSidecars sidecars_;
  std::vector<Field> fields_;
  PagePipeline pipeline_;  ///< after the fields: its jobs use them
  uint64_t num_rows_ = 0;
  bool small_ = false;  ///< the file, known at its end
  bool done_ = false;
};

}  // namespace

Status WriteOptions::Validate() const {
  if (version.major != 2 || version.minor < 0 || version.minor > 2) {
    return NotSupported("files of version {} cannot be written", version.ToString());
  }
  LANCE_CHECK_ARG(max_page_bytes > 0, "max_page_bytes is 0");
  return Status::OK();
}

Result<std::unique_ptr<FileWriter>> FileWriter::Make(std::unique_ptr<store::WritableObject> object,
                                                     const schema::Schema& schema,
                                                     const WriteOptions& options) {
  ARROW_RETURN_NOT_OK(options.Validate());
  const std::string path = object->path();
  auto writer = std::make_unique<V2Writer>(std::move(object), schema, options);
  ARROW_RETURN_NOT_OK(WithContext(writer->Init(), path));
  return writer;
}

}  // namespace lance::file
