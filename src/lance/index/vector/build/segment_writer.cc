#include "lance/index/vector/build/segment_writer.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/vector/build/column_builders.h"
#include "lance/index/vector/format/ivf_model.h"
#include "lance/index/vector/format/names.h"
#include "lance/schema/schema.h"

namespace lance::index {
namespace {

// Rows of a graph that are made into arrays at once.
constexpr size_t kGraphRows = 16'384;
// Rows of auxiliary.idx handed to its writer at once.
constexpr int64_t kBatchRows = 65'536;

// Rows of some partitions make a page of each column, so that they lie side by side and are read whole; but
// no more pages than a reader goes through in a millisecond.
constexpr uint64_t kFewestBytes = 64 << 10;
constexpr uint64_t kMostBytes = 8 << 20;
constexpr uint64_t kGroups = 256;

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Result<std::unique_ptr<file::FileWriter>> OpenWriter(const SegmentTarget& target, const char* name,
                                                     const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(auto object, target.store->Create(target.folder + "/" + name, target.durability));
  ARROW_ASSIGN_OR_RAISE(const schema::Schema stored, schema::FromArrow(*schema));
  return file::FileWriter::Make(std::move(object), stored, target.files);
}

// The rows of partitions, and where they lie.
class AuxiliaryWriter {
 public:
  static Result<std::unique_ptr<AuxiliaryWriter>> Make(const SegmentContent& content,
                                                       const SegmentTarget& target) {
    auto out = std::unique_ptr<AuxiliaryWriter>(new AuxiliaryWriter);
    out->content_ = &content;
    arrow::FieldVector fields = {arrow::field(kRowIdColumn, arrow::uint64())};
    for (auto& field : content.encoder->fields()) fields.push_back(std::move(field));
    out->schema_ = arrow::schema(std::move(fields));
    out->row_bytes_ = content.encoder->record_bytes() + sizeof(uint64_t);
    out->group_bytes_ = std::clamp(content.num_rows * out->row_bytes_ / kGroups, kFewestBytes, kMostBytes);
    ARROW_ASSIGN_OR_RAISE(out->writer_, OpenWriter(target, kAuxiliaryFile, out->schema_));
    return out;
  }

  Status Add(const PartitionRecords& partition) {
    const size_t count = partition.row_ids.size();
    ivf_.AddPartition(static_cast<uint32_t>(count));
    if (count == 0) return Status::OK();
    std::vector<std::shared_ptr<arrow::Array>> columns = {RowIdColumn(partition.row_ids)};
    ARROW_ASSIGN_OR_RAISE(auto codes, content_->encoder->Columns(partition.records, count));
    for (auto& column : codes) columns.push_back(std::move(column));
    const auto batch = arrow::RecordBatch::Make(schema_, static_cast<int64_t>(count), std::move(columns));
    for (int64_t first = 0; first < batch->num_rows(); first += kBatchRows) {
      ARROW_RETURN_NOT_OK(writer_->Write(*batch->Slice(first, kBatchRows)));
    }
    held_bytes_ += count * row_bytes_;
    if (held_bytes_ < group_bytes_) return Status::OK();
    held_bytes_ = 0;
    return writer_->EndPages();
  }

  Result<file::WrittenFile> Finish() {
    ARROW_RETURN_NOT_OK(writer_->AddGlobalBuffer(AsBytes(SerializeIvfModel(ivf_))).status());
    const std::string further = content_->encoder->global_buffer();
    if (!further.empty()) ARROW_RETURN_NOT_OK(writer_->AddGlobalBuffer(AsBytes(further)).status());
    writer_->AddSchemaMetadata(kDistanceTypeKey, std::string(MetricName(content_->header.metric)));
    writer_->AddSchemaMetadata(kIvfKey, "1");
    writer_->AddSchemaMetadata(kStorageMetadataKey, SerializeStorageMetadata(content_->encoder->metadata()));
    return writer_->Finish();
  }

 private:
  AuxiliaryWriter() = default;
  const SegmentContent* content_ = nullptr;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<file::FileWriter> writer_;
  IvfModel ivf_;
  uint64_t row_bytes_ = 0;
  uint64_t group_bytes_ = 0;
  uint64_t held_bytes_ = 0;  // of partitions since the last page
};

std::shared_ptr<arrow::Schema> GraphSchema() {
  return arrow::schema(
      {arrow::field(kVectorIdColumn, arrow::uint32()),
       arrow::field(kNeighborsColumn, arrow::list(arrow::field("item", arrow::uint32()))),
       arrow::field(kNeighborDistancesColumn, arrow::list(arrow::field("item", arrow::float32())))});
}

std::shared_ptr<arrow::RecordBatch> GraphBatch(const BuiltGraph& graph, uint32_t level,
                                               std::span<const uint32_t> nodes) {
  std::vector<uint32_t> neighbors;
  std::vector<float> distances;
  std::vector<int32_t> offsets = {0};
  for (const uint32_t node : nodes) {
    const HnswLinks links = graph.LinksOf(node, level);
    neighbors.insert(neighbors.end(), links.neighbors.begin(), links.neighbors.end());
    distances.insert(distances.end(), links.distances.begin(), links.distances.end());
    offsets.push_back(static_cast<int32_t>(neighbors.size()));
  }
  const auto rows = static_cast<int64_t>(nodes.size()), links = static_cast<int64_t>(neighbors.size());
  const auto starts = arrow::Buffer::FromVector(std::move(offsets));
  const auto schema = GraphSchema();
  const auto list = [&](int column, std::shared_ptr<arrow::Array> values) {
    return std::make_shared<arrow::ListArray>(schema->field(column)->type(), rows, starts, std::move(values));
  };
  return arrow::RecordBatch::Make(
      schema, rows,
      {std::make_shared<arrow::UInt32Array>(
           rows, arrow::Buffer::FromVector(std::vector(nodes.begin(), nodes.end()))),
       list(1, std::make_shared<arrow::UInt32Array>(links, arrow::Buffer::FromVector(std::move(neighbors)))),
       list(2, std::make_shared<arrow::FloatArray>(links, arrow::Buffer::FromVector(std::move(distances))))});
}

// The sub-index: graphs, or nothing.
class IndexWriter {
 public:
  static Result<std::unique_ptr<IndexWriter>> Make(const SegmentContent& content,
                                                   const SegmentTarget& target) {
    auto out = std::unique_ptr<IndexWriter>(new IndexWriter);
    out->content_ = &content;
    const bool flat = content.header.kind.sub_index == SubIndex::kFlat;
    const auto schema =
        flat ? arrow::schema({arrow::field(kFlatMarkerColumn, arrow::uint64(), false)}) : GraphSchema();
    ARROW_ASSIGN_OR_RAISE(out->writer_, OpenWriter(target, kIndexFile, schema));
    return out;
  }

  Status Add(PartitionRecords partition) {
    if (content_->header.kind.sub_index == SubIndex::kFlat) {
      ivf_.AddPartition(0);
      return Status::OK();
    }
    const auto count = static_cast<uint32_t>(partition.row_ids.size());
    partition.row_ids = {};
    ARROW_ASSIGN_OR_RAISE(const auto distance, content_->distances(std::move(partition.records), count));
    ARROW_ASSIGN_OR_RAISE(const auto graph, BuiltGraph::Build(*distance, count, content_->hnsw));
    HnswMetadata metadata = graph->metadata();
    ivf_.AddPartition(static_cast<uint32_t>(metadata.level_offsets.back()));
    for (uint32_t level = 0; level < metadata.num_levels(); ++level) {
      const std::vector<uint32_t> nodes = graph->NodesOf(level);
      for (size_t first = 0; first < nodes.size(); first += kGraphRows) {
        const size_t rows = std::min(kGraphRows, nodes.size() - first);
        ARROW_RETURN_NOT_OK(
            writer_->Write(*GraphBatch(*graph, level, std::span(nodes).subspan(first, rows))));
      }
    }
    graphs_.push_back(std::move(metadata));
    return Status::OK();
  }

  Result<file::WrittenFile> Finish() {
    ivf_.centroids = content_->centroids;
    ivf_.loss = content_->loss;
    ARROW_RETURN_NOT_OK(writer_->AddGlobalBuffer(AsBytes(SerializeIvfModel(ivf_))).status());
    writer_->AddSchemaMetadata(kIndexKey, SerializeIndexHeader(content_->header));
    writer_->AddSchemaMetadata(kIvfKey, "1");
    if (content_->header.kind.sub_index == SubIndex::kFlat) {
      writer_->AddSchemaMetadata(kFlatKey, SerializeFlatPartitions(content_->num_partitions));
    } else {
      writer_->AddSchemaMetadata(kHnswKey, SerializeHnswMetadata(graphs_));
    }
    return writer_->Finish();
  }

 private:
  IndexWriter() = default;
  const SegmentContent* content_ = nullptr;
  std::unique_ptr<file::FileWriter> writer_;
  IvfModel ivf_;
  std::vector<HnswMetadata> graphs_;
};

Result<std::vector<table::IndexFile>> WriteFiles(const SegmentContent& content, const SegmentTarget& target) {
  ARROW_ASSIGN_OR_RAISE(const auto auxiliary, AuxiliaryWriter::Make(content, target));
  ARROW_ASSIGN_OR_RAISE(const auto index, IndexWriter::Make(content, target));
  for (size_t partition = 0; partition < content.num_partitions; ++partition) {
    ARROW_RETURN_NOT_OK(content.hnsw.cancellation.Check());
    ARROW_ASSIGN_OR_RAISE(PartitionRecords records, content.read(partition));
    ARROW_RETURN_NOT_OK(auxiliary->Add(records));
    ARROW_RETURN_NOT_OK(index->Add(std::move(records)));
    if (content.progress) ARROW_RETURN_NOT_OK(content.progress(partition + 1));
  }
  ARROW_ASSIGN_OR_RAISE(const file::WrittenFile first, auxiliary->Finish());
  ARROW_ASSIGN_OR_RAISE(const file::WrittenFile second, index->Finish());
  return std::vector<table::IndexFile>{{kIndexFile, second.size_bytes}, {kAuxiliaryFile, first.size_bytes}};
}

}  // namespace

Result<std::vector<table::IndexFile>> WriteSegment(const SegmentContent& content,
                                                   const SegmentTarget& target) {
  auto files = WriteFiles(content, target);
  if (!files.ok()) {  // unfinished files are gone already; a finished one may be left
    for (const char* name : {kIndexFile, kAuxiliaryFile}) {
      (void)target.store->Delete(target.folder + "/" + name);
    }
  }
  return files;
}

}  // namespace lance::index
