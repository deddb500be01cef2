#pragma once

#include <memory>

#include <arrow/result.h>

#include "output/row_sink.h"

namespace lance::cli {

// One factory a format; MakeSink chooses.
using StreamPtr = std::shared_ptr<arrow::io::OutputStream>;
using SchemaPtr = std::shared_ptr<arrow::Schema>;
using SinkResult = arrow::Result<std::unique_ptr<RowSink>>;

SinkResult MakeDelimitedSink(char delimiter, bool header, StreamPtr stream, const SchemaPtr& schema);
SinkResult MakeJsonSink(bool lines, StreamPtr stream, const SchemaPtr& schema);
SinkResult MakeTableSink(const OutputOptions& options, StreamPtr stream, const SchemaPtr& schema);
SinkResult MakeArrowSink(bool file, StreamPtr stream, const SchemaPtr& schema);
SinkResult MakeParquetSink(StreamPtr stream, const SchemaPtr& schema);

}  // namespace lance::cli
