#pragma once

#include <memory>
#include <string>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/schema_change/column_files.h"
#include "lance/dataset/schema_change/schema_edit.h"
#include "lance/write.h"

namespace lance::dataset {

/// The version that new data files of a table have.
Result<file::Version> WriteVersionOf(const table::Snapshot& snapshot);

/// Refuses a change that rows of a memory-held write log (a MemWAL index) would not take part in.
Status RefuseMemWal(const table::Snapshot& snapshot, const std::string& why);

/// Commits a Merge of new columns: `schema` is the table's new one. Files are removed when the commit fails
/// for certain.
Result<std::shared_ptr<Dataset>> CommitNewColumns(const table::Snapshot& snapshot, schema::Schema schema,
                                                  NewColumnFiles files, const FragmentWriterOptions& options,
                                                  const CommitSettings& commit);

/// Adds the columns of `values`, whose rows are the live rows of the table in scan order: checks the names,
/// writes the files and commits.
Result<std::shared_ptr<Dataset>> AddColumnValues(const Dataset& dataset, arrow::RecordBatchReader& values,
                                                 const DataFileSettings& files, const CommitSettings& commit);

}  // namespace lance::dataset
