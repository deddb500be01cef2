// What files are made of: bytes per column and encoding.
#include <filesystem>
#include <map>

#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/inspect.h"
#include "output/units.h"
#include "verb.h"

namespace lance::cli {

namespace {

/// One line of the answer: pages of one column that share an encoding.
struct Line {
  uint64_t pages = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

struct ColumnTotals {
  std::string type;
  uint64_t bytes = 0;
  std::map<std::string, Line> encodings;
};

struct Totals {
  std::vector<std::string> order;
  std::map<std::string, ColumnTotals> columns;
  uint64_t bytes = 0;

  void Add(const FileSummary& file) {
    for (const auto& column : file.columns) {
      if (!columns.contains(column.path)) order.push_back(column.path);
      ColumnTotals& totals = columns[column.path];
      totals.type = column.type;
      totals.bytes += column.bytes;
      bytes += column.bytes;
      for (const auto& page : column.pages) {
        Line& line = totals.encodings[page.encoding];
        line.pages++;
        line.rows += page.num_rows;
        line.bytes += page.bytes;
      }
    }
  }
};

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const Totals& totals) {
  arrow::StringBuilder path, type, encoding;
  arrow::UInt64Builder pages, rows, bytes;
  arrow::DoubleBuilder share, per_row;
  int64_t count = 0;
  for (const auto& name : totals.order) {
    const ColumnTotals& column = totals.columns.at(name);
    for (const auto& [text, line] : column.encodings) {
      count++;
      ARROW_RETURN_NOT_OK(path.Append(name));
      ARROW_RETURN_NOT_OK(type.Append(column.type));
      ARROW_RETURN_NOT_OK(pages.Append(line.pages));
      ARROW_RETURN_NOT_OK(rows.Append(line.rows));
      ARROW_RETURN_NOT_OK(bytes.Append(line.bytes));
      const auto rounded = [](double value) { return std::round(value * 100) / 100; };
      ARROW_RETURN_NOT_OK(share.Append(totals.bytes == 0 ? 0 : rounded(100.0 * line.bytes / totals.bytes)));
      ARROW_RETURN_NOT_OK(
          per_row.Append(line.rows == 0 ? 0 : rounded(static_cast<double>(line.bytes) / line.rows)));
      ARROW_RETURN_NOT_OK(encoding.Append(text));
    }
  }
  arrow::ArrayVector columns(8);
  arrow::ArrayBuilder* builders[] = {&path, &type, &pages, &rows, &bytes, &share, &per_row, &encoding};
  const char* names[] = {"column", "type", "pages", "rows", "bytes", "percent", "bytes_per_row", "encoding"};
  arrow::FieldVector fields;
  for (int i = 0; i < 8; i++) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&columns[i]));
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), count, columns);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> EveryPage(const std::vector<FileSummary>& files) {
  arrow::StringBuilder file, path, encoding;
  arrow::UInt64Builder page, first_row, rows, bytes;
  int64_t count = 0;
  for (const auto& summary : files) {
    for (const auto& column : summary.columns) {
      for (size_t i = 0; i < column.pages.size(); i++, count++) {
        const PageSummary& one = column.pages[i];
        ARROW_RETURN_NOT_OK(file.Append(summary.path));
        ARROW_RETURN_NOT_OK(path.Append(column.path));
        ARROW_RETURN_NOT_OK(page.Append(i));
        ARROW_RETURN_NOT_OK(first_row.Append(one.first_row));
        ARROW_RETURN_NOT_OK(rows.Append(one.num_rows));
        ARROW_RETURN_NOT_OK(bytes.Append(one.bytes));
        ARROW_RETURN_NOT_OK(encoding.Append(one.encoding));
      }
    }
  }
  arrow::ArrayVector columns(7);
  arrow::ArrayBuilder* builders[] = {&file, &path, &page, &first_row, &rows, &bytes, &encoding};
  const char* names[] = {"file", "column", "page", "first_row", "rows", "bytes", "encoding"};
  arrow::FieldVector fields;
  for (int i = 0; i < 7; i++) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&columns[i]));
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), count, columns);
}

struct PagesArguments {
  DatasetArguments dataset;
  OutputArguments output;
  bool every = false;
};

arrow::Result<int> Run(const PagesArguments& arguments) {
  std::vector<FileSummary> files;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(arguments.dataset.uri, ignored)) {
    ARROW_ASSIGN_OR_RAISE(auto file, DescribeFile(arguments.dataset.uri));
    files.push_back(std::move(file));
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
    ARROW_RETURN_NOT_OK(DescribeDataFiles(*dataset, [&](const FileSummary& file) {
      files.push_back(file);
      return arrow::Status::OK();
    }));
  }
  std::shared_ptr<arrow::RecordBatch> batch;
  if (arguments.every) {
    ARROW_ASSIGN_OR_RAISE(batch, EveryPage(files));
  } else {
    Totals totals;
    for (const auto& file : files) totals.Add(file);
    ARROW_ASSIGN_OR_RAISE(batch, ToBatch(totals));
  }
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  OutputOptions options = arguments.output.Resolve();
  if (!arguments.every) options.max_rows = 0;
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), options));
  return kSuccess;
}

}  // namespace

void AddPages(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("pages", "Show what data files are made of: bytes per column and encoding");
  verb->alias("encodings");
  auto arguments = std::make_shared<PagesArguments>();
  arguments->dataset.AddTo(*verb);
  verb->get_option("dataset")->description("Path or URI of a dataset, or path of one data file");
  verb->add_flag("--every,-e", arguments->every, "A line for every page instead of totals");
  arguments->output.AddTo(*verb);
  verb->footer(
      "Examples:\n  lance pages table.lance\n  lance pages table.lance/data/1a2b.lance --every --format csv\n"
      "  lance encodings table.lance --format json");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
