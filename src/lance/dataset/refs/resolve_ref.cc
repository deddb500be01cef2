#include "lance/dataset/refs/resolve_ref.h"

#include "lance/store/object_store.h"
#include "lance/table/table_snapshot.h"

namespace lance::dataset {

Result<ResolvedRef> ResolveRef(const Dataset& dataset, const VersionRef& version) {
  VersionRef wanted = version;
  const bool nothing = !version.number && !version.tag && !version.branch && !version.as_of;
  if (nothing) wanted.number = dataset.version();
  auto opened = dataset.Checkout(wanted);
  if (Is(opened.status(), ErrorKind::kNotFound) && wanted.number.has_value()) {
    const std::string branch = wanted.branch.value_or(dataset.snapshot()->manifest().branch.value_or("main"));
    return NotFound("Version not found error: version {}:{} does not exist", branch, *wanted.number);
  }
  ARROW_RETURN_NOT_OK(opened.status());
  const auto& snapshot = static_cast<const table::TableSnapshot&>(*(*opened)->snapshot());
  ResolvedRef out;
  out.branch = snapshot.manifest().branch;
  out.version = snapshot.manifest().version;
  ARROW_ASSIGN_OR_RAISE(store::ObjectInfo object, snapshot.object_store()->Head(snapshot.location().key()));
  out.manifest_size = object.size;
  out.dataset = std::move(*opened);
  return out;
}

}  // namespace lance::dataset
