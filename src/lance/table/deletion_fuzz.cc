#include <cstdlib>

#include "lance/table/deletion.h"

using lance::table::DeletionVector;

namespace {

// What the vector says about itself must agree.
void Check(const DeletionVector& vector) {
  uint64_t deleted = 0, end = 0;
  for (const DeletionVector::Run& run : vector.runs()) {
    if (run.start < end || run.end <= run.start || run.deleted_before != deleted) std::abort();
    if (!vector.Contains(run.start) || !vector.Contains(run.end - 1) || vector.Contains(run.end))
      std::abort();
    if (vector.CountBelow(run.end) != deleted + run.end - run.start) std::abort();
    deleted += run.end - run.start;
    end = run.end;
  }
  if (vector.count() != deleted) std::abort();
  for (const uint64_t position : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, end}) {
    const uint64_t offset = vector.PhysicalOffset(position);
    if (vector.Contains(offset) || offset - vector.CountBelow(offset) != position) std::abort();
  }
  lance::RowRanges ranges;
  vector.AppendLive({0, end}, &ranges);
  if (lance::CountRows(ranges) != end - deleted) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (auto vector = DeletionVector::FromRoaring({data, size}); vector.ok()) Check(**vector);
  if (auto vector = DeletionVector::FromArrowFile({data, size}); vector.ok()) Check(**vector);
  return 0;
}
