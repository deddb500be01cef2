#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include "lance/export.h"
#include "lance/vector_index.h"

// IVF_PQ builds in steps that run in several places: code the vectors of some fragments, bring the codes into
// the order of partitions, make an index of them. Between the steps codes are streams, kept as the caller
// likes; Lance files of them can be exchanged with the reference.

namespace lance {

/// Assigns the vectors of `column` to partitions and codes them: a stream of _rowid (uint64), __ivf_part_id
/// (uint32) and __pq_code (fixed-size list of uint8), in the order of the table, without rows that have no
/// vector. `options` must have centroids and a codebook; `fragments` chooses rows. Works ahead by 32 MiB of
/// vectors, on the session's threads. Errors: InvalidArgument, NotSupported (names the type).
LANCE_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> TransformVectors(
    std::shared_ptr<const Dataset> dataset, const std::string& column, const VectorIndexOptions& options);

/// Sorts coded vectors by partition: a stream with a row for each partition, which is the list of its rows,
/// in the order they came. Reads `codes` to the end before it returns; holds memory_budget_bytes of them at
/// most, more goes to a temporary file. Errors: InvalidArgument where the stream is something else.
LANCE_EXPORT arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ShuffleVectors(
    arrow::RecordBatchReader& codes, uint64_t num_partitions, uint64_t memory_budget_bytes = 256 << 20);

/// Builds an IVF_PQ index of coded vectors, sorted or not, and commits it for the fragments of `options`
/// (default: all). `options` must have the centroids and the codebook that the codes were made with. Errors:
/// as CreateVectorIndex, and those of `codes`.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CreateVectorIndexFromCodes(
    const Dataset& dataset, const std::string& column, const VectorIndexOptions& options,
    arrow::RecordBatchReader& codes);

}  // namespace lance
