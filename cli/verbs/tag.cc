#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/refs.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct TagArguments {
  DatasetArguments dataset;
  ReportArguments report;
  OutputArguments output;
  std::string name;
};

enum class Change { kCreate, kUpdate };

arrow::Status AppendTime(const std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>& time,
                         arrow::TimestampBuilder* out) {
  if (!time) return out->AppendNull();
  return out->Append(std::chrono::floor<std::chrono::microseconds>(time->time_since_epoch()).count());
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::map<std::string, TagInfo>& tags) {
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  arrow::StringBuilder name, branch;
  arrow::UInt64Builder version;
  arrow::TimestampBuilder created(time, arrow::default_memory_pool());
  arrow::TimestampBuilder updated(time, arrow::default_memory_pool());
  for (const auto& [key, tag] : tags) {
    ARROW_RETURN_NOT_OK(name.Append(key));
    ARROW_RETURN_NOT_OK(version.Append(tag.version));
    ARROW_RETURN_NOT_OK(tag.branch ? branch.Append(*tag.branch) : branch.AppendNull());
    ARROW_RETURN_NOT_OK(AppendTime(tag.created_at, &created));
    ARROW_RETURN_NOT_OK(AppendTime(tag.updated_at, &updated));
  }
  arrow::ArrayVector columns(5);
  arrow::ArrayBuilder* builders[] = {&name, &version, &branch, &created, &updated};
  const char* names[] = {"tag", "version", "branch", "created_at", "updated_at"};
  arrow::FieldVector fields;
  for (int i = 0; i < 5; i++) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&columns[i]));
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(tags.size()), columns);
}

arrow::Result<int> Report(const TagArguments& arguments, const Dataset& dataset) {
  ARROW_ASSIGN_OR_RAISE(const TagInfo tag, GetTag(dataset, arguments.name));
  Document document;
  document.Text("tag", arguments.name);
  document.Number("version", tag.version);
  if (tag.branch) document.Text("branch", *tag.branch);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> Set(const TagArguments& arguments, Change change) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  const arrow::Status status =
      change == Change::kCreate ? CreateTag(*dataset, arguments.name) : UpdateTag(*dataset, arguments.name);
  if (!status.ok() && KindOf(status) == ErrorKind::kAlreadyExists) {
    return status.WithMessage(status.message(), "; 'lance tag update' moves it");
  }
  ARROW_RETURN_NOT_OK(status);
  return Report(arguments, *dataset);
}

arrow::Result<int> Remove(const TagArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const TagInfo tag, GetTag(*dataset, arguments.name));
  ARROW_RETURN_NOT_OK(DeleteTag(*dataset, arguments.name));
  Document document;
  document.Text("deleted_tag", arguments.name);
  document.Number("version", tag.version);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> List(const TagArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const auto tags, dataset->Tags());
  ARROW_ASSIGN_OR_RAISE(const auto batch, ToBatch(tags));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), arguments.output.Resolve()));
  return kSuccess;
}

}  // namespace

void AddTag(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("tag", "Name versions: create, update, delete, list");
  verb->require_subcommand(1);
  verb->footer(
      "Cleanup never removes a tagged version.\n"
      "Examples:\n"
      "  lance tag create table.lance v1.0                  the newest version\n"
      "  lance tag create table.lance before-fix --version 7\n"
      "  lance tag update table.lance v1.0 --version 9\n"
      "  lance tag list table.lance\n"
      "  lance count table.lance --version v1.0");
  const auto add = [&](const char* name, const char* description, auto run, bool named) {
    CLI::App* part = verb->add_subcommand(name, description);
    auto arguments = std::make_shared<TagArguments>();
    arguments->dataset.AddTo(*part);
    if (named) {
      part->add_option("name", arguments->name, "The tag")->required();
      arguments->report.AddTo(*part);
    } else {
      arguments->output.AddTo(*part);
    }
    part->callback([=, &action] { action = [=] { return run(*arguments); }; });
  };
  add(
      "create", "Name the newest version, or that of --version",
      [](const TagArguments& a) { return Set(a, Change::kCreate); }, true);
  add(
      "update", "Move a tag to the newest version, or to that of --version",
      [](const TagArguments& a) { return Set(a, Change::kUpdate); }, true);
  add("delete", "Remove a tag; its version stays", Remove, true);
  add("list", "List all tags", List, false);
}

}  // namespace lance::cli
