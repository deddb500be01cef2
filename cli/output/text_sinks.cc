// CSV (RFC 4180: quotes only where needed, CR LF never added), TSV and JSON.
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/interfaces.h>

#include "output/cell_writer.h"
#include "output/sinks.h"

namespace lance::cli {

namespace {

constexpr size_t kFlushBytes = 1 << 18;

arrow::Result<std::vector<std::unique_ptr<CellWriter>>> MakeWriters(
    const std::vector<std::shared_ptr<arrow::Array>>& columns, const CellStyle& style) {
  std::vector<std::unique_ptr<CellWriter>> writers;
  for (const auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto writer, CellWriter::Make(*column, style));
    writers.push_back(std::move(writer));
  }
  return writers;
}

/// Collects text and hands it on in large pieces.
class TextSink : public RowSink {
 public:
  explicit TextSink(StreamPtr stream) : stream_(std::move(stream)) {}

 protected:
  arrow::Status FlushIfLarge() { return text_.size() >= kFlushBytes ? Flush() : arrow::Status::OK(); }
  arrow::Status Flush() {
    ARROW_RETURN_NOT_OK(stream_->Write(text_));
    text_.clear();
    return arrow::Status::OK();
  }
  std::string text_;

 private:
  StreamPtr stream_;
};

class DelimitedSink final : public TextSink {
 public:
  DelimitedSink(char delimiter, bool header, StreamPtr stream, const arrow::Schema& schema)
      : TextSink(std::move(stream)), delimiter_(delimiter) {
    if (!header) return;
    for (int i = 0; i < schema.num_fields(); i++) {
      if (i > 0) text_.push_back(delimiter_);
      AppendField(schema.field(i)->name(), &text_);
    }
    text_.push_back('\n');
  }

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    const auto columns = batch.columns();
    ARROW_ASSIGN_OR_RAISE(auto writers, MakeWriters(columns, CellStyle{}));
    std::string cell;
    for (int64_t row = 0; row < batch.num_rows(); row++) {
      for (size_t i = 0; i < writers.size(); i++) {
        if (i > 0) text_.push_back(delimiter_);
        if (writers[i]->IsNull(row)) continue;
        cell.clear();
        writers[i]->Append(row, &cell);
        AppendField(cell, &text_);
      }
      text_.push_back('\n');
      ARROW_RETURN_NOT_OK(FlushIfLarge());
    }
    return arrow::Status::OK();
  }

  arrow::Status Close() override { return Flush(); }

 private:
  // The empty string is quoted: an empty field is a null.
  void AppendField(std::string_view field, std::string* out) const {
    const bool quote = field.empty() || field.find_first_of("\"\r\n") != std::string_view::npos ||
                       field.find(delimiter_) != std::string_view::npos;
    if (!quote) {
      out->append(field);
      return;
    }
    out->push_back('"');
    for (const char c : field) {
      if (c == '"') out->push_back('"');
      out->push_back(c);
    }
    out->push_back('"');
  }

  char delimiter_;
};

class JsonSink final : public TextSink {
 public:
  JsonSink(bool lines, StreamPtr stream, const arrow::Schema& schema)
      : TextSink(std::move(stream)), lines_(lines) {
    for (const auto& field : schema.fields()) {
      std::string key = keys_.empty() ? "{" : ",";
      AppendJsonString(field->name(), &key);
      key.push_back(':');
      keys_.push_back(std::move(key));
    }
    if (keys_.empty()) open_ = "{";
    if (!lines_) text_ = "[";
  }

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    const auto columns = batch.columns();
    CellStyle style;
    style.json = true;
    ARROW_ASSIGN_OR_RAISE(auto writers, MakeWriters(columns, style));
    for (int64_t row = 0; row < batch.num_rows(); row++) {
      if (!lines_) text_.append(rows_ == 0 ? "\n" : ",\n");
      text_.append(open_);
      for (size_t i = 0; i < writers.size(); i++) {
        text_.append(keys_[i]);
        writers[i]->Append(row, &text_);
      }
      text_.append(lines_ ? "}\n" : "}");
      rows_++;
      ARROW_RETURN_NOT_OK(FlushIfLarge());
    }
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    if (!lines_) text_.append(rows_ == 0 ? "]\n" : "\n]\n");
    return Flush();
  }

 private:
  bool lines_;
  int64_t rows_ = 0;
  std::string open_;
  std::vector<std::string> keys_;  ///< with the bracket or comma before and the colon after
};

}  // namespace

SinkResult MakeDelimitedSink(char delimiter, bool header, StreamPtr stream, const SchemaPtr& schema) {
  return std::make_unique<DelimitedSink>(delimiter, header, std::move(stream), *schema);
}

SinkResult MakeJsonSink(bool lines, StreamPtr stream, const SchemaPtr& schema) {
  return std::make_unique<JsonSink>(lines, std::move(stream), *schema);
}

}  // namespace lance::cli
