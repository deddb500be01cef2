#include "lance/file/file_writer.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>

#include "lance/encoding/write/blob_placer.h"
#include "lance/encoding/write/column_writer.h"
#include "lance/file/accept_column.h"
#include "lance/file/page_pipeline.h"
#include "lance/proto/file_format.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint8_t kPadByte = 0x48;
constexpr uint64_t kDefaultPageBytes = 8 << 20;
// Pages of a file of so few rows are encoded sooner than another thread wakes up.
constexpr uint64_t kSmallRows = 4096;
constexpr char kOldPageUrl[] = "/lance.encodings.ArrayEncoding";
constexpr char kPageUrl[] = "/lance.encodings21.PageLayout";
constexpr char kColumnUrl[] = "/lance.encodings.ColumnEncoding";

// Wraps a message the way columns and pages name theirs.
void SetEncoding(const char* url, std::string message, pb::Encoding* out) {
  pb::Any any;
  any.set_type_url(url);
  any.set_value(std::move(message));
  out->mutable_direct()->set_encoding(any.SerializeAsString());
}

template <typename Number>
void AppendNumber(Number number, std::vector<uint8_t>* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&number);
  out->insert(out->end(), bytes, bytes + sizeof(number));
}

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What a file is besides its columns: buffers at aligned positions, metadata, footer.
class FileBody {
 public:
  FileBody(std::unique_ptr<store::WritableObject> object, Version version)
      : object_(std::move(object)), version_(version) {}

  const std::string& path() const { return object_->path(); }
  uint64_t position() const { return object_->position(); }
  void Abort() { object_->Abort(); }

  void AddColumn(std::string encoding) {
    SetEncoding(kColumnUrl, std::move(encoding), columns_.emplace_back().mutable_encoding());
  }
  size_t num_columns() const { return columns_.size(); }

  Result<uint64_t> WriteBytes(std::span<const uint8_t> bytes) {
    static const std::vector<uint8_t> padding(kAlignment, kPadByte);
    const uint64_t rest = object_->position() % kAlignment;
    if (rest != 0) ARROW_RETURN_NOT_OK(object_->Write({padding.data(), kAlignment - rest}));
    const uint64_t at = object_->position();
    ARROW_RETURN_NOT_OK(object_->Write(bytes));
    return at;
  }

  Status WritePage(size_t column, encoding::EncodedPage page) {
    pb::ColumnMetadata::Page* described = columns_[column].add_pages();
    for (const encoding::BufferPtr& buffer : page.buffers) {
      const auto size = static_cast<uint64_t>(buffer->size());
      ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes({buffer->data(), size}));
      described->add_buffer_offsets(at);
      described->add_buffer_sizes(size);
    }
    described->set_length(page.num_rows);
    described->set_priority(page.first_row);
    SetEncoding(version_.minor == 0 ? kOldPageUrl : kPageUrl, std::move(page.encoding),
                described->mutable_encoding());
    return Status::OK();
  }

  Result<uint32_t> AddGlobalBuffer(std::span<const uint8_t> bytes) {
    ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes(bytes));
    globals_.push_back({at, bytes.size()});
    return static_cast<uint32_t>(globals_.size());
  }

  // Writes descriptor, column metadata, tables and footer and closes the object. Returns its size.
  Result<uint64_t> Finish(const schema::Schema& schema, uint64_t num_rows) {
    pb::FileDescriptor descriptor;
    descriptor.set_length(num_rows);
    schema::ToProto(schema, descriptor.mutable_schema()->mutable_fields(),
                    descriptor.mutable_schema()->mutable_metadata());
    const std::string bytes = descriptor.SerializeAsString();
    ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes(AsBytes(bytes)));
    globals_.insert(globals_.begin(), {at, bytes.size()});

    const uint64_t metadata = object_->position();
    std::vector<uint8_t> tail;
    for (const pb::ColumnMetadata& column : columns_) {
      const std::string message = column.SerializeAsString();
      AppendNumber<uint64_t>(object_->position(), &tail);
      AppendNumber<uint64_t>(message.size(), &tail);
      ARROW_RETURN_NOT_OK(object_->Write(AsBytes(message)));
    }
    const uint64_t column_table = object_->position();
    const uint64_t global_table = column_table + tail.size();
    for (const ByteRange& range : globals_) {
      AppendNumber<uint64_t>(range.offset, &tail);
      AppendNumber<uint64_t>(range.length, &tail);
    }
    AppendNumber<uint64_t>(metadata, &tail);
    AppendNumber<uint64_t>(column_table, &tail);
    AppendNumber<uint64_t>(global_table, &tail);
    AppendNumber(static_cast<uint32_t>(globals_.size()), &tail);
    AppendNumber(static_cast<uint32_t>(columns_.size()), &tail);
    const bool old_numbers = version_.minor == 0;  // 2.0 calls itself 0.3
    AppendNumber(static_cast<uint16_t>(old_numbers ? 0 : version_.major), &tail);
    AppendNumber(static_cast<uint16_t>(old_numbers ? 3 : version_.minor), &tail);
    tail.insert(tail.end(), {'L', 'A', 'N', 'C'});
    ARROW_RETURN_NOT_OK(object_->Write(tail));
    const uint64_t size = object_->position();
    ARROW_RETURN_NOT_OK(object_->Close());
    return size;
  }

 private:
  std::unique_ptr<store::WritableObject> object_;
  const Version version_;
  std::vector<pb::ColumnMetadata> columns_;
  std::vector<ByteRange> globals_;
};

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

// The schema as the file has it: blob v2 columns are what is stored of them.
schema::Field StoredField(const schema::Field& field) {
  if (field.is_blob_v2() && field.FindChild("data") != nullptr) return field.BlobDescriptor();
  schema::Field out = field;
  for (schema::Field& child : out.children) child = StoredField(child);
  return out;
}

schema::Schema StoredSchema(schema::Schema schema) {
  for (schema::Field& field : schema.fields) field = StoredField(field);
  return schema;
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
    for (size_t i = 0; i < fields_.size(); ++i) {
      Status status = fields_[i].writer->Append(columns[i], &fields_[i].sink);
      if (!status.ok()) return Fail(status);
    }
    num_rows_ += static_cast<uint64_t>(batch.num_rows());
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

  Result<WrittenFile> Finish() override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    WrittenFile out;
    small_ = num_rows_ <= kSmallRows;
    int32_t column = 0;
    for (Field& field : fields_) {
      Status status = field.writer->Flush(&field.sink);
      if (!status.ok()) return Fail(status);
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
