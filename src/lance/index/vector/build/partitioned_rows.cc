#include "lance/index/vector/build/partitioned_rows.h"

#include <cstring>
#include <numeric>

namespace lance::index {

PartitionedRows::PartitionedRows(size_t num_partitions, size_t code_bytes, const BuildContext& context)
    : code_bytes_(code_bytes),
      shuffle_(num_partitions, code_bytes + sizeof(uint64_t), context.memory_budget_bytes,
               context.temporary_directory) {}

Status PartitionedRows::Append(std::span<const uint32_t> partitions, const uint64_t* row_ids,
                               const uint8_t* codes) {
  const size_t record_bytes = code_bytes_ + sizeof(uint64_t);
  records_.resize(partitions.size() * record_bytes);
  for (size_t row = 0; row < partitions.size(); ++row) {
    uint8_t* record = records_.data() + row * record_bytes;
    std::memcpy(record, codes + row * code_bytes_, code_bytes_);
    std::memcpy(record + code_bytes_, row_ids + row, sizeof(uint64_t));
  }
  return shuffle_.Append(partitions, records_.data());
}

uint64_t PartitionedRows::num_rows() const {
  return std::accumulate(shuffle_.counts().begin(), shuffle_.counts().end(), uint64_t{0});
}

Result<PartitionRecords> PartitionedRows::Read(size_t partition) const {
  const size_t count = shuffle_.counts()[partition], record_bytes = code_bytes_ + sizeof(uint64_t);
  LANCE_CHECK_ARG(count <= UINT32_MAX, "a partition of {} rows is too large", count);
  std::vector<uint8_t> rows(count * record_bytes);
  ARROW_RETURN_NOT_OK(shuffle_.Read(partition, rows.data()));
  PartitionRecords out;
  out.row_ids.resize(count);
  for (size_t row = 0; row < count; ++row) {
    const uint8_t* record = rows.data() + row * record_bytes;
    std::memcpy(&out.row_ids[row], record + code_bytes_, sizeof(uint64_t));
    std::memmove(rows.data() + row * code_bytes_, record, code_bytes_);
  }
  rows.resize(count * code_bytes_);
  out.records = std::move(rows);
  return out;
}

}  // namespace lance::index
