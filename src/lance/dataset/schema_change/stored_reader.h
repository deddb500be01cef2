#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"
#include "lance/table/snapshot.h"

namespace arrow {
class RecordBatchReader;
}

namespace lance::dataset {

struct StoredRowsOptions {
  file::BlobHandling blobs = file::BlobHandling::kBytes;
  uint64_t batch_rows = 0;  ///< at most so many rows a batch; 0: by bytes
};

/// Reads the live rows of fragments (of the snapshot's own manifest), in order, as they are stored: JSON
/// stays JSONB, blobs come as their bytes. A batch never spans fragments. `columns` may leave out members of
/// structs. Decodes ahead of the caller in the session's threads.
Result<std::shared_ptr<arrow::RecordBatchReader>> ReadStoredRows(
    const std::shared_ptr<const table::Snapshot>& snapshot, std::vector<const table::Fragment*> fragments,
    const schema::Schema& columns, const StoredRowsOptions& options = {});

}  // namespace lance::dataset
