#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "output/sinks.h"

namespace lance::cli {

namespace {

class ArrowSink final : public RowSink {
 public:
  explicit ArrowSink(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer) : writer_(std::move(writer)) {}
  arrow::Status Write(const arrow::RecordBatch& batch) override { return writer_->WriteRecordBatch(batch); }
  arrow::Status Close() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

class ParquetSink final : public RowSink {
 public:
  explicit ParquetSink(std::unique_ptr<parquet::arrow::FileWriter> writer) : writer_(std::move(writer)) {}
  arrow::Status Write(const arrow::RecordBatch& batch) override {
    return batch.num_rows() == 0 ? arrow::Status::OK() : writer_->WriteRecordBatch(batch);
  }
  arrow::Status Close() override { return writer_->Close(); }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

SinkResult MakeArrowSink(bool file, StreamPtr stream, const SchemaPtr& schema) {
  ARROW_ASSIGN_OR_RAISE(auto writer, file ? arrow::ipc::MakeFileWriter(std::move(stream), schema)
                                          : arrow::ipc::MakeStreamWriter(std::move(stream), schema));
  return std::make_unique<ArrowSink>(std::move(writer));
}

SinkResult MakeParquetSink(StreamPtr stream, const SchemaPtr& schema) {
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ARROW_ASSIGN_OR_RAISE(
      auto writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), std::move(stream),
                                                    properties, arrow_properties));
  return std::make_unique<ParquetSink>(std::move(writer));
}

}  // namespace lance::cli
