// Writing rows and committing transactions.
#include "lance/write.h"

#include "bindings.h"
#include "lance/dataset/make_dataset.h"
#include "lance/table/commit.h"
#include "lance/table/transaction.h"
#include "schema_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

using Opened = std::shared_ptr<Dataset>;

Opened Written(nb::handle reader, nb::handle destination, const nb::dict& options) {
  WriteOptions parsed = WriteOptionsFromPython(options);
  ForeignReader rows(reader);
  if (nb::isinstance<Dataset>(destination)) {
    const auto& dataset = nb::cast<const Dataset&>(destination);
    return Unwrap(Unlocked([&] { return WriteDataset(*rows, dataset, parsed); }), PyExc_OSError);
  }
  auto uri = nb::cast<std::string>(destination);
  return Unwrap(Unlocked([&] { return WriteDataset(*rows, uri, parsed); }), PyExc_OSError);
}

nb::dict Fragments(nb::handle reader, nb::handle destination, const nb::dict& options) {
  WriteOptions parsed = WriteOptionsFromPython(options);
  ForeignReader rows(reader);
  auto write = [&]() -> Result<UncommittedFragments> {
    if (nb::isinstance<Dataset>(destination)) {
      const auto& dataset = nb::cast<const Dataset&>(destination);
      return Unlocked([&] { return WriteFragments(*rows, dataset, parsed); });
    }
    auto uri = nb::cast<std::string>(destination);
    return Unlocked([&] { return WriteFragments(*rows, uri, parsed); });
  };
  UncommittedFragments written = Unwrap(write(), PyExc_OSError);
  nb::list fragments;
  for (const auto& fragment : written.fragments) fragments.append(FragmentToPython(fragment.impl()));
  nb::dict out;
  out["fragments"] = fragments;
  out["transaction"] = TransactionToPython(written.transaction.impl());
  return out;
}

Opened Commit(nb::handle destination, const nb::dict& transaction, const nb::dict& options) {
  Transaction parsed = TransactionFromPython(transaction);
  WriteOptions write = WriteOptionsFromPython(options);
  if (nb::isinstance<Dataset>(destination)) {
    const auto& dataset = nb::cast<const Dataset&>(destination);
    return Unwrap(Unlocked([&] { return CommitTransaction(dataset, parsed, write.commit); }), PyExc_OSError);
  }
  auto uri = nb::cast<std::string>(destination);
  return Unwrap(Unlocked([&] { return CommitTransaction(uri, parsed, write); }), PyExc_OSError);
}

}  // namespace

void BindWrite(nb::module_& module) {
  module.def("write_dataset", &Written, nb::arg("reader"), nb::arg("destination"), nb::arg("options"));
  module.def("write_fragments", &Fragments, nb::arg("reader"), nb::arg("destination"), nb::arg("options"));
  module.def("commit_transaction", &Commit, nb::arg("destination"), nb::arg("transaction"),
             nb::arg("options"));
}

}  // namespace lance::python
