#include "input/row_source.h"

#include <algorithm>
#include <filesystem>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "input/open_file.h"

namespace lance::cli {

namespace {

using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

struct FormatName {
  const char* name;
  InputFormat format;
};

constexpr FormatName kFormats[] = {
    {"csv", InputFormat::kCsv},
    {"tsv", InputFormat::kTsv},
    {"jsonl", InputFormat::kJsonLines},
    {"arrow", InputFormat::kArrowFile},
    {"arrows", InputFormat::kArrowStream},
    {"parquet", InputFormat::kParquet},
};

constexpr FormatName kExtensions[] = {
    {".csv", InputFormat::kCsv},
    {".tsv", InputFormat::kTsv},
    {".jsonl", InputFormat::kJsonLines},
    {".ndjson", InputFormat::kJsonLines},
    {".json", InputFormat::kJsonLines},
    {".arrow", InputFormat::kArrowFile},
    {".feather", InputFormat::kArrowFile},
    {".ipc", InputFormat::kArrowFile},
    {".arrows", InputFormat::kArrowStream},
    {".parquet", InputFormat::kParquet},
    {".pq", InputFormat::kParquet},
};

arrow::Result<InputFormat> FormatOf(const std::string& path, const InputOptions& options) {
  if (options.format) {
    if (path == "-" &&
        (*options.format == InputFormat::kParquet || *options.format == InputFormat::kArrowFile)) {
      return arrow::Status::Invalid("this format cannot be read from a pipe, it wants a file; ",
                                    "'arrows', 'csv' and 'jsonl' can");
    }
    return *options.format;
  }
  if (path == "-") return arrow::Status::Invalid("to read from stdin give --from csv, tsv, jsonl or arrows");
  const std::string extension = std::filesystem::path(path).extension().string();
  for (const auto& entry : kExtensions) {
    if (extension == entry.name) return entry.format;
  }
  return arrow::Status::Invalid("the format of ", path, " does not show in its name; give it with --from");
}

arrow::Status CheckThere(const std::string& path) {
  if (path == "-") return arrow::Status::OK();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return arrow::Status::KeyError("there is no file ", path);
  if (std::filesystem::is_directory(status)) {
    return arrow::Status::Invalid(path, " is a folder; name the files in it, such as ", path, "/*.parquet");
  }
  return arrow::Status::OK();
}

// Text that is no number is found late; say what helps.
arrow::Status Explain(const arrow::Status& status, const std::string& path, InputFormat format) {
  std::string message = path + ": " + status.message();
  const bool text =
      format == InputFormat::kCsv || format == InputFormat::kTsv || format == InputFormat::kJsonLines;
  if (text && status.IsInvalid()) {
    message += "; types are guessed from the first rows, --type COLUMN=string (or another) sets one";
  }
  return status.WithMessage(message);
}

/// One file after the other, with the columns and types of `schema`.
class ChainedReader final : public arrow::RecordBatchReader {
 public:
  ChainedReader(std::vector<std::string> paths, InputOptions options)
      : paths_(std::move(paths)), options_(std::move(options)) {}

  arrow::Status OpenFirst() {
    ARROW_RETURN_NOT_OK(OpenNext());
    return DecideSchema();
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  const std::optional<uint64_t>& rows_of_file() const { return rows_of_file_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    while (current_ != nullptr) {
      std::shared_ptr<arrow::RecordBatch> next;
      const arrow::Status read = current_->ReadNext(&next);
      if (!read.ok()) return Explain(read, path(), format_);
      if (next != nullptr) return Conform(*next).Value(batch);
      current_.reset();
      if (next_path_ < paths_.size()) {
        ARROW_RETURN_NOT_OK(OpenNext());
        ARROW_RETURN_NOT_OK(CheckColumns());
      }
    }
    return arrow::Status::OK();
  }

 private:
  const std::string& path() const { return paths_[next_path_ - 1]; }

  arrow::Status OpenNext() {
    const std::string& path = paths_[next_path_++];
    ARROW_ASSIGN_OR_RAISE(format_, FormatOf(path, options_));
    auto opened = OpenInputFile(path, format_, options_, &rows_of_file_);
    if (!opened.ok()) return Explain(opened.status(), path, format_);
    current_ = std::move(*opened);
    return arrow::Status::OK();
  }

  arrow::Status DecideSchema() {
    const auto found = current_->schema();
    arrow::FieldVector fields = found->fields();
    if (!options_.columns.empty()) {
      fields.clear();
      for (const auto& name : options_.columns) {
        auto field = found->GetFieldByName(name);
        if (field == nullptr) return NoColumn(name, *found);
        fields.push_back(std::move(field));
      }
    }
    for (const auto& [name, type] : options_.types) {
      if (options_.target == nullptr && found->GetFieldByName(name) == nullptr) return NoColumn(name, *found);
    }
    for (auto& field : fields) {
      const auto wanted = options_.types.find(field->name());
      if (wanted != options_.types.end()) field = field->WithType(wanted->second);
      if (field->type()->id() == arrow::Type::NA && options_.target == nullptr) {
        return arrow::Status::Invalid(path(), ": column ", field->name(),
                                      " has no values that show its type; give it with --type ",
                                      field->name(), "=string (or another)");
      }
      if (options_.target == nullptr) continue;
      const auto target = options_.target->GetFieldByName(field->name());
      if (target == nullptr) {
        return arrow::Status::Invalid(path(), ": the dataset has no column ", field->name(),
                                      "; --columns chooses columns, 'lance add-column' adds one");
      }
      field = target;
    }
    schema_ = arrow::schema(std::move(fields), options_.target ? nullptr : found->metadata());
    // Later files of text are read with the types of the first.
    for (const auto& field : schema_->fields()) options_.types[field->name()] = field->type();
    return arrow::Status::OK();
  }

  arrow::Status NoColumn(const std::string& name, const arrow::Schema& found) const {
    std::string names;
    for (const auto& field : found.fields()) names += (names.empty() ? "" : ", ") + field->name();
    return arrow::Status::Invalid(path(), " has no column ", name, "; it has ", names);
  }

  arrow::Status CheckColumns() const {
    const auto found = current_->schema();
    for (const auto& field : schema_->fields()) {
      if (found->GetFieldByName(field->name()) == nullptr) {
        return arrow::Status::Invalid(path(), " has no column ", field->name(), ", but ", paths_.front(),
                                      " has; files of one import have the same columns");
      }
    }
    if (!options_.columns.empty()) return arrow::Status::OK();
    for (const auto& field : found->fields()) {
      if (schema_->GetFieldByName(field->name()) == nullptr) {
        return arrow::Status::Invalid(path(), " has a column ", field->name(), ", but ", paths_.front(),
                                      " has not; --columns chooses columns");
      }
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      auto column = batch.GetColumnByName(field->name());
      // JSON: a column that comes up only later in the file.
      if (column == nullptr) return arrow::Status::Invalid(path(), ": no column ", field->name());
      if (!column->type()->Equals(*field->type())) {
        auto cast = arrow::compute::Cast(*column, field->type(), arrow::compute::CastOptions::Safe());
        if (!cast.ok()) {
          return cast.status().WithMessage(path(), ": column ", field->name(), " is ",
                                           column->type()->ToString(), " and does not become ",
                                           field->type()->ToString(), ": ", cast.status().message());
        }
        column = std::move(*cast);
      }
      if (!field->nullable() && column->null_count() > 0) {
        return arrow::Status::Invalid(path(), ": column ", field->name(),
                                      " has nulls, which the dataset forbids");
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  std::vector<std::string> paths_;
  InputOptions options_;
  size_t next_path_ = 0;
  InputFormat format_ = InputFormat::kCsv;
  std::optional<uint64_t> rows_of_file_;
  ReaderPtr current_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

const std::vector<std::string>& InputFormatNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& entry : kFormats) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

std::optional<InputFormat> ParseInputFormat(const std::string& name) {
  for (const auto& entry : kFormats) {
    if (name == entry.name) return entry.format;
  }
  return std::nullopt;
}

arrow::Result<RowSource> OpenRows(const std::vector<std::string>& paths, const InputOptions& options) {
  if (paths.empty()) return arrow::Status::Invalid("no file to read is given");
  for (const auto& path : paths) {
    ARROW_RETURN_NOT_OK(CheckThere(path));
    ARROW_RETURN_NOT_OK(FormatOf(path, options).status());
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  InputOptions effective = options;
  if (options.target != nullptr) {
    for (const auto& field : options.target->fields()) effective.types.emplace(field->name(), field->type());
  }
  auto reader = std::make_shared<ChainedReader>(paths, std::move(effective));
  ARROW_RETURN_NOT_OK(reader->OpenFirst());
  RowSource source;
  // Of several files only the first is open.
  if (paths.size() == 1) source.expected_rows = reader->rows_of_file().value_or(0);
  source.reader = std::move(reader);
  return source;
}

}  // namespace lance::cli
