#include <arrow/api.h>

#include "lance/index/row_moves.h"
#include "lance/index/vector/format/names.h"
#include "lance/index/vector/rq/ex_codes.h"
#include "lance/index/vector/rq/sign_codes.h"
#include "lance/index/vector/segment.h"

namespace lance::index {
namespace {

// The values of a column of fixed-size lists, as one piece of memory.
Result<std::shared_ptr<arrow::Buffer>> ListValues(const arrow::Array& column, std::string_view name,
                                                  uint64_t row_bytes) {
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(column);
  const std::shared_ptr<arrow::ArrayData>& values = list.values()->data();
  const int width = values->type->byte_width();
  const auto skip = (list.value_offset(0) + values->offset) * width;
  const auto bytes = static_cast<int64_t>(row_bytes) * column.length();
  const bool there = values->buffers.size() == 2 && values->buffers[1] != nullptr &&
                     values->buffers[1]->size() >= skip + bytes;
  LANCE_CHECK_BYTES(there, "column {} holds less than {} bytes", name, bytes);
  return arrow::SliceBuffer(values->buffers[1], skip, bytes);
}

Result<std::vector<float>> Floats(const arrow::RecordBatch& batch, const char* name) {
  const auto column = batch.GetColumnByName(name);
  LANCE_CHECK_BYTES(column->type_id() == arrow::Type::FLOAT, "column {} is {}", name,
                    column->type()->ToString());
  const float* values = static_cast<const arrow::FloatArray&>(*column).raw_values();
  return std::vector<float>(values, values + column->length());
}

// Bytes [columns][rows] from [rows][columns], or back with the sizes exchanged.
Result<std::shared_ptr<arrow::Buffer>> Transpose(const arrow::Buffer& from, size_t rows, size_t columns) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(from.size()));
  uint8_t* to = out->mutable_data();
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) to[c * rows + r] = from.data()[r * columns + c];
  }
  return out;
}

// A copy of memory of its own: a slice would keep the whole read alive.
Result<std::shared_ptr<arrow::Buffer>> Own(const std::shared_ptr<arrow::Buffer>& from) {
  return from->CopySlice(0, from->size());
}

}  // namespace

uint64_t Partition::memory_bytes() const {
  uint64_t bytes = sizeof(*this) + row_ids.size() * 8 + later_bytes;
  if (codes != nullptr) bytes += static_cast<uint64_t>(codes->size());
  if (ex_codes != nullptr) bytes += static_cast<uint64_t>(ex_codes->size());
  bytes += 4 * (factors.add.size() + factors.scale.size() + factors.error.size() + factors.add_ex.size() +
                factors.scale_ex.size());
  if (graph != nullptr) bytes += graph->memory_bytes();
  return bytes;
}

uint64_t VectorSegment::row_bytes() const {
  switch (header_.kind.quantizer) {
    case Quantizer::kFlat:
      return 8 + dimension_ * ElementSize(element_);
    case Quantizer::kSq:
      return 8 + dimension_;
    case Quantizer::kPq:
      return 8 + quantizer_.pq().code_bytes();
    default:
      return 28 + quantizer_.code_dimension / 8 * (1 + quantizer_.rq().ex_bits());
  }
}

Result<std::vector<std::shared_ptr<Partition>>> VectorSegment::Read(std::span<const uint32_t> partitions,
                                                                    const RowMoves* moves) const {
  std::vector<std::shared_ptr<Partition>> out;
  std::vector<uint32_t> with_rows;
  std::vector<Partition*> parts;
  for (const uint32_t partition : partitions) {
    out.push_back(std::make_shared<Partition>());
    out.back()->num_rows = rows_.lengths[partition];
    if (out.back()->num_rows == 0) continue;
    with_rows.push_back(partition);
    parts.push_back(out.back().get());
  }
  ARROW_RETURN_NOT_OK(ReadCodes(with_rows, parts));
  if (header_.kind.sub_index == SubIndex::kHnsw) ARROW_RETURN_NOT_OK(ReadGraphs(with_rows, parts));
  if (moves == nullptr) return out;
  for (const auto& partition : out) {
    for (uint64_t& id : partition->row_ids) id = moves->Find(id).value_or(kNoRow);
  }
  return out;
}

Status VectorSegment::ReadCodes(std::span<const uint32_t> partitions, std::span<Partition* const> out) const {
  const Quantizer quantizer = header_.kind.quantizer;
  const std::string_view code_column = CodeColumn(quantizer);
  std::vector<std::string_view> columns = {kRowIdColumn, code_column};
  const schema::Schema& schema = auxiliary_file_->schema();
  std::string_view ex_column;
  const bool errors = schema.FindTopLevel(kRqErrorColumn) != nullptr;
  if (quantizer == Quantizer::kRq) {
    columns.insert(columns.end(), {kRqAddColumn, kRqScaleColumn});
    if (errors) columns.push_back(kRqErrorColumn);
    if (quantizer_.rq().ex_bits() > 0) {
      ex_column = schema.FindTopLevel(kRqExColumn) != nullptr ? kRqExColumn : kRqSequentialExColumn;
      columns.insert(columns.end(), {kRqAddExColumn, kRqScaleExColumn, ex_column});
    }
  }
  std::vector<RowRange> ranges;
  for (const uint32_t partition : partitions) ranges.push_back(rows_.rows(partition));
  ARROW_ASSIGN_OR_RAISE(const auto batches, auxiliary_file_->ReadColumns(columns, ranges));
  for (size_t i = 0; i < out.size(); ++i) {
    ARROW_RETURN_NOT_OK(
        WithContext(ParseCodes(*batches[i], ex_column, out[i]), fmt::format("partition {}", partitions[i])));
  }
  return Status::OK();
}

Status VectorSegment::ParseCodes(const arrow::RecordBatch& batch, std::string_view ex_column,
                                 Partition* out) const {
  const Quantizer quantizer = header_.kind.quantizer;
  const std::string_view code_column = CodeColumn(quantizer);
  const auto& ids = static_cast<const arrow::UInt64Array&>(*batch.column(0));
  out->row_ids.assign(ids.raw_values(), ids.raw_values() + ids.length());
  const size_t rows = out->num_rows;
  const bool graph = header_.kind.sub_index == SubIndex::kHnsw;
  switch (quantizer) {
    case Quantizer::kFlat: {
      ARROW_ASSIGN_OR_RAISE(auto values,
                            ListValues(*batch.column(1), code_column, dimension_ * ElementSize(element_)));
      ARROW_ASSIGN_OR_RAISE(out->codes, Own(values));
      return Status::OK();
    }
    case Quantizer::kSq: {
      ARROW_ASSIGN_OR_RAISE(auto values, ListValues(*batch.column(1), code_column, dimension_));
      ARROW_ASSIGN_OR_RAISE(out->codes, Own(values));
      return Status::OK();
    }
    case Quantizer::kPq: {
      const size_t width = quantizer_.pq().code_bytes();
      ARROW_ASSIGN_OR_RAISE(auto values, ListValues(*batch.column(1), code_column, width));
      if (HasPqTerms()) out->later_bytes = rows * sizeof(float);
      // A graph walks from row to row, a scan along the columns.
      if (quantizer_.pq().transposed == !graph) {
        ARROW_ASSIGN_OR_RAISE(out->codes, Own(values));
      } else if (graph) {
        ARROW_ASSIGN_OR_RAISE(out->codes, Transpose(*values, width, rows));
      } else {
        ARROW_ASSIGN_OR_RAISE(out->codes, Transpose(*values, rows, width));
      }
      return Status::OK();
    }
    default:
      break;
  }
  const RqMetadata& rq = quantizer_.rq();
  const size_t width = quantizer_.code_dimension / 8;
  ARROW_ASSIGN_OR_RAISE(auto values, ListValues(*batch.column(1), code_column, width));
  if (rq.packed) {
    ARROW_ASSIGN_OR_RAISE(out->codes, UnpackSignCodes(*values, rows, width));
  } else {
    ARROW_ASSIGN_OR_RAISE(out->codes, Transpose(*values, rows, width));
  }
  ARROW_ASSIGN_OR_RAISE(out->factors.add, Floats(batch, kRqAddColumn));
  ARROW_ASSIGN_OR_RAISE(out->factors.scale, Floats(batch, kRqScaleColumn));
  if (batch.GetColumnByName(kRqErrorColumn) != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out->factors.error, Floats(batch, kRqErrorColumn));
  }
  if (rq.ex_bits() == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(out->factors.add_ex, Floats(batch, kRqAddExColumn));
  ARROW_ASSIGN_OR_RAISE(out->factors.scale_ex, Floats(batch, kRqScaleExColumn));
  const auto ex = batch.GetColumnByName(std::string(ex_column));
  const bool blocked = ex_column == kRqExColumn;
  const uint64_t ex_bytes = blocked ? BlockedExBytes(quantizer_.code_dimension, rq.ex_bits())
                                    : (quantizer_.code_dimension * rq.ex_bits() + 7) / 8;
  const auto& type = *ex->type();
  LANCE_CHECK_BYTES(
      type.id() == arrow::Type::FIXED_SIZE_LIST &&
          static_cast<uint64_t>(static_cast<const arrow::FixedSizeListType&>(type).list_size()) == ex_bytes &&
          type.field(0)->type()->id() == arrow::Type::UINT8,
      "column {} is {}, not {} bytes a row", ex_column, type.ToString(), ex_bytes);
  ARROW_ASSIGN_OR_RAISE(values, ListValues(*ex, ex_column, ex_bytes));
  return UnpackExCodes(*values, rows, quantizer_.code_dimension, rq.ex_bits(), blocked).Value(&out->ex_codes);
}

Status VectorSegment::ReadGraphs(std::span<const uint32_t> partitions,
                                 std::span<Partition* const> out) const {
  std::vector<RowRange> ranges;
  for (const uint32_t partition : partitions) ranges.push_back(graph_rows_.rows(partition));
  ARROW_ASSIGN_OR_RAISE(const auto batches,
                        index_file_->ReadColumns({kVectorIdColumn, kNeighborsColumn}, ranges));
  for (size_t i = 0; i < out.size(); ++i) {
    auto graph = HnswGraph::Make(graphs_[partitions[i]], *batches[i], out[i]->num_rows);
    ARROW_RETURN_NOT_OK(WithContext(graph.status(), fmt::format("partition {}", partitions[i])));
    out[i]->graph = *std::move(graph);
  }
  return Status::OK();
}

}  // namespace lance::index
