#pragma once

#include <functional>

#include "convert.h"
#include "lance/vector_index.h"

namespace lance::python {

/// Calls a Python callable with (event, stage, completed, total, unit), which must outlive the function.
std::function<arrow::Status(const IndexBuildProgress&)> ProgressFromPython(nb::handle callback);

}  // namespace lance::python
