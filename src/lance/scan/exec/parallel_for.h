#pragma once

#include "lance/runtime/parallel_for.h"

namespace lance::scan {

using runtime::ParallelFor;

}  // namespace lance::scan
