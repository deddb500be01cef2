// Writing single data files: lance_cpp.file.LanceFileWriter.
#include "lance/file/file_writer.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/stl/unique_ptr.h>

#include "bindings.h"
#include "convert.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/store/object_store.h"

namespace lance::python {
namespace {

std::unique_ptr<file::FileWriter> Make(store::ObjectStore& store, const std::string& path, nb::handle schema,
                                       const std::string& version, std::optional<uint64_t> data_cache_bytes,
                                       std::optional<uint64_t> max_page_bytes) {
  auto lance_schema = Unwrap(schema::FromArrow(*ImportSchema(schema)));
  file::WriteOptions options;
  options.version = Unwrap(dataset::ParseStorageVersion(version));
  options.data_cache_bytes = data_cache_bytes.value_or(options.data_cache_bytes);
  options.max_page_bytes = max_page_bytes.value_or(options.max_page_bytes);
  return Unwrap(Unlocked([&]() -> Result<std::unique_ptr<file::FileWriter>> {
    ARROW_ASSIGN_OR_RAISE(auto object, store.Create(path));
    return file::FileWriter::Make(std::move(object), lance_schema, options);
  }));
}

std::shared_ptr<arrow::RecordBatch> ImportBatch(nb::handle object) {
  auto capsules = nb::cast<nb::tuple>(object.attr("__arrow_c_array__")());
  auto* schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsules[0].ptr(), "arrow_schema"));
  auto* array = static_cast<ArrowArray*>(PyCapsule_GetPointer(capsules[1].ptr(), "arrow_array"));
  if (schema == nullptr || array == nullptr) throw nb::python_error();
  return Unwrap(arrow::ImportRecordBatch(array, schema));
}

}  // namespace

void BindFileWriter(nb::module_& module) {
  nb::class_<file::FileWriter>(module, "FileWriter")
      .def_static("make", &Make, nb::arg("store"), nb::arg("path"), nb::arg("schema"), nb::arg("version"),
                  nb::arg("data_cache_bytes").none(), nb::arg("max_page_bytes").none())
      .def(
          "write_batch",
          [](file::FileWriter& self, nb::handle batch) {
            auto rows = ImportBatch(batch);
            Check(Unlocked([&] { return self.Write(*rows); }));
          },
          nb::arg("batch"))
      .def(
          "add_global_buffer",
          [](file::FileWriter& self, nb::bytes bytes) {
            auto* data = reinterpret_cast<const uint8_t*>(bytes.c_str());
            size_t size = bytes.size();
            return Unwrap(Unlocked([&] { return self.AddGlobalBuffer({data, size}); }));
          },
          nb::arg("bytes"))
      .def("add_schema_metadata", &file::FileWriter::AddSchemaMetadata, nb::arg("key"), nb::arg("value"))
      .def("finish",
           [](file::FileWriter& self) {
             auto written = Unwrap(Unlocked([&] { return self.Finish(); }));
             return nb::make_tuple(written.num_rows, written.size_bytes);
           })
      .def("abort", [](file::FileWriter& self) { Unlocked([&] { self.Abort(); }); });
}

}  // namespace lance::python
