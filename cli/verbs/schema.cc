#include <arrow/api.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "verb.h"

namespace lance::cli {

namespace {

struct FieldRow {
  std::string path;
  std::string type;
  bool nullable;
  std::string metadata;
};

void Flatten(const arrow::Field& field, const std::string& prefix, bool nested, std::vector<FieldRow>* rows) {
  const std::string path = prefix.empty() ? field.name() : prefix + "." + field.name();
  std::vector<std::string> pairs;
  if (field.metadata() != nullptr) {
    for (const auto& [key, value] : field.metadata()->sorted_pairs()) pairs.push_back(key + "=" + value);
  }
  rows->push_back(
      {path, field.type()->ToString(), field.nullable(), fmt::format("{}", fmt::join(pairs, " "))});
  if (!nested || field.type()->id() != arrow::Type::STRUCT) return;
  for (const auto& child : field.type()->fields()) Flatten(*child, path, nested, rows);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::vector<FieldRow>& rows) {
  arrow::StringBuilder path, type, metadata;
  arrow::BooleanBuilder nullable;
  for (const auto& row : rows) {
    ARROW_RETURN_NOT_OK(path.Append(row.path));
    ARROW_RETURN_NOT_OK(type.Append(row.type));
    ARROW_RETURN_NOT_OK(nullable.Append(row.nullable));
    ARROW_RETURN_NOT_OK(row.metadata.empty() ? metadata.AppendNull() : metadata.Append(row.metadata));
  }
  arrow::ArrayVector columns(4);
  ARROW_RETURN_NOT_OK(path.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(type.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(nullable.Finish(&columns[2]));
  ARROW_RETURN_NOT_OK(metadata.Finish(&columns[3]));
  const auto schema =
      arrow::schema({arrow::field("column", arrow::utf8()), arrow::field("type", arrow::utf8()),
                     arrow::field("nullable", arrow::boolean()), arrow::field("metadata", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), columns);
}

}  // namespace

void AddSchema(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("schema", "Show the columns, their types and their metadata");
  auto dataset = std::make_shared<DatasetArguments>();
  auto output = std::make_shared<OutputArguments>();
  auto nested = std::make_shared<bool>(false);
  dataset->AddTo(*verb);
  verb->add_flag("--nested,-n", *nested, "Also list the members of structs by their paths");
  output->AddTo(*verb);
  verb->footer("Examples:\n  lance schema table.lance\n  lance schema table.lance --nested --format jsonl");
  verb->callback([=, &action] {
    action = [=]() -> arrow::Result<int> {
      ARROW_ASSIGN_OR_RAISE(const auto opened, dataset->Open());
      std::vector<FieldRow> rows;
      for (const auto& field : opened->schema()->fields()) Flatten(*field, "", *nested, &rows);
      ARROW_ASSIGN_OR_RAISE(const auto batch, ToBatch(rows));
      ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
      OutputOptions options = output->Resolve();
      options.max_rows = 0;
      ARROW_RETURN_NOT_OK(WriteRows(reader.get(), options));
      return kSuccess;
    };
  });
}

}  // namespace lance::cli
