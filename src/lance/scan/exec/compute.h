#pragma once

namespace lance::scan {

/// Registers Arrow's kernels, once a process. Call before arrow::compute functions; cheap afterwards.
void EnsureCompute();

}  // namespace lance::scan
