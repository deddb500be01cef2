#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/refs.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct BranchArguments {
  DatasetArguments dataset;
  ReportArguments report;
  OutputArguments output;
  std::string name;
  bool force = false;
};

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(
    const std::map<std::string, BranchInfo>& branches) {
  arrow::StringBuilder name, parent;
  arrow::UInt64Builder version;
  arrow::TimestampBuilder created(arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"),
                                  arrow::default_memory_pool());
  for (const auto& [key, branch] : branches) {
    ARROW_RETURN_NOT_OK(name.Append(key));
    ARROW_RETURN_NOT_OK(parent.Append(branch.parent_branch.value_or("main")));
    ARROW_RETURN_NOT_OK(version.Append(branch.parent_version));
    ARROW_RETURN_NOT_OK(created.Append(branch.created_at.time_since_epoch().count()));
  }
  arrow::ArrayVector columns(4);
  arrow::ArrayBuilder* builders[] = {&name, &parent, &version, &created};
  const char* names[] = {"branch", "parent", "parent_version", "created_at"};
  arrow::FieldVector fields;
  for (int i = 0; i < 4; i++) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&columns[i]));
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(branches.size()), columns);
}

arrow::Result<int> Create(const BranchArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const auto branch, CreateBranch(*dataset, arguments.name));
  Document document;
  document.Text("branch", arguments.name);
  document.Number("version", branch->version());
  document.Number("from_version", dataset->version());
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> Remove(const BranchArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_RETURN_NOT_OK(DeleteBranch(*dataset, arguments.name, arguments.force));
  Document document;
  document.Text("deleted_branch", arguments.name);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> List(const BranchArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const auto branches, dataset->Branches());
  ARROW_ASSIGN_OR_RAISE(const auto batch, ToBatch(branches));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), arguments.output.Resolve()));
  return kSuccess;
}

}  // namespace

void AddBranch(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("branch", "Lines of versions: create, delete, list");
  verb->require_subcommand(1);
  verb->footer(
      "A branch shares the files of the version that it starts from; nothing is copied.\n"
      "Examples:\n"
      "  lance branch create table.lance experiment              from the newest version\n"
      "  lance branch create table.lance fix --version 7\n"
      "  lance append table.lance more.csv --branch experiment\n"
      "  lance scan table.lance --version experiment:\n"
      "  lance branch delete table.lance experiment");
  const auto arguments_of = [&](CLI::App* part) {
    auto arguments = std::make_shared<BranchArguments>();
    arguments->dataset.AddTo(*part);
    return arguments;
  };
  CLI::App* create = verb->add_subcommand("create", "Start a branch at the newest version, or at --version");
  CLI::App* remove = verb->add_subcommand("delete", "Remove a branch and the files that only it uses");
  CLI::App* list = verb->add_subcommand("list", "List all branches");
  const auto created = arguments_of(create);
  create->add_option("name", created->name, "The branch")->required();
  created->report.AddTo(*create);
  create->callback([=, &action] { action = [=] { return Create(*created); }; });
  const auto removed = arguments_of(remove);
  remove->add_option("name", removed->name, "The branch")->required();
  remove->add_flag("--force", removed->force, "Also when its entry is missing and only files are left");
  removed->report.AddTo(*remove);
  remove->callback([=, &action] { action = [=] { return Remove(*removed); }; });
  const auto listed = arguments_of(list);
  listed->output.AddTo(*list);
  list->callback([=, &action] { action = [=] { return List(*listed); }; });
}

}  // namespace lance::cli
