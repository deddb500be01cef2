#include "lance/index/vector/build/shuffle.h"

#include <algorithm>
#include <cstring>

namespace lance::index {

Shuffle::Shuffle(size_t num_partitions, size_t record_bytes, uint64_t memory_budget_bytes,
                 std::string directory)
    : record_bytes_(record_bytes), directory_(std::move(directory)), counts_(num_partitions) {
  // Sorting needs the records twice.
  budget_ = std::max<uint64_t>(memory_budget_bytes / 2, record_bytes * 1024);
}

std::vector<uint32_t> Shuffle::SortHeld(std::vector<uint8_t>* sorted) const {
  std::vector<uint32_t> starts(counts_.size() + 1, 0);
  for (const uint32_t partition : held_partitions_) ++starts[partition + 1];
  for (size_t p = 0; p < counts_.size(); ++p) starts[p + 1] += starts[p];
  std::vector<uint32_t> next(starts.begin(), starts.end() - 1);
  sorted->resize(held_.size());
  for (size_t i = 0; i < held_partitions_.size(); ++i) {
    std::memcpy(sorted->data() + size_t{next[held_partitions_[i]]++} * record_bytes_,
                held_.data() + i * record_bytes_, record_bytes_);
  }
  return starts;
}

Status Shuffle::Spill() {
  if (!file_.is_open()) ARROW_RETURN_NOT_OK(file_.Open(directory_));
  std::vector<uint8_t> sorted;
  Part part;
  part.offset = file_.size();
  part.starts = SortHeld(&sorted);
  ARROW_RETURN_NOT_OK(file_.Append(sorted));
  parts_.push_back(std::move(part));
  held_.clear();
  held_partitions_.clear();
  return Status::OK();
}

Status Shuffle::Append(std::span<const uint32_t> partitions, const uint8_t* records) {
  for (const uint32_t partition : partitions) ++counts_[partition];
  held_partitions_.insert(held_partitions_.end(), partitions.begin(), partitions.end());
  held_.insert(held_.end(), records, records + partitions.size() * record_bytes_);
  return held_.size() >= budget_ ? Spill() : Status::OK();
}

Status Shuffle::Finish() {
  if (!parts_.empty()) {
    if (!held_partitions_.empty()) ARROW_RETURN_NOT_OK(Spill());
    held_ = {};
  } else {
    std::vector<uint8_t> sorted;
    held_starts_ = SortHeld(&sorted);
    held_ = std::move(sorted);
  }
  held_partitions_ = {};
  return Status::OK();
}

Status Shuffle::Read(size_t partition, uint8_t* out) const {
  if (parts_.empty()) {
    const size_t first = size_t{held_starts_[partition]} * record_bytes_;
    std::copy_n(held_.data() + first, counts_[partition] * record_bytes_, out);
    return Status::OK();
  }
  for (const Part& part : parts_) {
    const size_t count = part.starts[partition + 1] - part.starts[partition];
    ARROW_RETURN_NOT_OK(file_.Read(part.offset + uint64_t{part.starts[partition]} * record_bytes_,
                                   {out, count * record_bytes_}));
    out += count * record_bytes_;
  }
  return Status::OK();
}

}  // namespace lance::index
