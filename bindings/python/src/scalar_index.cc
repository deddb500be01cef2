// Scalar indices: building.
#include "lance/scalar_index.h"

#include "bindings.h"
#include "index_progress.h"
#include "lance/base/status.h"
#include "lance/dataset.h"
#include "schema_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

ScalarIndexOptions OptionsFromPython(const nb::dict& options) {
  CheckKeys(options,
            {"type", "name", "replace", "train", "page_rows", "fragments", "uuid", "memory_budget_bytes",
             "progress", "commit_lock"},
            "create_scalar_index");
  ScalarIndexOptions out;
  Take(options, "type", &out.type);
  Take(options, "name", &out.name);
  Take(options, "replace", &out.replace);
  Take(options, "train", &out.train);
  Take(options, "page_rows", &out.page_rows);
  Take(options, "fragments", &out.fragments);
  Take(options, "uuid", &out.uuid);
  Take(options, "memory_budget_bytes", &out.memory_budget_bytes);
  nb::object progress;
  Take(options, "progress", &progress);
  // The caller's dict keeps the callable alive.
  if (progress.is_valid()) out.progress = ProgressFromPython(progress);
  out.commit = CommitSettingsFromPython(options);
  return out;
}

}  // namespace

void BindScalarIndex(nb::module_& module) {
  module.def(
      "create_scalar_index",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const ScalarIndexOptions parsed = OptionsFromPython(options);
        return Unwrap(Unlocked([&] { return CreateScalarIndex(dataset, column, parsed); }));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
  module.def(
      "build_scalar_index_segment",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const ScalarIndexOptions parsed = OptionsFromPython(options);
        const IndexSegment segment =
            Unwrap(Unlocked([&] { return BuildScalarIndexSegment(dataset, column, parsed); }));
        return IndexToPython(*static_cast<const table::IndexMetadata*>(segment.impl().get()));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
}

}  // namespace lance::python
