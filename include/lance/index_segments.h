#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/export.h"
#include "lance/vector_index.h"
#include "lance/write.h"

namespace lance {

class Dataset;

/// Distributed builds: workers call BuildVectorIndexSegment or BuildScalarIndexSegment over fragments of
/// their own; somebody may merge groups of the segments; somebody commits all of them as one index.
///
/// Writes one segment of the rows of several that were built over other fragments of the same column, those
/// that are gone left out; not committed. Vector segments must have been built with the same parameters,
/// centroids, codebook (PQ) and rotation (RQ); segments of SQ with other bounds get common ones, and graphs
/// are built anew. One segment alone is given back as it is. Memory: one partition, or what sorting takes.
/// Errors: InvalidArgument where the segments are none, overlap or differ in column, kind, metric or model.
LANCE_EXPORT arrow::Result<IndexSegment> MergeIndexSegments(const Dataset& dataset,
                                                            const std::vector<IndexSegment>& segments,
                                                            const CommitSettings& commit = {});

/// Makes segments the index `name` over `column`, or adds them to it. Segments of that index whose fragments
/// are all among the new ones' give way; the others stay. Vector segments may have models of their own but
/// agree in kind and metric. Fragments that a compaction replaced since the build are not covered: their rows
/// are searched without the index until OptimizeIndices. Errors: InvalidArgument where segments are none,
/// overlap, are of another column, kind or metric, or would leave fragments of a segment uncovered;
/// AlreadyExists where the name belongs to another column; CommitConflict.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CommitIndexSegments(
    const Dataset& dataset, const std::string& name, const std::string& column,
    const std::vector<IndexSegment>& segments, const CommitSettings& commit = {});

/// Reads an index into the session's index cache, as far as it has room: pages of scalar indices, partitions
/// of vector indices. `segments`: their uuids; default all. Errors: NotFound, NotSupported for other kinds.
LANCE_EXPORT arrow::Status PrewarmIndex(const Dataset& dataset, const std::string& name,
                                        const std::optional<std::vector<std::string>>& segments = {});

}  // namespace lance
