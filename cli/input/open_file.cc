#include "input/open_file.h"

#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/io/file.h>
#include <arrow/io/stdio.h>
#include <arrow/ipc/reader.h>
#include <arrow/json/api.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

namespace lance::cli {

namespace {

using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

// Types are guessed from the first block: large enough that it seldom sees whole numbers only by chance.
constexpr int32_t kTextBlockBytes = 8 << 20;
constexpr int64_t kParquetBatchRows = 16'384;

arrow::Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path) {
  if (path == "-") return std::make_shared<arrow::io::StdinStream>();
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  return file;
}

arrow::Result<ReaderPtr> OpenCsv(const std::string& path, char delimiter, const InputOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path));
  auto read = arrow::csv::ReadOptions::Defaults();
  read.block_size = kTextBlockBytes;
  read.autogenerate_column_names = !options.header;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = options.delimiter != 0 ? options.delimiter : delimiter;
  parse.newlines_in_values = true;
  auto convert = arrow::csv::ConvertOptions::Defaults();
  // As `lance scan` writes it: an empty field is a null, "" is an empty string.
  convert.null_values = {""};
  convert.null_values.insert(convert.null_values.end(), options.null_values.begin(),
                             options.null_values.end());
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  for (const auto& [name, type] : options.types) {
    // Nested types are never in CSV; conversions of other types follow in a cast.
    if (!type->layout().has_dictionary && !arrow::is_nested(type->id())) convert.column_types[name] = type;
  }
  return arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), std::move(stream), read, parse,
                                           convert);
}

// Types that the JSON reader takes itself; others it guesses, and a cast follows.
bool JsonReads(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DECIMAL128:
      return true;
    default:
      return arrow::is_integer(type.id()) || type.id() == arrow::Type::FLOAT ||
             type.id() == arrow::Type::DOUBLE;
  }
}

arrow::Result<ReaderPtr> OpenJson(const std::string& path, const InputOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path));
  auto read = arrow::json::ReadOptions::Defaults();
  read.block_size = kTextBlockBytes;
  auto parse = arrow::json::ParseOptions::Defaults();
  arrow::FieldVector known;
  for (const auto& [name, type] : options.types) {
    if (JsonReads(*type)) known.push_back(arrow::field(name, type));
  }
  if (!known.empty()) parse.explicit_schema = arrow::schema(std::move(known));
  return arrow::json::StreamingReader::Make(std::move(stream), read, parse);
}

class IpcFileBatches final : public arrow::RecordBatchReader {
 public:
  explicit IpcFileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_ >= file_->num_record_batches()) return arrow::Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

arrow::Result<ReaderPtr> OpenArrowFile(const std::string& path, std::optional<uint64_t>* num_rows) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  ARROW_ASSIGN_OR_RAISE(*num_rows, reader->CountRows());
  return std::make_shared<IpcFileBatches>(std::move(reader));
}

class ParquetBatches final : public arrow::RecordBatchReader {
 public:
  ParquetBatches(std::unique_ptr<parquet::arrow::FileReader> file, ReaderPtr batches)
      : file_(std::move(file)), batches_(std::move(batches)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return batches_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return batches_->ReadNext(batch);
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> file_;  // the batches read from it
  ReaderPtr batches_;
};

arrow::Result<ReaderPtr> OpenParquet(const std::string& path, std::optional<uint64_t>* num_rows) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/true);
  properties.set_batch_size(kParquetBatchRows);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.OpenFile(path));
  builder.properties(properties);
  std::unique_ptr<parquet::arrow::FileReader> file;
  ARROW_RETURN_NOT_OK(builder.Build(&file));
  *num_rows = static_cast<uint64_t>(file->parquet_reader()->metadata()->num_rows());
  ARROW_ASSIGN_OR_RAISE(ReaderPtr batches, file->GetRecordBatchReader());
  return std::make_shared<ParquetBatches>(std::move(file), std::move(batches));
}

}  // namespace

arrow::Result<ReaderPtr> OpenInputFile(const std::string& path, InputFormat format,
                                       const InputOptions& options, std::optional<uint64_t>* num_rows) {
  num_rows->reset();
  switch (format) {
    case InputFormat::kCsv:
      return OpenCsv(path, ',', options);
    case InputFormat::kTsv:
      return OpenCsv(path, '\t', options);
    case InputFormat::kJsonLines:
      return OpenJson(path, options);
    case InputFormat::kArrowFile:
      return OpenArrowFile(path, num_rows);
    case InputFormat::kArrowStream: {
      ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path));
      ARROW_ASSIGN_OR_RAISE(ReaderPtr reader, arrow::ipc::RecordBatchStreamReader::Open(std::move(stream)));
      return reader;
    }
    case InputFormat::kParquet:
      return OpenParquet(path, num_rows);
  }
  return arrow::Status::Invalid("unknown input format");
}

}  // namespace lance::cli
