#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "lance/maintenance.h"
#include "output/units.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct CleanupArguments {
  TargetArguments target;
  ReportArguments report;
  std::string older_than;
  uint64_t retain = 0;
  std::vector<uint64_t> versions;
  bool delete_unverified = false;
  bool skip_tagged = false;
  bool branches = false;
  uint64_t rate = 0;
  bool dry_run = false;
};

arrow::Result<CleanupOptions> Resolve(const CleanupArguments& arguments) {
  CleanupOptions options;
  if (!arguments.older_than.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.older_than, ParseDuration(arguments.older_than));
  }
  if (arguments.retain > 0) options.retain_versions = arguments.retain;
  if (!arguments.versions.empty()) options.versions = arguments.versions;
  options.delete_unverified = arguments.delete_unverified;
  options.error_if_tagged_old_versions = !arguments.skip_tagged;
  options.clean_referenced_branches = arguments.branches;
  if (arguments.rate > 0) options.delete_rate_limit = arguments.rate;
  return options;
}

void Describe(const CleanupStats& stats, Document* out) {
  out->Number("versions", stats.old_versions);
  out->Number("bytes", stats.bytes_removed, HumanBytes(stats.bytes_removed));
  out->Number("data_files", stats.data_files_removed);
  out->Number("deletion_files", stats.deletion_files_removed);
  out->Number("index_files", stats.index_files_removed);
  out->Number("transaction_files", stats.transaction_files_removed);
}

void Describe(const CleanupExplanation& plan, Document* out) {
  out->Flag("dry_run", true);
  Document& files = out->Section("files");
  for (const auto& file : plan.candidate_files) {
    files.Number(file.path, file.size_bytes,
                 HumanBytes(file.size_bytes) + (file.unverified ? ", named by no version" : ""));
  }
  out->Flag("more_files", plan.candidate_files_truncated);
  Document& branches = out->Section("branches_that_hold_versions");
  for (const auto& branch : plan.referenced_branches) branches.Number(branch.name, branch.referenced_version);
  Document& warnings = out->Section("warnings");
  for (size_t i = 0; i < plan.warnings.size(); i++) warnings.Text(std::to_string(i + 1), plan.warnings[i]);
}

arrow::Result<int> Run(const CleanupArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const CleanupOptions options, Resolve(arguments));
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  Document document;
  document.Text("uri", dataset->uri());
  uint64_t failed = 0;
  const auto hint = [](const arrow::Status& status) {
    if (status.message().find("tagged") == std::string::npos) return status;
    return status.WithMessage(status.message(), "; --skip-tagged keeps such versions and removes the others");
  };
  if (arguments.dry_run) {
    auto plan = ExplainCleanUp(*dataset, options);
    if (!plan.ok()) return hint(plan.status());
    Describe(plan->stats, &document);
    Describe(*plan, &document);
  } else {
    auto stats = CleanUpOldVersions(*dataset, options);
    if (!stats.ok()) return hint(stats.status());
    Describe(*stats, &document);
    failed = stats->failed_deletes;
    document.Number("failed_deletes", failed);
  }
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return failed == 0 ? kSuccess : kFailure;
}

}  // namespace

void AddCleanup(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("cleanup", "Remove old versions and the files that only they use");
  auto arguments = std::make_shared<CleanupArguments>();
  arguments->target.AddPlaceTo(*verb);
  verb->add_option("--older-than", arguments->older_than,
                   "Remove versions older than this: 14d, 36h, 90m, 45s, 2w. Default, alone: 14d");
  verb->add_option("--retain", arguments->retain, "Keep at least the newest so many versions")
      ->check(CLI::PositiveNumber);
  verb->add_option("--versions", arguments->versions, "Only these, by number")
      ->delimiter(',')
      ->allow_extra_args(false);
  verb->add_flag(
      "--delete-unverified", arguments->delete_unverified,
      "Remove files that no version names even when they are young: no other writer may be at work");
  verb->add_flag("--skip-tagged", arguments->skip_tagged, "Keep tagged versions instead of failing");
  verb->add_flag("--branches", arguments->branches, "Clean branches first that hold on to old versions");
  verb->add_option("--rate", arguments->rate, "Files to remove per second, at most")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--dry-run", arguments->dry_run, "Show what would go, remove nothing");
  arguments->report.AddTo(*verb);
  verb->footer(
      "The newest version, and those that a tag or a branch holds, always stay.\n"
      "Examples:\n"
      "  lance cleanup table.lance --older-than 30d --dry-run\n"
      "  lance cleanup table.lance --older-than 30d --retain 5\n"
      "  lance cleanup table.lance --older-than 0s          all but the newest");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
