#pragma once

#include <nanobind/nanobind.h>

namespace lance::python {

void BindDataset(nanobind::module_& module);        // dataset.cc: Session, Dataset, Scanner
void BindEvents(nanobind::module_& module);         // events.cc: what happens, for logs and traces
void BindFile(nanobind::module_& module);           // file.cc: FileReader
void BindFileWriter(nanobind::module_& module);     // file_writer.cc: FileWriter
void BindSql(nanobind::module_& module);            // sql.cc: run_sql
void BindStore(nanobind::module_& module);          // store.cc: ObjectStore, OpenObject
void BindWrite(nanobind::module_& module);          // write.cc: rows in, transactions
void BindFragment(nanobind::module_& module);       // fragment.cc: changes to single fragments
void BindMutate(nanobind::module_& module);         // mutate.cc: delete, update, merge-insert
void BindSchemaChange(nanobind::module_& module);   // schema_change.cc: columns, metadata
void BindMaintenance(nanobind::module_& module);    // maintenance.cc: compaction, cleanup
void BindVectorIndex(nanobind::module_& module);    // vector_index.cc: building vector indices
void BindIndexSegments(nanobind::module_& module);  // index_segments.cc: segments that were built apart
void BindScalarIndex(nanobind::module_& module);    // scalar_index.cc: building scalar indices
void BindRefs(nanobind::module_& module);  // refs.cc: tags, branches, clones, changes between versions

}  // namespace lance::python
