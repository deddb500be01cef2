#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/dataset/mutate/merge_insert/key_index.h"
#include "lance/mutate.h"
#include "lance/schema/schema.h"

namespace lance::dataset {

/// The rows to merge, in memory, and where their keys are. Fits one schema of the table.
struct MergeSource {
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<std::string> on;       ///< key columns by the table's names
  std::unique_ptr<KeyIndex> keys;    ///< over `rows`
  std::vector<std::string> missing;  ///< columns of the table that the source does not have

  arrow::ArrayVector KeysOf(const arrow::RecordBatch& batch) const;
};

/// The key columns that `on` names, without regard to case where that is needed; by default the unenforced
/// primary key. Errors: InvalidArgument in the reference's words.
Result<std::vector<std::string>> ResolveKeys(const schema::Schema& table, const std::vector<std::string>& on);

/// Reads the whole stream. Fails on no content.
Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(arrow::RecordBatchReader& reader);

/// Checks that the rows fit the table and hashes their keys. Errors: InvalidArgument, NotSupported.
Result<MergeSource> MakeMergeSource(std::shared_ptr<arrow::RecordBatch> rows, const schema::Schema& table,
                                    const MergeInsertOptions& options);

}  // namespace lance::dataset
