#include "convert.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "lance/commit_error.h"
#include "lance/error.h"

namespace lance::python {
namespace {

PyObject* ExceptionOf(ErrorKind kind, PyObject* invalid) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return invalid;
    case ErrorKind::kNotFound:
      return invalid;
    case ErrorKind::kNotSupported:
      return PyExc_NotImplementedError;
    case ErrorKind::kResourceExhausted:
      return PyExc_MemoryError;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kCorruption:
    case ErrorKind::kCommitConflict:
    case ErrorKind::kCommitStateUnknown:
    case ErrorKind::kThrottled:
    case ErrorKind::kIOError:
      return PyExc_OSError;
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      return PyExc_RuntimeError;
  }
  return PyExc_RuntimeError;
}

// What people search for in messages of the reference, put before ours.
const char* PrefixOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "Invalid user input: ";
    case ErrorKind::kNotSupported:
      return "Not supported: ";
    case ErrorKind::kCorruption:
      return "Encountered corrupt data: ";
    case ErrorKind::kInternal:
      return "Internal error: ";
    default:
      return "";
  }
}

// " for version 7" where a message speaks of "version 7": the reference names it first.
std::string VersionIn(const std::string& message) {
  constexpr std::string_view kWord = "version ";
  size_t start = message.find(kWord);
  if (start == std::string::npos) return "";
  start += kWord.size();
  size_t end = message.find_first_not_of("0123456789", start);
  return end == start ? "" : " for version " + message.substr(start, end - start);
}

// Holds a reader so that letting go of it, which may wait for worker threads, never happens under the GIL:
// one of those threads may be waiting for the GIL to call back.
class UnlockedReader : public arrow::RecordBatchReader {
 public:
  explicit UnlockedReader(std::shared_ptr<arrow::RecordBatchReader> reader) : reader_(std::move(reader)) {}
  ~UnlockedReader() override { Drop(); }
  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return reader_->ReadNext(batch);
  }
  arrow::Status Close() override { return reader_->Close(); }

 private:
  void Drop() {
    if (Py_IsInitialized() && PyGILState_Check()) {
      nb::gil_scoped_release released;
      reader_.reset();
    } else {
      reader_.reset();
    }
  }
  std::shared_ptr<arrow::RecordBatchReader> reader_;
};

void DropStream(PyObject* capsule) noexcept {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

void DropSchema(PyObject* capsule) noexcept {
  auto* schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsule, "arrow_schema"));
  if (schema->release != nullptr) schema->release(schema);
  delete schema;
}

template <typename T>
T* FromCapsule(nb::handle capsule, const char* name) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<T*>(pointer);
}

}  // namespace

void Raise(const arrow::Status& status, PyObject* invalid) {
  ErrorKind kind = KindOf(status).value_or(ErrorKind::kInternal);
  // A URI that no store serves is for the caller to fix, and a ValueError at the reference.
  if (status.message().find("No object store provider found") != std::string::npos) {
    kind = ErrorKind::kInvalidArgument;
  }
  std::string message = PrefixOf(kind) + status.message();
  if (kind == ErrorKind::kCommitConflict) {
    nb::object type = nb::module_::import_("lance_cpp.commit").attr("CommitConflictError");
    bool retryable = IsRetryable(status);
    message =
        (retryable ? "Retryable commit conflict" : "Commit conflict") + VersionIn(message) + ": " + message;
    PyErr_SetObject(type.ptr(), type(message, retryable).ptr());
  } else {
    PyErr_SetString(ExceptionOf(kind, invalid), message.c_str());
  }
  throw nb::python_error();
}

nb::object SchemaCapsule(const arrow::Schema& schema) {
  auto exported = std::make_unique<ArrowSchema>();
  Check(arrow::ExportSchema(schema, exported.get()));
  PyObject* capsule = PyCapsule_New(exported.get(), "arrow_schema", DropSchema);
  if (capsule == nullptr) {
    exported->release(exported.get());
    throw nb::python_error();
  }
  exported.release();
  return nb::steal(capsule);
}

nb::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader) {
  auto exported = std::make_unique<ArrowArrayStream>();
  Check(arrow::ExportRecordBatchReader(std::make_shared<UnlockedReader>(std::move(reader)), exported.get()));
  PyObject* capsule = PyCapsule_New(exported.get(), "arrow_array_stream", DropStream);
  if (capsule == nullptr) {
    exported->release(exported.get());
    throw nb::python_error();
  }
  exported.release();
  return nb::steal(capsule);
}

nb::object StreamCapsule(std::shared_ptr<arrow::Table> table) {
  return StreamCapsule(std::make_shared<arrow::TableBatchReader>(std::move(table)));
}

std::shared_ptr<arrow::Array> ImportArray(nb::handle object) {
  nb::tuple capsules = nb::cast<nb::tuple>(object.attr("__arrow_c_array__")());
  auto* schema = FromCapsule<ArrowSchema>(capsules[0], "arrow_schema");
  auto* array = FromCapsule<ArrowArray>(capsules[1], "arrow_array");
  return Unwrap(arrow::ImportArray(array, schema));
}

std::shared_ptr<arrow::Schema> ImportSchema(nb::handle object) {
  nb::object capsule = object.attr("__arrow_c_schema__")();
  return Unwrap(arrow::ImportSchema(FromCapsule<ArrowSchema>(capsule, "arrow_schema")));
}

void EnsureCompute() {
  static const arrow::Status initialized = arrow::compute::Initialize();
  Check(initialized);
}

nb::bytes ToBytes(const arrow::Buffer& buffer) {
  return nb::bytes(buffer.data(), static_cast<size_t>(buffer.size()));
}

std::shared_ptr<nb::object> HoldAcrossThreads(nb::object object) {
  return {new nb::object(std::move(object)), [](nb::object* held) {
            if (!Py_IsInitialized()) return;  // leaked on purpose: the interpreter is gone
            nb::gil_scoped_acquire locked;
            delete held;
          }};
}

}  // namespace lance::python
