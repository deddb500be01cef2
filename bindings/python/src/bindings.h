#pragma once

#include <nanobind/nanobind.h>

namespace lance::python {

void BindDataset(nanobind::module_& module);  // dataset.cc: Session, Dataset, Scanner
void BindFile(nanobind::module_& module);     // file.cc: FileReader
void BindSql(nanobind::module_& module);      // sql.cc: run_sql
void BindStore(nanobind::module_& module);    // store.cc: ObjectStore, OpenObject

}  // namespace lance::python
