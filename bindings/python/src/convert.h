#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/scanner.h"

namespace arrow {
class Array;
class Buffer;
class RecordBatchReader;
class Schema;
class Table;
}  // namespace arrow

namespace lance::python {

namespace nb = nanobind;

/// Throws the Python exception for a failed status; needs the GIL. `invalid` is the class for a wrong
/// argument (ValueError, but OSError where the reference raises that).
[[noreturn]] void Raise(const arrow::Status& status, PyObject* invalid = PyExc_ValueError);

inline void Check(const arrow::Status& status, PyObject* invalid = PyExc_ValueError) {
  if (!status.ok()) Raise(status, invalid);
}

template <typename T>
T Unwrap(arrow::Result<T> result, PyObject* invalid = PyExc_ValueError) {
  if (!result.ok()) Raise(result.status(), invalid);
  return std::move(result).ValueUnsafe();
}

/// Runs native work without the GIL.
template <typename Work>
auto Unlocked(Work&& work) {
  nb::gil_scoped_release released;
  return work();
}

/// PyCapsules of the Arrow C data interface ("arrow_schema", "arrow_array_stream"), consumed by any pyarrow.
nb::object SchemaCapsule(const arrow::Schema& schema);
nb::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader);
nb::object StreamCapsule(std::shared_ptr<arrow::Table> table);

/// Takes over an object with `__arrow_c_array__` / `__arrow_c_schema__`.
std::shared_ptr<arrow::Array> ImportArray(nb::handle object);
std::shared_ptr<arrow::Schema> ImportSchema(nb::handle object);

/// Registers Arrow's compute functions, once: before anything here uses them, not at import, which they would
/// make half as long again.
void EnsureCompute();

nb::bytes ToBytes(const arrow::Buffer& buffer);

/// A Python object that native threads may hold and drop: its reference is released under the GIL.
std::shared_ptr<nb::object> HoldAcrossThreads(nb::object object);

/// Builds scan options from the dict that the Python layer passes; unknown keys are a TypeError.
ScanOptions ToScanOptions(const nb::dict& options);

}  // namespace lance::python
