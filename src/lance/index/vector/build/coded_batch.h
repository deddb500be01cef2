#pragma once

#include <cstdint>
#include <memory>

#include "lance/base/status.h"
#include "lance/index/vector/build/partitioned_rows.h"
#include "lance/index/vector/build/row_coder.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
class Schema;
}  // namespace arrow

namespace lance::index {

/// How codes of PQ travel between the steps of a build that is distributed: the columns _rowid,
/// __ivf_part_id and __pq_code, as the reference has them.
std::shared_ptr<arrow::Schema> CodedSchema(size_t code_bytes);
std::shared_ptr<arrow::RecordBatch> ToCodedBatch(CodedRows rows, size_t code_bytes);

/// One row a partition: a list of rows of CodedSchema.
std::shared_ptr<arrow::Schema> PartitionListSchema(size_t code_bytes);
std::shared_ptr<arrow::RecordBatch> ToPartitionList(uint32_t partition, PartitionRecords rows,
                                                    size_t code_bytes);

/// Bytes a code of a stream of either schema has. Errors: InvalidArgument where it is neither.
Result<size_t> CodeBytesOf(const arrow::Schema& schema);
/// Appends all rows of a stream of either schema. Errors: InvalidArgument on nulls, and on partitions that
/// there are not.
Status AppendCoded(arrow::RecordBatchReader& reader, PartitionedRows* rows);

}  // namespace lance::index
