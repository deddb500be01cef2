#pragma once

#include "convert.h"
#include "lance/schema/schema.h"
#include "lance/table/manifest.h"
#include "lance/table/operation.h"

// The inverse of schema_values.h: from the dicts that lance_cpp/_dataset/native_values.py makes. Values of a
// wrong type raise TypeError; all of it needs the GIL.
namespace lance::python {

schema::Schema SchemaFromPython(nb::handle values);
table::DataFile DataFileFromPython(nb::handle values);
table::Fragment FragmentFromPython(nb::handle values);
std::vector<table::Fragment> FragmentsFromPython(nb::handle values);
table::BasePath BasePathFromPython(nb::handle values);
table::IndexMetadata IndexFromPython(nb::handle values);

/// {"kind": "Append", ...}: the members are named as in the reference's LanceOperation classes.
table::Operation OperationFromPython(nb::handle values);
nb::dict OperationToPython(const table::Operation& operation);

nb::list FragmentsToPython(const std::vector<table::Fragment>& fragments);

}  // namespace lance::python
