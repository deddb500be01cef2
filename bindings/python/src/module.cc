// The native half of lance_cpp. Everything here is private: lance_cpp/*.py is the API.
#include <arrow/buffer.h>
#include <arrow/type.h>

#include <nanobind/ndarray.h>

#include "bindings.h"
#include "convert.h"
#include "expression_sql.h"
#include "schema_values.h"

namespace {

namespace nb = nanobind;

// Stores plain ints from 0 to 2^63 - 1; false when there is anything else, which Python then looks at.
bool FillIntegers(nb::list values, nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> out) {
  const size_t count = nb::len(values);
  if (out.shape(0) != count) return false;
  for (size_t i = 0; i < count; ++i) {
    PyObject* value = PyList_GET_ITEM(values.ptr(), static_cast<Py_ssize_t>(i));
    if (!PyLong_CheckExact(value)) return false;
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);  // NOLINT: its type
    if (overflow != 0 || number < 0) return false;
    out.data()[i] = number;
  }
  return true;
}

}  // namespace

NB_MODULE(_native, module) {
  using namespace lance::python;  // NOLINT: names of the binding
  nb::set_leak_warnings(false);   // interpreters may exit while readers are alive
  BindDataset(module);
  BindEvents(module);
  BindFile(module);
  BindFileWriter(module);
  BindStore(module);
  BindWrite(module);
  BindFragment(module);
  BindMutate(module);
  BindSchemaChange(module);
  BindMaintenance(module);
  BindRefs(module);
  BindVectorIndex(module);
  BindIndexSegments(module);
  BindScalarIndex(module);
  BindSql(module);
  module.def("fill_integers", &FillIntegers, nb::arg("values"), nb::arg("out"));
  module.def(
      "expression_to_sql",
      [](nb::bytes serialized, nb::object schema) {
        EnsureCompute();
        auto bytes = arrow::Buffer::FromString(std::string(serialized.c_str(), serialized.size()));
        return Unwrap(ExpressionToSql(std::move(bytes), *ImportSchema(schema)));
      },
      nb::arg("serialized"), nb::arg("schema"));
  module.def(
      "schema_from_arrow",
      [](nb::object schema) {
        return SchemaToPython(Unwrap(lance::schema::FromArrow(*ImportSchema(schema))));
      },
      nb::arg("schema"));
  module.def(
      "split_path", [](const std::string& path) { return Unwrap(lance::schema::SplitPath(path)); },
      nb::arg("path"));
}
