#include <arrow/api.h>
#include <arrow/util/key_value_metadata.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/schema_change.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

using Texts = std::map<std::string, std::string>;

struct ConfigArguments {
  TargetArguments target;
  DatasetArguments dataset;
  ReportArguments report;
  std::string scope = "config";
  std::vector<std::string> entries;
};

Texts TextsOf(const Dataset& dataset, const std::string& scope) {
  if (scope == "config") return dataset.config();
  if (scope == "table") return dataset.metadata();
  Texts texts;
  if (const auto metadata = dataset.schema()->metadata(); metadata != nullptr) {
    for (int64_t i = 0; i < metadata->size(); i++) texts[metadata->key(i)] = metadata->value(i);
  }
  return texts;
}

arrow::Result<int> Get(const ConfigArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  const Texts texts = TextsOf(*dataset, arguments.scope);
  Document document;
  for (const auto& [key, value] : texts) {
    if (arguments.entries.empty()) document.Text(key, value);
  }
  for (const auto& key : arguments.entries) {
    const auto found = texts.find(key);
    if (found == texts.end()) {
      return arrow::Status::KeyError("there is no key ", key, "; 'lance config get ", arguments.dataset.uri,
                                     "' lists all");
    }
    document.Text(key, found->second);
  }
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> Change(const ConfigArguments& arguments, bool set) {
  MetadataUpdate update;
  for (const auto& text : arguments.entries) {
    if (set) {
      ARROW_ASSIGN_OR_RAISE(auto entry, SplitAssignment("config set", text));
      update.entries.emplace_back(std::move(entry.first), std::move(entry.second));
    } else {
      update.entries.emplace_back(text, std::nullopt);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  MetadataUpdates updates;
  if (arguments.scope == "config") updates.config = std::move(update);
  if (arguments.scope == "table") updates.table_metadata = std::move(update);
  if (arguments.scope == "schema") updates.schema_metadata = std::move(update);
  ARROW_ASSIGN_OR_RAISE(const auto changed, UpdateMetadata(*dataset, updates, arguments.target.Commit()));
  Document document;
  document.Text("uri", changed->uri());
  document.Number("version", changed->version());
  Document& part = document.Section(arguments.scope);
  for (const auto& [key, value] : TextsOf(*changed, arguments.scope)) part.Text(key, value);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

void AddScopeTo(CLI::App& verb, ConfigArguments* arguments) {
  verb.add_option("--scope", arguments->scope,
                  "config: how the dataset is looked after; table: its own key-value pairs; schema: those of "
                  "the Arrow schema")
      ->check(CLI::IsMember({"config", "table", "schema"}))
      ->capture_default_str();
  arguments->report.AddTo(verb);
}

}  // namespace

void AddConfig(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("config", "Read and change a dataset's settings: get, set, unset");
  verb->require_subcommand(1);
  verb->footer(
      "Examples:\n"
      "  lance config get table.lance\n"
      "  lance config set table.lance lance.auto_cleanup.interval=20 lance.auto_cleanup.older_than=14d\n"
      "  lance config unset table.lance lance.auto_cleanup.interval\n"
      "  lance config set table.lance owner=ann --scope table");
  CLI::App* get = verb->add_subcommand("get", "Show all settings, or some by key");
  auto read = std::make_shared<ConfigArguments>();
  read->dataset.AddTo(*get);
  get->add_option("keys", read->entries, "Keys to show; default: all");
  AddScopeTo(*get, read.get());
  get->callback([=, &action] { action = [=] { return Get(*read); }; });
  const auto add = [&](const char* name, const char* description, const char* entries, bool set) {
    CLI::App* part = verb->add_subcommand(name, description);
    auto arguments = std::make_shared<ConfigArguments>();
    arguments->target.AddTo(*part);
    part->add_option("entries", arguments->entries, entries)->required();
    AddScopeTo(*part, arguments.get());
    part->callback([=, &action] { action = [=] { return Change(*arguments, set); }; });
  };
  add("set", "Set keys to values", "key=value", true);
  add("unset", "Remove keys", "Keys to remove", false);
}

}  // namespace lance::cli
