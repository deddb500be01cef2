// Index segments: merging and committing those that were built apart; reading them ahead.
#include "lance/index_segments.h"

#include "bindings.h"
#include "lance/dataset.h"
#include "schema_values.h"
#include "table_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

std::vector<IndexSegment> SegmentsFromPython(const nb::list& values) {
  std::vector<IndexSegment> out;
  for (nb::handle value : values) {
    out.emplace_back(std::make_shared<const table::IndexMetadata>(IndexFromPython(value)));
  }
  return out;
}

}  // namespace

void BindIndexSegments(nb::module_& module) {
  module.def(
      "merge_index_segments",
      [](const Dataset& dataset, const nb::list& segments, const nb::dict& options) {
        EnsureCompute();
        const std::vector<IndexSegment> parsed = SegmentsFromPython(segments);
        const CommitSettings commit = CommitSettingsFromPython(options);
        const IndexSegment merged =
            Unwrap(Unlocked([&] { return MergeIndexSegments(dataset, parsed, commit); }));
        return IndexToPython(*static_cast<const table::IndexMetadata*>(merged.impl().get()));
      },
      nb::arg("dataset"), nb::arg("segments"), nb::arg("options"));
  module.def(
      "commit_index_segments",
      [](const Dataset& dataset, const std::string& name, const std::string& column, const nb::list& segments,
         const nb::dict& options) {
        const std::vector<IndexSegment> parsed = SegmentsFromPython(segments);
        const CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return CommitIndexSegments(dataset, name, column, parsed, commit); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("column"), nb::arg("segments"), nb::arg("options"));
  module.def(
      "prewarm_index",
      [](const Dataset& dataset, const std::string& name, std::optional<std::vector<std::string>> segments) {
        Check(Unlocked([&] { return PrewarmIndex(dataset, name, segments); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("segments").none());
}

}  // namespace lance::python
