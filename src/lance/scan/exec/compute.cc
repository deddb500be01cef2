#include "lance/scan/exec/compute.h"

#include <arrow/compute/initialize.h>

namespace lance::scan {

void EnsureCompute() {
  static const bool done = [] {
    // A failure shows as an unknown function at the first call, with a message that says so.
    (void)arrow::compute::Initialize();
    return true;
  }();
  (void)done;
}

}  // namespace lance::scan
