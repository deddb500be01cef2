#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "lance/maintenance.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct CompactArguments {
  TargetArguments target;
  ReportArguments report;
  uint64_t target_rows = 0;
  double threshold = -1;
  bool keep_deletions = false;
  bool defer_index_remap = false;
  int64_t threads = 0;
  uint64_t max_source_fragments = 0;
  std::string mode;
  bool dry_run = false;
};

arrow::Result<CompactionOptions> Resolve(const CompactArguments& arguments, const Dataset& dataset) {
  ARROW_ASSIGN_OR_RAISE(CompactionOptions options, CompactionOptions::FromConfig(dataset.config()));
  if (arguments.target_rows > 0) options.target_rows_per_fragment = arguments.target_rows;
  if (arguments.threshold >= 0) options.materialize_deletions_threshold = arguments.threshold;
  if (arguments.keep_deletions) options.materialize_deletions = false;
  if (arguments.defer_index_remap) options.defer_index_remap = true;
  if (arguments.threads > 0) options.num_threads = arguments.threads;
  if (arguments.max_source_fragments > 0) options.max_source_fragments = arguments.max_source_fragments;
  if (arguments.mode == "reencode") options.mode = CompactionMode::kReencode;
  if (arguments.mode == "try-copy") options.mode = CompactionMode::kTryBinaryCopy;
  if (arguments.mode == "copy") options.mode = CompactionMode::kForceBinaryCopy;
  options.commit = arguments.target.Commit();
  return options;
}

arrow::Result<int> Run(const CompactArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  ARROW_ASSIGN_OR_RAISE(const CompactionOptions options, Resolve(arguments, *dataset));
  Document document;
  document.Text("uri", dataset->uri());
  if (arguments.dry_run) {
    ARROW_ASSIGN_OR_RAISE(const CompactionPlan plan, PlanCompaction(*dataset, options));
    uint64_t fragments = 0;
    for (const auto& task : plan.tasks) fragments += task.fragments.size();
    document.Number("version", dataset->version());
    document.Number("tasks", plan.tasks.size());
    document.Number("fragments", dataset->FragmentIds().size());
    document.Number("fragments_to_rewrite", fragments);
    document.Flag("dry_run", true);
  } else {
    ARROW_ASSIGN_OR_RAISE(const CompactionOutcome outcome, Compact(*dataset, options));
    document.Number("version", outcome.dataset->version());
    document.Number("fragments_removed", outcome.metrics.fragments_removed);
    document.Number("fragments_added", outcome.metrics.fragments_added);
    document.Number("files_removed", outcome.metrics.files_removed);
    document.Number("files_added", outcome.metrics.files_added);
    document.Number("fragments", outcome.dataset->FragmentIds().size());
  }
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddCompact(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("compact", "Join small fragments and drop deleted rows from files");
  auto arguments = std::make_shared<CompactArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("--target-rows", arguments->target_rows,
                   "Rows a fragment should have; smaller ones are joined. Default: the dataset's, 1,048,576")
      ->check(CLI::PositiveNumber);
  verb->add_option("--threshold", arguments->threshold,
                   "Rewrite a fragment when more than this share of its rows is deleted. Default: 0.1")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_flag("--keep-deletions", arguments->keep_deletions,
                 "Do not rewrite only because of deleted rows");
  verb->add_flag("--defer-index-remap", arguments->defer_index_remap,
                 "Leave indices as they are and record how rows moved");
  verb->add_option("--mode", arguments->mode,
                   "reencode: read and write; try-copy: copy pages where possible; copy: only copy")
      ->check(CLI::IsMember({"reencode", "try-copy", "copy"}));
  verb->add_option("--max-source-fragments", arguments->max_source_fragments, "Do at most so many this time")
      ->check(CLI::PositiveNumber);
  verb->add_option("--threads", arguments->threads, "Tasks at once; default: one per core")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--dry-run", arguments->dry_run, "Show the plan, rewrite nothing");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Old files stay until 'lance cleanup', since older versions use them.\n"
      "Examples:\n"
      "  lance compact table.lance --dry-run\n"
      "  lance compact table.lance\n"
      "  lance compact table.lance --target-rows 5000000 --threads 4");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
