#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/inspect.h"
#include "output/document.h"
#include "output/units.h"
#include "verb.h"

namespace lance::cli {

namespace {

arrow::Status Describe(const Dataset& dataset, Document* out) {
  ARROW_ASSIGN_OR_RAISE(const DatasetSummary summary, Summarize(dataset));
  ARROW_ASSIGN_OR_RAISE(const uint64_t latest, dataset.LatestVersion());
  out->Text("uri", dataset.uri());
  out->Number("version", dataset.version());
  out->Number("latest_version", latest);
  out->Text("written_at", FormatTime(summary.timestamp));
  if (!summary.branch.empty()) out->Text("branch", summary.branch);
  out->Text("storage_version", dataset.data_storage_version());
  if (!summary.writer.empty()) out->Text("writer", summary.writer);
  out->Number("rows", summary.num_rows);
  out->Number("deleted_rows", summary.num_deleted_rows);
  out->Number("columns", dataset.schema()->num_fields());
  out->Number("fragments", summary.num_fragments);
  out->Number("data_files", summary.num_data_files);
  out->Number("data_bytes", summary.data_bytes,
              HumanBytes(summary.data_bytes) +
                  (summary.num_files_of_unknown_size > 0
                       ? fmt::format(" and {} files of unknown size", summary.num_files_of_unknown_size)
                       : ""));
  out->Number("deletion_files", summary.num_deletion_files);
  out->Flag("stable_row_ids", summary.stable_row_ids);
  Document& indices = out->Section("indices");
  for (const auto& index : summary.indices) {
    indices.Text(index.name, fmt::format("{} on {}", index.type, fmt::join(index.columns, ", ")));
  }
  ARROW_ASSIGN_OR_RAISE(const auto tags, dataset.Tags());
  Document& tag_section = out->Section("tags");
  for (const auto& [name, tag] : tags) tag_section.Number(name, tag.version);
  ARROW_ASSIGN_OR_RAISE(const auto branches, dataset.Branches());
  Document& branch_section = out->Section("branches");
  for (const auto& [name, branch] : branches) {
    branch_section.Text(
        name, fmt::format("from {}:{}", branch.parent_branch.value_or("main"), branch.parent_version));
  }
  Document& config = out->Section("config");
  for (const auto& [key, value] : dataset.config()) config.Text(key, value);
  Document& metadata = out->Section("metadata");
  for (const auto& [key, value] : dataset.metadata()) metadata.Text(key, value);
  return arrow::Status::OK();
}

}  // namespace

void AddInfo(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("info", "Show what a dataset is: rows, files, bytes, versions, indices");
  auto dataset = std::make_shared<DatasetArguments>();
  auto output = std::make_shared<OutputArguments>();
  dataset->AddTo(*verb);
  output->AddTo(*verb);
  verb->footer("Examples:\n  lance info table.lance\n  lance info table.lance --version 3 --format json");
  verb->callback([=, &action] {
    action = [=]() -> arrow::Result<int> {
      ARROW_ASSIGN_OR_RAISE(const auto opened, dataset->Open());
      Document document;
      ARROW_RETURN_NOT_OK(Describe(*opened, &document));
      ARROW_RETURN_NOT_OK(WriteDocument(document, output->Resolve()));
      return kSuccess;
    };
  });
}

}  // namespace lance::cli
