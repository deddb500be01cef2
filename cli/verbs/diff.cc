#include <algorithm>
#include <set>

#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/inspect.h"
#include "lance/refs.h"
#include "output/document.h"
#include "output/units.h"
#include "verb.h"

namespace lance::cli {

namespace {

using DatasetPtr = std::shared_ptr<Dataset>;
using Texts = std::map<std::string, std::string>;

struct DiffArguments {
  DatasetArguments dataset;
  OutputArguments output;
  std::string from;
  std::string to;
  std::string rows;
};

struct Versions {
  DatasetPtr from;
  DatasetPtr to;
};

arrow::Result<Versions> OpenBoth(const DiffArguments& arguments) {
  DatasetArguments open = arguments.dataset;
  open.version = arguments.to;
  Versions versions;
  ARROW_ASSIGN_OR_RAISE(versions.to, open.Open());
  VersionRef from;
  if (!arguments.from.empty()) {
    ARROW_ASSIGN_OR_RAISE(from, ParseVersion(arguments.from));
  } else if (versions.to->version() <= 1) {
    return arrow::Status::Invalid("there is no version before version 1 to compare with");
  } else {
    from.number = versions.to->version() - 1;
  }
  ARROW_ASSIGN_OR_RAISE(versions.from, versions.to->Checkout(from));
  return versions;
}

std::string Describe(const arrow::Field& field) {
  return field.type()->ToString() + (field.nullable() ? "" : " not null");
}

void CompareSchemas(const arrow::Schema& from, const arrow::Schema& to, Document* out) {
  for (const auto& field : to.fields()) {
    const auto before = from.GetFieldByName(field->name());
    if (before == nullptr) {
      out->Text(field->name(), "added: " + Describe(*field));
    } else if (Describe(*before) != Describe(*field)) {
      out->Text(field->name(), "changed: " + Describe(*before) + " to " + Describe(*field));
    }
  }
  for (const auto& field : from.fields()) {
    if (to.GetFieldByName(field->name()) == nullptr) {
      out->Text(field->name(), "dropped: " + Describe(*field));
    }
  }
}

void CompareTexts(const Texts& from, const Texts& to, Document* out) {
  for (const auto& [key, value] : to) {
    const auto before = from.find(key);
    if (before == from.end()) {
      out->Text(key, "set to " + value);
    } else if (before->second != value) {
      out->Text(key, "from " + before->second + " to " + value);
    }
  }
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) out->Text(key, "removed, was " + value);
  }
}

void CompareCounts(const char* name, uint64_t from, uint64_t to, bool bytes, Document* out) {
  const auto text = [&](uint64_t value) { return bytes ? HumanBytes(value) : GroupDigits(value); };
  Document& part = out->Section(name);
  part.Number("from", from, text(from));
  part.Number("to", to, text(to));
}

void CompareFragments(const Dataset& from, const Dataset& to, Document* out) {
  const auto before = from.FragmentIds();
  const auto after = to.FragmentIds();
  const std::set<uint64_t> old_ids(before.begin(), before.end());
  const std::set<uint64_t> new_ids(after.begin(), after.end());
  const auto missing = [](const std::set<uint64_t>& ids, const std::set<uint64_t>& there) {
    return std::count_if(ids.begin(), ids.end(), [&](uint64_t id) { return !there.contains(id); });
  };
  out->Number("fragments_added", missing(new_ids, old_ids));
  out->Number("fragments_removed", missing(old_ids, new_ids));
}

arrow::Result<int> ShowRows(const DiffArguments& arguments, const Versions& versions) {
  const VersionRange range{versions.from->version(), versions.to->version()};
  std::shared_ptr<arrow::RecordBatchReader> reader;
  if (arguments.rows == "inserted") {
    ARROW_ASSIGN_OR_RAISE(reader, InsertedRows(*versions.to, range));
  } else if (arguments.rows == "updated") {
    ARROW_ASSIGN_OR_RAISE(reader, UpdatedRows(*versions.to, range));
  } else {
    ARROW_ASSIGN_OR_RAISE(reader, DeletedRowIds(*versions.to, range));
  }
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), arguments.output.Resolve()));
  return kSuccess;
}

arrow::Result<int> Run(const DiffArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const Versions versions, OpenBoth(arguments));
  if (!arguments.rows.empty()) return ShowRows(arguments, versions);
  ARROW_ASSIGN_OR_RAISE(const DatasetSummary from, Summarize(*versions.from));
  ARROW_ASSIGN_OR_RAISE(const DatasetSummary to, Summarize(*versions.to));
  Document document;
  document.Number("from_version", versions.from->version());
  document.Number("to_version", versions.to->version());
  CompareCounts("rows", from.num_rows, to.num_rows, false, &document);
  CompareCounts("deleted_rows", from.num_deleted_rows, to.num_deleted_rows, false, &document);
  CompareCounts("data_files", from.num_data_files, to.num_data_files, false, &document);
  CompareCounts("data_bytes", from.data_bytes, to.data_bytes, true, &document);
  CompareFragments(*versions.from, *versions.to, &document);
  CompareSchemas(*versions.from->schema(), *versions.to->schema(), &document.Section("columns"));
  Texts old_indices, new_indices;
  for (const auto& index : from.indices)
    old_indices[index.name] = fmt::format("{} on {}", index.type, fmt::join(index.columns, ", "));
  for (const auto& index : to.indices)
    new_indices[index.name] = fmt::format("{} on {}", index.type, fmt::join(index.columns, ", "));
  CompareTexts(old_indices, new_indices, &document.Section("indices"));
  CompareTexts(versions.from->config(), versions.to->config(), &document.Section("config"));
  CompareTexts(versions.from->metadata(), versions.to->metadata(), &document.Section("metadata"));
  ARROW_RETURN_NOT_OK(WriteDocument(document, arguments.output.Resolve()));
  return kSuccess;
}

}  // namespace

void AddDiff(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("diff", "Show what changed between two versions");
  auto arguments = std::make_shared<DiffArguments>();
  verb->add_option("dataset", arguments->dataset.uri, "Path or URI of the dataset")->required();
  verb->add_option("from", arguments->from,
                   "Version: a number, a tag or branch:number; default: the one before");
  verb->add_option("to", arguments->to, "Version; default: the newest");
  verb->add_option("--storage-option", arguments->dataset.storage_options,
                   "key=value for the object store; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--rows", arguments->rows,
                   "Show the rows instead; of deleted ones the ids. Needs stable row ids")
      ->check(CLI::IsMember({"inserted", "updated", "deleted"}));
  arguments->output.AddTo(*verb);
  verb->footer(
      "Without --rows only metadata is read.\n"
      "Examples:\n"
      "  lance diff table.lance                   the newest version and the one before\n"
      "  lance diff table.lance 3 7 --format json\n"
      "  lance diff table.lance v1.0 --rows inserted -o new.parquet");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
