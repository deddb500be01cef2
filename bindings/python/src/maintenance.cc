// Compaction and removal of old versions.
#include "lance/maintenance.h"

#include "bindings.h"
#include "lance/base/status.h"
#include "schema_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

CompactionMode ModeOf(const std::string& name) {
  if (name == "reencode") return CompactionMode::kReencode;
  if (name == "try_binary_copy") return CompactionMode::kTryBinaryCopy;
  if (name == "force_binary_copy") return CompactionMode::kForceBinaryCopy;
  Raise(
      InvalidArgument("Invalid compaction mode: {}. Valid values are reencode, try_binary_copy and "
                      "force_binary_copy",
                      name));
}

CompactionOptions CompactionOptionsFromPython(const Dataset& dataset, const nb::dict& options) {
  auto out = Unwrap(CompactionOptions::FromConfig(dataset.config()));
  for (auto [key, value] : options) {
    if (value.is_none()) continue;
    auto name = nb::cast<std::string>(key);
    if (name == "target_rows_per_fragment") {
      out.target_rows_per_fragment = nb::cast<uint64_t>(value);
    } else if (name == "max_rows_per_group") {
      out.max_rows_per_group = nb::cast<uint64_t>(value);
    } else if (name == "max_bytes_per_file") {
      out.max_bytes_per_file = nb::cast<uint64_t>(value);
    } else if (name == "materialize_deletions") {
      out.materialize_deletions = nb::cast<bool>(value);
    } else if (name == "materialize_deletions_threshold") {
      out.materialize_deletions_threshold = nb::cast<double>(value);
    } else if (name == "defer_index_remap") {
      out.defer_index_remap = nb::cast<bool>(value);
    } else if (name == "num_threads") {
      out.num_threads = nb::cast<int64_t>(value);
    } else if (name == "batch_size") {
      out.batch_rows = nb::cast<int64_t>(value);
    } else if (name == "compaction_mode") {
      out.mode = ModeOf(nb::cast<std::string>(value));
    } else if (name == "binary_copy_read_batch_bytes") {
      out.binary_copy_read_batch_bytes = nb::cast<uint64_t>(value);
    } else if (name == "io_buffer_size") {
      out.io_buffer_bytes = nb::cast<uint64_t>(value);
    } else if (name == "max_source_fragments") {
      out.max_source_fragments = nb::cast<uint64_t>(value);
    } else if (name == "max_source_rows") {
      out.max_source_rows = nb::cast<uint64_t>(value);
    } else if (name == "max_source_bytes") {
      out.max_source_bytes = nb::cast<uint64_t>(value);
    } else if (name == "excluded_fragment_ids") {
      out.excluded_fragment_ids = nb::cast<std::vector<uint64_t>>(value);
    } else if (name == "data_storage_version") {
      out.data_storage_version = nb::cast<std::string>(value);
    } else if (name == "commit_lock") {
      out.commit.lock = CommitSettingsFromPython(options).lock;
    } else {
      Raise(InvalidArgument("Invalid compaction option: {}", name));
    }
  }
  return out;
}

nb::list FragmentsOf(const std::vector<FragmentMetadata>& fragments) {
  nb::list out;
  for (const auto& fragment : fragments) out.append(FragmentToPython(fragment.impl()));
  return out;
}

nb::tuple MetricsToPython(const CompactionMetrics& metrics) {
  return nb::make_tuple(metrics.fragments_removed, metrics.fragments_added, metrics.files_removed,
                        metrics.files_added);
}

CleanupOptions CleanupOptionsFromPython(const nb::dict& options) {
  CheckKeys(options,
            {"older_than_us", "retain_versions", "versions", "delete_unverified", "error_if_tagged",
             "delete_rate_limit", "delete_concurrency"},
            "cleanup_old_versions");
  CleanupOptions out;
  std::optional<int64_t> older_than_us;
  Take(options, "older_than_us", &older_than_us);
  if (older_than_us) out.older_than = std::chrono::microseconds(*older_than_us);
  Take(options, "retain_versions", &out.retain_versions);
  Take(options, "versions", &out.versions);
  Take(options, "delete_unverified", &out.delete_unverified);
  Take(options, "error_if_tagged", &out.error_if_tagged_old_versions);
  Take(options, "delete_rate_limit", &out.delete_rate_limit);
  Take(options, "delete_concurrency", &out.delete_concurrency);
  return out;
}

nb::dict CleanupStatsToPython(const CleanupStats& stats) {
  nb::dict out;
  out["bytes_removed"] = stats.bytes_removed;
  out["old_versions"] = stats.old_versions;
  out["data_files_removed"] = stats.data_files_removed;
  out["transaction_files_removed"] = stats.transaction_files_removed;
  out["index_files_removed"] = stats.index_files_removed;
  out["deletion_files_removed"] = stats.deletion_files_removed;
  out["failed_deletes"] = stats.failed_deletes;
  return out;
}

const char* NameOf(CleanupFileKind kind) {
  switch (kind) {
    case CleanupFileKind::kManifest:
      return "manifest";
    case CleanupFileKind::kData:
      return "data";
    case CleanupFileKind::kTransaction:
      return "transaction";
    case CleanupFileKind::kIndex:
      return "index";
    case CleanupFileKind::kDeletion:
      return "deletion";
    case CleanupFileKind::kTemporaryManifest:
      return "temporary_manifest";
  }
  return "data";
}

nb::dict ExplanationToPython(const CleanupExplanation& explanation) {
  nb::list files;
  for (const auto& file : explanation.candidate_files)
    files.append(nb::make_tuple(file.path, NameOf(file.kind), file.unverified, file.size_bytes));
  nb::list branches;
  for (const auto& branch : explanation.referenced_branches)
    branches.append(nb::make_tuple(branch.name, branch.referenced_version, branch.cleanup_candidate));
  nb::dict out;
  out["read_version"] = explanation.read_version;
  out["stats"] = CleanupStatsToPython(explanation.stats);
  out["candidate_files"] = files;
  out["candidate_files_truncated"] = explanation.candidate_files_truncated;
  out["candidate_file_limit"] = explanation.candidate_file_limit;
  out["referenced_branches"] = branches;
  out["warnings"] = explanation.warnings;
  return out;
}

void BindCompaction(nb::module_& module) {
  nb::class_<CompactionTask>(module, "CompactionTask")
      .def("fragments", [](const CompactionTask& self) { return FragmentsOf(self.fragments); })
      .def_ro("read_version", &CompactionTask::read_version)
      .def("json", &CompactionTask::ToJson)
      .def_static(
          "from_json", [](const std::string& json) { return Unwrap(CompactionTask::FromJson(json)); },
          nb::arg("json"));
  nb::class_<CompactionPlan>(module, "CompactionPlan")
      .def_ro("tasks", &CompactionPlan::tasks)
      .def_ro("read_version", &CompactionPlan::read_version)
      .def("json", &CompactionPlan::ToJson)
      .def_static(
          "from_json", [](const std::string& json) { return Unwrap(CompactionPlan::FromJson(json)); },
          nb::arg("json"));
  nb::class_<CompactionResult>(module, "CompactionResult")
      .def("metrics", [](const CompactionResult& self) { return MetricsToPython(self.metrics); })
      .def_ro("read_version", &CompactionResult::read_version)
      .def("original_fragments",
           [](const CompactionResult& self) { return FragmentsOf(self.original_fragments); })
      .def("new_fragments", [](const CompactionResult& self) { return FragmentsOf(self.new_fragments); })
      .def("json", &CompactionResult::ToJson)
      .def_static(
          "from_json", [](const std::string& json) { return Unwrap(CompactionResult::FromJson(json)); },
          nb::arg("json"));
  module.def(
      "plan_compaction",
      [](const Dataset& dataset, const nb::dict& options) {
        auto parsed = CompactionOptionsFromPython(dataset, options);
        return Unwrap(Unlocked([&] { return PlanCompaction(dataset, parsed); }));
      },
      nb::arg("dataset"), nb::arg("options"));
  module.def(
      "execute_compaction",
      [](const Dataset& dataset, const CompactionTask& task) {
        EnsureCompute();
        return Unwrap(Unlocked([&] { return ExecuteCompactionTask(dataset, task); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("task"));
  module.def(
      "commit_compaction",
      [](const Dataset& dataset, const std::vector<CompactionResult>& results, const nb::dict& options) {
        auto parsed = CompactionOptionsFromPython(dataset, options);
        auto outcome =
            Unwrap(Unlocked([&] { return CommitCompaction(dataset, results, parsed); }), PyExc_OSError);
        return nb::make_tuple(outcome.dataset, MetricsToPython(outcome.metrics));
      },
      nb::arg("dataset"), nb::arg("results"), nb::arg("options"));
  module.def(
      "compact",
      [](const Dataset& dataset, const nb::dict& options) {
        EnsureCompute();
        auto parsed = CompactionOptionsFromPython(dataset, options);
        auto outcome = Unwrap(Unlocked([&] { return Compact(dataset, parsed); }), PyExc_OSError);
        return nb::make_tuple(outcome.dataset, MetricsToPython(outcome.metrics));
      },
      nb::arg("dataset"), nb::arg("options"));
}

}  // namespace

void BindMaintenance(nb::module_& module) {
  BindCompaction(module);
  module.def(
      "clean_up",
      [](const Dataset& dataset, const nb::dict& options) {
        auto parsed = CleanupOptionsFromPython(options);
        return CleanupStatsToPython(
            Unwrap(Unlocked([&] { return CleanUpOldVersions(dataset, parsed); }), PyExc_OSError));
      },
      nb::arg("dataset"), nb::arg("options"));
  module.def(
      "explain_clean_up",
      [](const Dataset& dataset, const nb::dict& options, uint64_t max_files) {
        auto parsed = CleanupOptionsFromPython(options);
        return ExplanationToPython(
            Unwrap(Unlocked([&] { return ExplainCleanUp(dataset, parsed, max_files); }), PyExc_OSError));
      },
      nb::arg("dataset"), nb::arg("options"), nb::arg("max_files"));
  module.def(
      "validate",
      [](const Dataset& dataset) { Check(Unlocked([&] { return Validate(dataset); }), PyExc_OSError); },
      nb::arg("dataset"));
}

}  // namespace lance::python
