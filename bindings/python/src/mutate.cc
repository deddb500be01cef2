// Changing rows: delete, update, merge-insert.
#include "lance/mutate.h"

#include "bindings.h"
#include "lance/base/status.h"
#include "write_options.h"

namespace lance::python {
namespace {

MutateOptions MutateOptionsFromPython(const nb::dict& options) {
  CheckKeys(options, {"conflict_retries", "retry_timeout_ms", "data_storage_version", "commit_lock"},
            "mutate");
  MutateOptions out;
  Take(options, "conflict_retries", &out.conflict_retries);
  std::optional<int64_t> timeout_ms;
  Take(options, "retry_timeout_ms", &timeout_ms);
  if (timeout_ms) out.retry_timeout = std::chrono::milliseconds(*timeout_ms);
  Take(options, "data_storage_version", &out.data_storage_version);
  out.commit = CommitSettingsFromPython(options);
  out.commit.retry_timeout = out.retry_timeout;
  return out;
}

MergeInsertOptions MergeOptionsFromPython(const nb::dict& options) {
  CheckKeys(options,
            {"on", "when_matched", "update_if", "insert", "delete_unmatched", "delete_if", "use_index",
             "skip_duplicates", "rewrite_columns", "mutate"},
            "merge_insert");
  MergeInsertOptions out;
  Take(options, "on", &out.on);
  std::string matched = "nothing";
  Take(options, "when_matched", &matched);
  Take(options, "update_if", &out.update_if);
  if (matched == "update") {
    out.when_matched = out.update_if.empty() ? WhenMatched::kUpdateAll : WhenMatched::kUpdateIf;
  } else if (matched == "delete") {
    out.when_matched = WhenMatched::kDelete;
  } else if (matched == "fail") {
    out.when_matched = WhenMatched::kFail;
  }
  bool insert = false;
  Take(options, "insert", &insert);
  out.when_not_matched = insert ? WhenNotMatched::kInsertAll : WhenNotMatched::kDoNothing;
  bool delete_unmatched = false;
  Take(options, "delete_unmatched", &delete_unmatched);
  Take(options, "delete_if", &out.delete_if);
  if (delete_unmatched) {
    out.when_not_matched_by_source =
        out.delete_if.empty() ? WhenNotMatchedBySource::kDelete : WhenNotMatchedBySource::kDeleteIf;
  }
  Take(options, "use_index", &out.use_index);
  Take(options, "rewrite_columns", &out.rewrite_columns);
  bool skip = false;
  Take(options, "skip_duplicates", &skip);
  if (skip) out.source_duplicates = MergeInsertOptions::SourceDuplicates::kFirstSeen;
  out.mutate = MutateOptionsFromPython(nb::cast<nb::dict>(nb::object(options["mutate"])));
  return out;
}

nb::dict StatsToPython(const MergeInsertStats& stats) {
  nb::dict out;
  out["num_inserted_rows"] = stats.num_inserted_rows;
  out["num_updated_rows"] = stats.num_updated_rows;
  out["num_deleted_rows"] = stats.num_deleted_rows;
  return out;
}

}  // namespace

void BindMutate(nb::module_& module) {
  module.def(
      "delete_rows",
      [](const Dataset& dataset, const std::string& predicate, const nb::dict& options) {
        MutateOptions parsed = MutateOptionsFromPython(options);
        auto result = Unwrap(Unlocked([&] { return Delete(dataset, predicate, parsed); }), PyExc_OSError);
        return nb::make_tuple(result.dataset, result.num_deleted_rows);
      },
      nb::arg("dataset"), nb::arg("predicate"), nb::arg("options"));
  module.def(
      "truncate",
      [](const Dataset& dataset, const nb::dict& options) {
        MutateOptions parsed = MutateOptionsFromPython(options);
        return Unwrap(Unlocked([&] { return Truncate(dataset, parsed); }), PyExc_OSError).dataset;
      },
      nb::arg("dataset"), nb::arg("options"));
  module.def(
      "update_rows",
      [](const Dataset& dataset, const std::map<std::string, std::string>& updates, const std::string& where,
         const nb::dict& options) {
        MutateOptions parsed = MutateOptionsFromPython(options);
        auto result = Unwrap(Unlocked([&] { return Update(dataset, updates, where, parsed); }));
        return nb::make_tuple(result.dataset, result.num_updated_rows);
      },
      nb::arg("dataset"), nb::arg("updates"), nb::arg("where"), nb::arg("options"));
  module.def(
      "merge_insert",
      [](const Dataset& dataset, nb::handle source, const nb::dict& options) {
        MergeInsertOptions parsed = MergeOptionsFromPython(options);
        ForeignReader rows(source);
        auto result = Unwrap(Unlocked([&] { return MergeInsert(dataset, *rows, parsed); }), PyExc_OSError);
        return nb::make_tuple(result.dataset, StatsToPython(result.stats));
      },
      nb::arg("dataset"), nb::arg("source"), nb::arg("options"));
  module.def(
      "merge_insert_uncommitted",
      [](const Dataset& dataset, nb::handle source, const nb::dict& options) {
        MergeInsertOptions parsed = MergeOptionsFromPython(options);
        ForeignReader rows(source);
        auto result =
            Unwrap(Unlocked([&] { return MergeInsertUncommitted(dataset, *rows, parsed); }), PyExc_OSError);
        return nb::make_tuple(TransactionToPython(result.transaction.impl()), StatsToPython(result.stats),
                              result.stats.bytes_written, result.stats.num_files_written);
      },
      nb::arg("dataset"), nb::arg("source"), nb::arg("options"));
}

}  // namespace lance::python
