#include "output/row_sink.h"

#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <arrow/api.h>
#include <arrow/io/file.h>

#include "output/sinks.h"
#include "output/stdout_stream.h"
#include "terminal.h"

namespace lance::cli {

namespace {

struct FormatName {
  const char* name;
  OutputFormat format;
};

constexpr FormatName kFormats[] = {
    {"table", OutputFormat::kTable},
    {"csv", OutputFormat::kCsv},
    {"tsv", OutputFormat::kTsv},
    {"jsonl", OutputFormat::kJsonLines},
    {"json", OutputFormat::kJson},
    {"arrow", OutputFormat::kArrowFile},
    {"arrows", OutputFormat::kArrowStream},
    {"parquet", OutputFormat::kParquet},
};

constexpr FormatName kExtensions[] = {
    {".csv", OutputFormat::kCsv},
    {".tsv", OutputFormat::kTsv},
    {".jsonl", OutputFormat::kJsonLines},
    {".ndjson", OutputFormat::kJsonLines},
    {".json", OutputFormat::kJson},
    {".arrow", OutputFormat::kArrowFile},
    {".feather", OutputFormat::kArrowFile},
    {".ipc", OutputFormat::kArrowFile},
    {".arrows", OutputFormat::kArrowStream},
    {".parquet", OutputFormat::kParquet},
    {".txt", OutputFormat::kTable},
};

bool IsBinary(OutputFormat format) {
  return format == OutputFormat::kArrowFile || format == OutputFormat::kArrowStream ||
         format == OutputFormat::kParquet;
}

arrow::Status Pump(arrow::RecordBatchReader* reader, RowSink* sink, Progress* progress, int64_t* rows) {
  while (!sink->full()) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(sink->Write(*batch));
    *rows += batch->num_rows();
    progress->Update(*rows);
  }
  return sink->Close();
}

/// A file that is there only once it is complete.
class PendingFile {
 public:
  explicit PendingFile(std::string path)
      : path_(std::move(path)), temporary_(path_ + ".partial-" + std::to_string(getpid())) {}
  ~PendingFile() {
    std::error_code ignored;
    if (!committed_) std::filesystem::remove(temporary_, ignored);
  }
  arrow::Result<StreamPtr> Open() {
    ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::FileOutputStream::Open(temporary_));
    stream_ = stream;
    return stream_;
  }
  arrow::Status Commit() {
    ARROW_RETURN_NOT_OK(stream_->Close());
    std::error_code error;
    std::filesystem::rename(temporary_, path_, error);
    if (error)
      return arrow::Status::IOError("could not move the finished output to ", path_, ": ", error.message());
    committed_ = true;
    return arrow::Status::OK();
  }

 private:
  std::string path_;
  std::string temporary_;
  StreamPtr stream_;
  bool committed_ = false;
};

}  // namespace

const std::vector<std::string>& FormatNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& entry : kFormats) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

std::optional<OutputFormat> ParseFormat(const std::string& name) {
  for (const auto& entry : kFormats) {
    if (name == entry.name) return entry.format;
  }
  return std::nullopt;
}

OutputFormat ChooseFormat(const OutputOptions& options) {
  if (options.format) return *options.format;
  if (!options.path.empty()) {
    const std::string extension = std::filesystem::path(options.path).extension().string();
    for (const auto& entry : kExtensions) {
      if (extension == entry.name) return entry.format;
    }
    return OutputFormat::kCsv;
  }
  return StdoutIsTerminal() ? OutputFormat::kTable : OutputFormat::kCsv;
}

SinkResult MakeSink(OutputFormat format, const OutputOptions& options, StreamPtr stream,
                    const SchemaPtr& schema) {
  switch (format) {
    case OutputFormat::kTable:
      return MakeTableSink(options, std::move(stream), schema);
    case OutputFormat::kCsv:
      return MakeDelimitedSink(',', options.header, std::move(stream), schema);
    case OutputFormat::kTsv:
      return MakeDelimitedSink('\t', options.header, std::move(stream), schema);
    case OutputFormat::kJsonLines:
      return MakeJsonSink(true, std::move(stream), schema);
    case OutputFormat::kJson:
      return MakeJsonSink(false, std::move(stream), schema);
    case OutputFormat::kArrowFile:
      return MakeArrowSink(true, std::move(stream), schema);
    case OutputFormat::kArrowStream:
      return MakeArrowSink(false, std::move(stream), schema);
    case OutputFormat::kParquet:
      return MakeParquetSink(std::move(stream), schema);
  }
  return arrow::Status::Invalid("unknown output format");
}

arrow::Result<int64_t> WriteRows(arrow::RecordBatchReader* reader, const OutputOptions& options,
                                 uint64_t expected_rows) {
  const OutputFormat format = ChooseFormat(options);
  int64_t rows = 0;
  Progress progress("rows", expected_rows);
  if (!options.path.empty() && options.path != "-") {
    PendingFile file(options.path);
    ARROW_ASSIGN_OR_RAISE(auto stream, file.Open());
    ARROW_ASSIGN_OR_RAISE(auto sink, MakeSink(format, options, stream, reader->schema()));
    ARROW_RETURN_NOT_OK(Pump(reader, sink.get(), &progress, &rows));
    ARROW_RETURN_NOT_OK(file.Commit());
    return rows;
  }
  if (IsBinary(format) && StdoutIsTerminal()) {
    return arrow::Status::Invalid(
        "this format is binary and stdout is a terminal; write to a file with --output, ",
        "or pipe it somewhere");
  }
  std::fflush(stdout);
  const auto stream = std::make_shared<StdoutStream>();
  ARROW_ASSIGN_OR_RAISE(auto sink, MakeSink(format, options, stream, reader->schema()));
  ARROW_RETURN_NOT_OK(Pump(reader, sink.get(), &progress, &rows));
  ARROW_RETURN_NOT_OK(stream->Close());
  return rows;
}

}  // namespace lance::cli
