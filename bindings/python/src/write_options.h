#pragma once

#include <arrow/record_batch.h>

#include "convert.h"
#include "lance/write.h"
#include "table_values.h"

// What the functions that make versions have in common: their options, from dicts of keyword arguments.
// Missing and None mean the default; unknown keys are a TypeError.
namespace lance::python {

WriteOptions WriteOptionsFromPython(const nb::dict& options);
CommitSettings CommitSettingsFromPython(const nb::dict& options);
DataFileSettings DataFileSettingsFromPython(const nb::dict& options);
std::vector<DatasetBase> BasesFromPython(nb::handle bases);

/// Takes over what an object's `__arrow_c_stream__` gives. Reading may run Python: read it without the GIL
/// held.
std::shared_ptr<arrow::RecordBatchReader> ImportReader(nb::handle object);

/// Lets go of a reader where it may wait for, or run, Python.
class ForeignReader {
 public:
  explicit ForeignReader(nb::handle object) : reader_(ImportReader(object)) {}
  ~ForeignReader() {
    nb::gil_scoped_release released;
    reader_.reset();
  }
  ForeignReader(const ForeignReader&) = delete;
  ForeignReader& operator=(const ForeignReader&) = delete;
  arrow::RecordBatchReader& operator*() const { return *reader_; }
  const std::shared_ptr<arrow::RecordBatchReader>& shared() const { return reader_; }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
};

/// Fails when the dict has keys beside `known`.
void CheckKeys(const nb::dict& options, std::initializer_list<const char*> known, const char* where);

/// options[key] unless it is missing or None.
template <typename T>
void Take(const nb::dict& options, const char* key, T* out) {
  if (!options.contains(key)) return;
  nb::object value = options[key];
  if (!value.is_none()) *out = nb::cast<T>(value);
}
template <typename T>
void Take(const nb::dict& options, const char* key, std::optional<T>* out) {
  if (!options.contains(key)) return;
  nb::object value = options[key];
  if (!value.is_none()) *out = nb::cast<T>(value);
}

/// "KeyError: 'x'" of an exception that Python code raised.
std::string TextOf(nb::python_error& error);

nb::dict TransactionToPython(const table::CommitRequest& request);
Transaction TransactionFromPython(const nb::dict& values);

}  // namespace lance::python
