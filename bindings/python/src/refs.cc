// Tags, branches, clones, bases, and what changed between versions.
#include "lance/refs.h"

#include "bindings.h"
#include "lance/base/status.h"
#include "write_options.h"

namespace lance::python {
namespace {

using Opened = std::shared_ptr<Dataset>;
using StringMap = std::map<std::string, std::string>;

// {"number", "tag", "branch"}: as Dataset.checkout takes them.
VersionRef RefFromPython(const nb::dict& values) {
  CheckKeys(values, {"number", "tag", "branch"}, "reference");
  VersionRef ref;
  Take(values, "number", &ref.number);
  Take(values, "tag", &ref.tag);
  Take(values, "branch", &ref.branch);
  return ref;
}

// As the reference: what is missing or there already is a ValueError, a name that breaks a rule an OSError.
void CheckRef(const Status& status) {
  if (status.ok()) return;
  ErrorKind kind = KindOf(status).value_or(ErrorKind::kInternal);
  if (kind == ErrorKind::kAlreadyExists) {
    PyErr_SetString(PyExc_ValueError, ("Ref conflict error: " + status.message()).c_str());
    throw nb::python_error();
  }
  if (kind == ErrorKind::kNotFound) {
    PyErr_SetString(PyExc_ValueError, ("Ref not found error: " + status.message()).c_str());
    throw nb::python_error();
  }
  Raise(status, PyExc_OSError);
}

CloneOptions CloneOptionsFromPython(const nb::dict& reference, StringMap storage_options) {
  return {RefFromPython(reference), std::move(storage_options)};
}

void BindTags(nb::module_& module) {
  module.def(
      "create_tag",
      [](const Dataset& dataset, const std::string& name, const nb::dict& reference) {
        VersionRef ref = RefFromPython(reference);
        CheckRef(Unlocked([&] { return CreateTag(dataset, name, ref); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("reference"));
  module.def(
      "update_tag",
      [](const Dataset& dataset, const std::string& name, const nb::dict& reference) {
        VersionRef ref = RefFromPython(reference);
        CheckRef(Unlocked([&] { return UpdateTag(dataset, name, ref); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("reference"));
  module.def(
      "delete_tag",
      [](const Dataset& dataset, const std::string& name) {
        CheckRef(Unlocked([&] { return DeleteTag(dataset, name); }));
      },
      nb::arg("dataset"), nb::arg("name"));
  module.def(
      "replace_tag_metadata",
      [](const Dataset& dataset, const std::string& name, const StringMap& metadata) {
        CheckRef(Unlocked([&] { return ReplaceTagMetadata(dataset, name, metadata); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("metadata"));
}

void BindBranches(nb::module_& module) {
  module.def(
      "create_branch",
      [](const Dataset& dataset, const std::string& name, const nb::dict& reference) -> Opened {
        VersionRef ref = RefFromPython(reference);
        return Unwrap(Unlocked([&] { return CreateBranch(dataset, name, ref); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("reference"));
  module.def(
      "delete_branch",
      [](const Dataset& dataset, const std::string& name, bool force) {
        CheckRef(Unlocked([&] { return DeleteBranch(dataset, name, force); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("force"));
  module.def(
      "replace_branch_metadata",
      [](const Dataset& dataset, const std::string& name, const StringMap& metadata) {
        CheckRef(Unlocked([&] { return ReplaceBranchMetadata(dataset, name, metadata); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("metadata"));
}

using RowsBetween = Result<std::shared_ptr<arrow::RecordBatchReader>> (*)(const Dataset&,
                                                                          const VersionRange&);

void BindRowsBetween(nb::module_& module, const char* name, RowsBetween rows) {
  module.def(
      name,
      [rows](const Dataset& dataset, uint64_t begin, uint64_t end) {
        return StreamCapsule(Unwrap(Unlocked([&] { return rows(dataset, {begin, end}); }), PyExc_OSError));
      },
      nb::arg("dataset"), nb::arg("begin"), nb::arg("end"));
}

}  // namespace

void BindRefs(nb::module_& module) {
  BindTags(module);
  BindBranches(module);
  module.def(
      "restore",
      [](const Dataset& dataset, const nb::dict& options) -> Opened {
        CheckKeys(options, {"commit_lock"}, "restore");
        const CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return Restore(dataset, commit); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("options"));
  module.def(
      "shallow_clone",
      [](const Dataset& dataset, const std::string& target, const nb::dict& reference,
         StringMap storage_options) -> Opened {
        auto options = CloneOptionsFromPython(reference, std::move(storage_options));
        return Unwrap(Unlocked([&] { return ShallowClone(dataset, target, options); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("target"), nb::arg("reference"), nb::arg("storage_options"));
  module.def(
      "deep_clone",
      [](const Dataset& dataset, const std::string& target, const nb::dict& reference,
         StringMap storage_options) -> Opened {
        auto options = CloneOptionsFromPython(reference, std::move(storage_options));
        return Unwrap(Unlocked([&] { return DeepClone(dataset, target, options); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("target"), nb::arg("reference"), nb::arg("storage_options"));
  module.def(
      "add_bases",
      [](const Dataset& dataset, nb::list bases, const nb::dict& options) -> Opened {
        auto parsed = BasesFromPython(bases);
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return AddBases(dataset, parsed, commit); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("bases"), nb::arg("options"));
  BindRowsBetween(module, "inserted_rows", &InsertedRows);
  BindRowsBetween(module, "updated_rows", &UpdatedRows);
  BindRowsBetween(module, "deleted_row_ids", &DeletedRowIds);
}

}  // namespace lance::python
