// Changes to single fragments, not committed.
#include <arrow/record_batch.h>
#include <nanobind/ndarray.h>

#include "bindings.h"
#include "lance/dataset/fragment/fragment_change.h"
#include "lance/table/row_ids.h"
#include "schema_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

nb::bytes Serialized(nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> ids) {
  std::string bytes = table::SerializeRowIds({ids.data(), ids.shape(0)});
  return nb::bytes(bytes.data(), bytes.size());
}

std::vector<uint64_t> Parsed(nb::bytes bytes) {
  auto sequence =
      Unwrap(table::RowIdSequence::Parse({reinterpret_cast<const uint8_t*>(bytes.c_str()), bytes.size()}));
  std::vector<uint64_t> ids(sequence->size());
  sequence->Read({0, ids.size()}, ids.data());
  return ids;
}

}  // namespace

void BindFragment(nb::module_& module) {
  module.def(
      "fragment_add_columns",
      [](const Dataset& dataset, uint64_t fragment_id, nb::handle reader) {
        ForeignReader values(reader);
        auto made = Unwrap(
            Unlocked([&] { return dataset::AddFragmentColumns(*dataset.snapshot(), fragment_id, *values); }));
        return nb::make_tuple(FragmentToPython(made.fragment), SchemaToPython(made.schema));
      },
      nb::arg("dataset"), nb::arg("fragment_id"), nb::arg("reader"));
  module.def(
      "fragment_replace_columns",
      [](const Dataset& dataset, uint64_t fragment_id, nb::handle reader) {
        ForeignReader values(reader);
        auto made = Unwrap(Unlocked(
            [&] { return dataset::ReplaceFragmentColumns(*dataset.snapshot(), fragment_id, *values); }));
        return nb::make_tuple(FragmentToPython(made.fragment), made.fields);
      },
      nb::arg("dataset"), nb::arg("fragment_id"), nb::arg("reader"));
  module.def(
      "fragment_delete_rows",
      [](const Dataset& dataset, uint64_t fragment_id, std::vector<uint64_t> offsets) -> nb::object {
        auto made = Unwrap(Unlocked([&] {
          return dataset::DeleteFragmentRows(*dataset.snapshot(), fragment_id, std::move(offsets));
        }));
        return made ? nb::object(FragmentToPython(*made)) : nb::none();
      },
      nb::arg("dataset"), nb::arg("fragment_id"), nb::arg("offsets"));
  module.def(
      "describe_data_file",
      [](const Dataset& dataset, const std::string& path, std::optional<uint32_t> base_id) {
        auto made =
            Unwrap(Unlocked([&] { return dataset::DescribeDataFile(*dataset.snapshot(), path, base_id); }));
        return nb::make_tuple(DataFileToPython(made.file), made.num_rows);
      },
      nb::arg("dataset"), nb::arg("path"), nb::arg("base_id").none());
  module.def("row_ids_to_inline", &Serialized, nb::arg("ids"));
  module.def("row_ids_from_inline", &Parsed, nb::arg("bytes"));
}

}  // namespace lance::python
