#include "lance/table/deletion.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lance/base/checked_math.h"
#include "lance/table/roaring_runs.h"

namespace lance::table {
namespace {

std::vector<DeletionVector::Run> ToRuns(const RowRanges& ranges) {
  std::vector<DeletionVector::Run> runs;
  runs.reserve(ranges.size());
  uint64_t before = 0;
  for (const RowRange& range : ranges) {
    runs.push_back({range.start, range.end(), before});
    before += range.length;
  }
  return runs;
}

// What an IPC file may make Arrow allocate: its lengths are claims. Offsets compress well, not a
// thousandfold.
int64_t MemoryLimit(size_t file_bytes) {
  return (int64_t{64} << 20) + static_cast<int64_t>(file_bytes) * 256;
}

Result<std::shared_ptr<arrow::RecordBatch>> ReadOnlyBatch(std::span<const uint8_t> bytes,
                                                          arrow::MemoryPool* pool) {
  arrow::io::BufferReader file(
      std::make_shared<arrow::Buffer>(bytes.data(), static_cast<int64_t>(bytes.size())));
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.max_recursion_depth = 4;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(&file, options));
  LANCE_CHECK_BYTES(reader->num_record_batches() == 1, "expected one batch, found {}",
                    reader->num_record_batches());
  const arrow::Schema& schema = *reader->schema();
  LANCE_CHECK_BYTES(schema.num_fields() == 1 && schema.field(0)->name() == "row_id" &&
                        schema.field(0)->type()->id() == arrow::Type::UINT32 && !schema.field(0)->nullable(),
                    "expected one non-null uint32 column row_id, found {}", schema.ToString());
  ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(0));
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  return batch;
}

}  // namespace

DeletionVector::DeletionVector(std::vector<Run> runs) : runs_(std::move(runs)) {
  if (runs_.empty()) return;
  count_ = runs_.back().deleted_before + runs_.back().end - runs_.back().start;
  const uint64_t words = CeilDiv(end(), 64);
  if (words * sizeof(uint64_t) > runs_.size() * sizeof(Run)) return;
  bitmap_.resize(words);
  for (const Run& run : runs_) {
    for (uint64_t offset = run.start; offset < run.end;) {
      const uint64_t bit = offset % 64;
      const uint64_t length = std::min<uint64_t>(64 - bit, run.end - offset);
      bitmap_[offset / 64] |= (length == 64 ? ~uint64_t{0} : (uint64_t{1} << length) - 1) << bit;
      offset += length;
    }
  }
}

Result<std::shared_ptr<const DeletionVector>> DeletionVector::FromArrowFile(std::span<const uint8_t> bytes) {
  // The proxy counts what is allocated through it alone: of another pool, the cap counts the whole process.
  arrow::ProxyMemoryPool own(arrow::default_memory_pool());
  arrow::CappedMemoryPool pool(&own, MemoryLimit(bytes.size()));
  auto batch = ReadOnlyBatch(bytes, &pool);
  if (!batch.ok()) return Corruption("not a deletion file: {}", batch.status().message());
  const auto& column = static_cast<const arrow::UInt32Array&>(*(*batch)->column(0));
  LANCE_CHECK_BYTES(column.null_count() == 0, "a deletion file must not hold nulls");
  return FromOffsets({column.raw_values(), column.raw_values() + column.length()});
}

Result<std::shared_ptr<const DeletionVector>> DeletionVector::FromRoaring(std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(RowRanges ranges, ParseRoaring(bytes));
  return std::shared_ptr<const DeletionVector>(new DeletionVector(ToRuns(ranges)));
}

std::shared_ptr<const DeletionVector> DeletionVector::FromOffsets(std::vector<uint32_t> offsets) {
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  RowRanges ranges;
  for (const uint32_t offset : offsets) AppendRange(&ranges, {offset, 1});
  return std::shared_ptr<const DeletionVector>(new DeletionVector(ToRuns(ranges)));
}

uint64_t DeletionVector::memory_bytes() const {
  return sizeof(*this) + runs_.size() * sizeof(Run) + bitmap_.size() * 8;
}

bool DeletionVector::ContainsByRun(uint64_t offset) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), offset,
                                [](uint64_t value, const Run& run) { return value < run.start; });
  return after != runs_.begin() && offset < std::prev(after)->end;
}

uint64_t DeletionVector::CountBelow(uint64_t offset) const {
  auto after = std::lower_bound(runs_.begin(), runs_.end(), offset,
                                [](const Run& run, uint64_t value) { return run.start < value; });
  if (after == runs_.begin()) return 0;
  const Run& run = *std::prev(after);
  return run.deleted_before + std::min(offset, run.end) - run.start;
}

uint64_t DeletionVector::PhysicalOffset(uint64_t position) const {
  // start - deleted_before is the number of live rows before a run; the runs with at most `position` of them
  // lie before the row.
  auto after = std::upper_bound(runs_.begin(), runs_.end(), position, [](uint64_t value, const Run& run) {
    return value < run.start - run.deleted_before;
  });
  if (after == runs_.begin()) return position;
  const Run& run = *std::prev(after);
  return position + run.deleted_before + (run.end - run.start);
}

void DeletionVector::AppendLive(RowRange physical, RowRanges* out) const {
  uint64_t at = physical.start;
  const uint64_t end = physical.end();
  auto run = std::lower_bound(runs_.begin(), runs_.end(), at,
                              [](const Run& candidate, uint64_t value) { return candidate.end <= value; });
  for (; run != runs_.end() && run->start < end; ++run) {
    if (run->start > at) AppendRange(out, {at, run->start - at});
    at = run->end;
  }
  if (at < end) AppendRange(out, {at, end - at});
}

void DeletionVector::AppendPhysical(RowRange live, RowRanges* out) const {
  if (live.length == 0) return;
  const uint64_t first = PhysicalOffset(live.start);
  AppendLive({first, PhysicalOffset(live.end() - 1) + 1 - first}, out);
}

}  // namespace lance::table
