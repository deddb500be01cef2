#include "lance/encoding/v2_0/ends.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {

RowRanges Ends::RowsToRead(std::span<const RowRange> rows) {
  RowRanges wanted;
  wanted.reserve(rows.size());
  uint64_t read_to = 0;  // the predecessor of a range may be the last row of the range before it
  for (const RowRange& range : rows) {
    const uint64_t start = std::max(range.start == 0 ? 0 : range.start - 1, read_to);
    AppendRange(&wanted, {start, range.end() - start});
    read_to = range.end();
  }
  return wanted;
}

Result<Ends> Ends::Make(std::shared_ptr<arrow::ArrayData> data, std::span<const RowRange> rows,
                        uint64_t null_adjustment) {
  const auto* raw = data->GetValues<uint64_t>(1);
  const auto count = static_cast<uint64_t>(data->length);
  Ends ends;
  ends.adjustment_ = null_adjustment;
  uint64_t at = 0, read_to = 0, last_end = 0, end_before = 0;
  for (const RowRange& range : rows) {
    Run run;
    run.rows = range.length;
    if (range.start == 0) {
      run.first = 0;
    } else if (range.start == read_to && read_to != 0) {
      run.first = last_end;  // continues the range before it
    } else {
      LANCE_CHECK_BYTES(at < count, "string offsets end early");
      run.first = ends.Plain(raw[at++]);
    }
    LANCE_CHECK_BYTES(range.length <= count - at, "string offsets end early");
    run.raw = raw + at;
    at += range.length;
    read_to = range.end();
    last_end = ends.Plain(run.raw[range.length - 1]);
    run.last = last_end;
    LANCE_CHECK_BYTES(run.last >= run.first && run.first >= end_before, "offsets descend: {}, {}, {}",
                      end_before, run.first, run.last);
    end_before = run.last;
    ends.runs_.push_back(run);
  }
  ends.keep_alive_ = std::move(data);
  return ends;
}

RowRanges Ends::ValueRanges() const {
  RowRanges out;
  for (const Run& run : runs_) AppendRange(&out, {run.first, run.last - run.first});
  return out;
}

Status Ends::AppendOffsets(ArrayOutput* out) {
  for (const Run& run : runs_) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t* ends, Normalize(run, out));
    ARROW_RETURN_NOT_OK(out->AppendOffsets(ends, run.rows, run.first));
  }
  return Status::OK();
}

/// Checks that the ends ascend and takes the adjustment off the nulls. Without nulls the stored ends are used
/// as they are.
Result<const uint64_t*> Ends::Normalize(const Run& run, ArrayOutput* out) {
  bool any_null = false, descends = false;
  uint64_t before = run.first;
  for (uint64_t i = 0; i < run.rows; ++i) {
    const uint64_t value = run.raw[i];
    any_null |= value >= adjustment_;
    descends |= value < before;
    before = value;
  }
  if (!any_null) {
    LANCE_CHECK_BYTES(!descends, "string offsets descend");
    out->validity().AppendConstant(true, run.rows);
    return run.raw;
  }
  scratch_.resize(run.rows);
  ARROW_ASSIGN_OR_RAISE(auto bits, runtime::AllocatePooled(CeilDiv(run.rows, 8)));
  uint8_t* bitmap = bits->mutable_data();
  std::memset(bitmap, 0, static_cast<size_t>(bits->size()));
  descends = false;
  before = run.first;
  for (uint64_t i = 0; i < run.rows; ++i) {
    const bool valid = run.raw[i] < adjustment_;
    const uint64_t value = run.raw[i] - (valid ? 0 : adjustment_);
    bitmap[i / 8] |= static_cast<uint8_t>(valid) << (i % 8);
    descends |= value < before;
    before = value;
    scratch_[i] = value;
  }
  LANCE_CHECK_BYTES(!descends, "string offsets descend");
  out->validity().Append(std::move(bits), 0, run.rows);
  return scratch_.data();
}

}  // namespace lance::encoding::v2_0
