#include "lance/scan/exec/selection.h"

#include <bit>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/bitmap_reader.h>

#include "lance/scan/exec/compute.h"
#include "lance/scan/exec/gather.h"
#include "lance/simd/set_bits.h"

namespace lance::scan {

bool Selection::all() const { return count == mask->length(); }

int64_t Selection::CountRuns() const {
  arrow::internal::BitmapUInt64Reader words(mask->values()->data(), mask->offset(), mask->length());
  int64_t runs = 0;
  uint64_t before = 0;  // the last bit of the word before
  for (int64_t left = mask->length(); left > 0; left -= 64) {
    const uint64_t word = words.NextWord();
    runs += std::popcount(word & ~(word << 1 | before));
    before = word >> 63;
  }
  return runs;
}

Result<Selection> MakeSelection(const std::shared_ptr<arrow::Array>& outcome) {
  if (outcome->type_id() != arrow::Type::BOOL) {
    return InvalidArgument("the filter has type {}, it must be boolean", outcome->type()->ToString());
  }
  auto mask = std::static_pointer_cast<arrow::BooleanArray>(outcome);
  if (mask->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> bits,
        arrow::internal::BitmapAnd(arrow::default_memory_pool(), mask->values()->data(), mask->offset(),
                                   mask->null_bitmap_data(), mask->offset(), mask->length(), 0));
    mask = std::make_shared<arrow::BooleanArray>(mask->length(), std::move(bits));
  }
  Selection selection{mask, 0};
  selection.count = arrow::internal::CountSetBits(mask->values()->data(), mask->offset(), mask->length());
  return selection;
}

RowRanges SelectRows(const Selection& selection, std::span<const RowRange> rows) {
  RowRanges out;
  out.reserve(static_cast<size_t>(selection.CountRuns()));
  arrow::internal::SetBitRunReader runs(selection.mask->values()->data(), selection.mask->offset(),
                                        selection.mask->length());
  size_t range = 0;
  uint64_t range_first = 0;  // mask position of rows[range]
  for (auto run = runs.NextRun(); run.length > 0; run = runs.NextRun()) {
    auto position = static_cast<uint64_t>(run.position);
    auto left = static_cast<uint64_t>(run.length);
    while (left > 0) {
      while (position >= range_first + rows[range].length) range_first += rows[range++].length;
      const uint64_t inside = position - range_first;
      const uint64_t take = std::min(left, rows[range].length - inside);
      AppendRange(&out, {rows[range].start + inside, take});
      position += take;
      left -= take;
    }
  }
  return out;
}

namespace {

// Fills selection.positions. False where the mask does not start at a byte of its own.
bool FindPositions(const Selection& selection) {
  if (selection.mask->offset() != 0 || selection.mask->length() > UINT32_MAX) return false;
  std::vector<uint32_t>& positions = selection.positions;
  if (!positions.empty()) return true;
  positions.resize(static_cast<size_t>(selection.count) + simd::kSetBitsSlack);
  positions.resize(simd::ListSetBits(selection.mask->values()->data(),
                                     static_cast<size_t>(selection.mask->length()), positions.data()));
  return true;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> SelectAddresses(const Selection& selection, uint64_t first) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> addresses,
                        arrow::AllocateBuffer(selection.count * static_cast<int64_t>(sizeof(uint64_t))));
  auto* out = reinterpret_cast<uint64_t*>(addresses->mutable_data());
  if (FindPositions(selection)) {
    for (const uint32_t position : selection.positions) *out++ = first + position;
  } else {
    for (int64_t row = 0; row < selection.mask->length(); ++row) {
      if (selection.mask->Value(row)) *out++ = first + static_cast<uint64_t>(row);
    }
  }
  return std::make_shared<arrow::UInt64Array>(selection.count, std::move(addresses));
}

Result<std::shared_ptr<arrow::Array>> SelectValues(const Selection& selection,
                                                   const std::shared_ptr<arrow::Array>& array) {
  if (selection.all()) return array;
  if (FindPositions(selection)) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> gathered,
                          Gather(*array->data(), selection.positions));
    if (gathered != nullptr) return arrow::MakeArray(std::move(gathered));
  }
  EnsureCompute();
  ARROW_ASSIGN_OR_RAISE(arrow::Datum kept, arrow::compute::Filter(array, selection.mask));
  return kept.make_array();
}

}  // namespace lance::scan
