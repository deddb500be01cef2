// `lance repair`: when the newest version is damaged, goes back to the newest one that is whole, or goes on
// without the fragments that are damaged.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "lance/maintenance.h"
#include "lance/refs.h"
#include "terminal.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct RepairArguments {
  TargetArguments target;
  ReportArguments report;
  bool data = false;
  bool dry_run = false;
  bool apply = false;
  bool drop_fragments = false;
};

arrow::Result<FsckReport> CheckOne(const Dataset& version, bool data) {
  FsckOptions options;
  options.all_versions = false;
  options.read_data = data;
  return Fsck(version, options);
}

// The newest version before `dataset` without a problem; null when all have some.
arrow::Result<std::shared_ptr<Dataset>> NewestWhole(const Dataset& dataset, bool data) {
  ARROW_ASSIGN_OR_RAISE(auto versions, dataset.Versions());
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.version > b.version; });
  Progress progress("checked versions", versions.size());
  uint64_t checked = 0;
  for (const auto& version : versions) {
    progress.Update(checked++);
    if (version.version >= dataset.version()) continue;
    VersionRef ref;
    ref.number = version.version;
    const auto opened = dataset.Checkout(ref);
    if (!opened.ok()) continue;
    ARROW_ASSIGN_OR_RAISE(const FsckReport report, CheckOne(**opened, data));
    if (report.problems.empty()) return *opened;
  }
  return nullptr;
}

// Goes back to the newest whole version.
arrow::Result<int> RestoreWhole(const Dataset& dataset, const RepairArguments& arguments,
                                Document& document) {
  ARROW_ASSIGN_OR_RAISE(const auto whole, NewestWhole(dataset, arguments.data));
  if (whole == nullptr) {
    document.Text("repair",
                  "none: no older version is whole; bring back the files named above, or go on without the "
                  "damaged fragments (--drop-fragments)");
    return kCorruptionFound;
  }
  if (arguments.dry_run) {
    document.Text("repair", fmt::format("restore version {}", whole->version()));
    return kCorruptionFound;
  }
  ARROW_ASSIGN_OR_RAISE(const auto restored, Restore(*whole));
  document.Text("repair", fmt::format("restored version {}", whole->version()));
  document.Number("new_version", restored->version());
  return kSuccess;
}

// Makes a version of the fragments that are whole.
arrow::Result<int> DropDamaged(const Dataset& dataset, const FsckReport& report,
                               const RepairArguments& arguments, Document& document) {
  std::set<uint64_t> damaged;
  for (const auto& problem : report.problems) {
    if (!problem.fragment_id.has_value()) {
      document.Text("repair",
                    fmt::format("none: {} is damaged, which no fragment can be blamed for; try without "
                                "--drop-fragments",
                                problem.where));
      return kCorruptionFound;
    }
    damaged.insert(*problem.fragment_id);
  }
  const std::vector<uint64_t> ids(damaged.begin(), damaged.end());
  const std::string what =
      fmt::format("{} of {} fragments ({})", ids.size(), report.num_fragments, fmt::join(ids, ", "));
  if (arguments.dry_run) {
    document.Text("repair", "drop " + what);
    return kCorruptionFound;
  }
  ARROW_ASSIGN_OR_RAISE(const auto made, DropFragments(dataset, ids));
  document.Text("repair", "dropped " + what);
  document.Number("new_version", made->version());
  ARROW_ASSIGN_OR_RAISE(const FsckReport after, CheckOne(*made, arguments.data));
  document.Number("problems_left", after.problems.size());
  return after.problems.empty() ? kSuccess : kCorruptionFound;
}

arrow::Result<int> Run(const RepairArguments& arguments) {
  if (arguments.dry_run == arguments.apply) {
    return arrow::Status::Invalid("give --dry-run to see what would be done, or --apply to do it");
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  ARROW_ASSIGN_OR_RAISE(const FsckReport report, CheckOne(*dataset, arguments.data));
  Document document;
  document.Text("uri", dataset->uri());
  document.Number("version", dataset->version());
  document.Number("problems", report.problems.size());
  Document& found = document.Section("found");
  for (const auto& problem : report.problems) {
    found.Text(problem.where, fmt::format("{}: {}", KindName(problem.kind), problem.message));
  }
  int code = kSuccess;
  if (!report.problems.empty()) {
    auto repaired = arguments.drop_fragments ? DropDamaged(*dataset, report, arguments, document)
                                             : RestoreWhole(*dataset, arguments, document);
    ARROW_ASSIGN_OR_RAISE(code, std::move(repaired));
  } else {
    document.Text("repair", "nothing to do");
  }
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return code;
}

}  // namespace

void AddRepair(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand(
      "repair",
      "When the newest version is damaged, go back to the newest whole one, or drop what is damaged");
  auto arguments = std::make_shared<RepairArguments>();
  arguments->target.AddPlaceTo(*verb);
  verb->add_flag("--dry-run", arguments->dry_run, "Show what would be done");
  verb->add_flag("--apply", arguments->apply, "Do it");
  verb->add_flag("--drop-fragments", arguments->drop_fragments,
                 "Keep the newest version, but without the damaged fragments and their rows");
  verb->add_flag("--data", arguments->data, "Decode every page too: finds more, takes longer");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Removes nothing: the damaged version stays in the history. Returns 3 while damage is left.\n"
      "Examples:\n"
      "  lance fsck table.lance                 what is wrong, in all versions\n"
      "  lance repair table.lance --dry-run\n"
      "  lance repair table.lance --apply\n"
      "  lance repair table.lance --apply --drop-fragments");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
