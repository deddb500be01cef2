// The native half of lance_cpp. Everything here is private: lance_cpp/*.py is the API.
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "bindings.h"
#include "convert.h"
#include "expression_sql.h"
#include "schema_values.h"

NB_MODULE(_native, module) {
  namespace nb = nanobind;
  using namespace lance::python;  // NOLINT: names of the binding
  nb::set_leak_warnings(false);   // interpreters may exit while readers are alive
  BindDataset(module);
  BindFile(module);
  BindStore(module);
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
