#include "lance/dataset/refs/resolve_ref.h"

namespace lance::dataset {

Result<std::shared_ptr<Dataset>> ResolveRef(const Dataset& dataset, const VersionRef& version) {
  VersionRef wanted = version;
  const bool nothing = !version.number && !version.tag && !version.branch && !version.as_of;
  if (nothing) wanted.number = dataset.version();
  return dataset.Checkout(wanted);
}

}  // namespace lance::dataset
