#include "lance/scan/exec/take_reader.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/base/row_address.h"
#include "lance/scan/exec/compute.h"

namespace lance::scan {
namespace {

// Rows of one fragment, addresses ascending and distinct.
RowRanges ToRanges(std::span<const uint64_t> addresses) {
  RowRanges ranges;
  for (uint64_t address : addresses) AppendRange(&ranges, {RowAddress{address}.offset(), 1});
  return ranges;
}

}  // namespace

Result<FragmentReader*> TakeReader::Fragment(uint64_t address) {
  const uint32_t id = RowAddress{address}.fragment_id();
  std::lock_guard lock(mutex_);
  std::shared_ptr<FragmentReader>& slot = fragments_[id];
  if (slot == nullptr) {
    const table::Fragment* fragment = context_->snapshot->FindFragment(id);
    if (fragment == nullptr) {
      fragments_.erase(id);
      return InvalidArgument("rowaddr {} belongs to non-existent fragment: {}", address, id);
    }
    Result<std::shared_ptr<FragmentReader>> opened = FragmentReader::Open(context_, *fragment);
    if (!opened.ok()) {
      fragments_.erase(id);
      return opened.status();
    }
    slot = std::move(*opened);
  }
  return slot.get();
}

Result<std::vector<std::shared_ptr<arrow::Array>>> TakeReader::ReadSorted(std::span<const uint64_t> addresses,
                                                                          std::span<const int> columns) {
  const bool needs_offsets = std::any_of(columns.begin(), columns.end(), [&](int column) {
    return context_->columns.columns[column].source == ColumnSource::kRowOffset;
  });
  std::vector<arrow::ArrayVector> pieces(columns.size());
  size_t begin = 0;
  while (begin < addresses.size()) {
    const uint32_t id = RowAddress{addresses[begin]}.fragment_id();
    size_t end = begin;
    while (end < addresses.size() && RowAddress{addresses[end]}.fragment_id() == id) ++end;
    const std::span<const uint64_t> group = addresses.subspan(begin, end - begin);
    ARROW_ASSIGN_OR_RAISE(FragmentReader * reader, Fragment(group.front()));
    const RowRanges rows = ToRanges(group);
    if (rows.back().end() > reader->physical_rows()) {
      return InvalidArgument("row {} does not exist in fragment {} with {} addressable rows",
                             rows.back().end() - 1, id, reader->physical_rows());
    }
    uint64_t before = 0;
    if (needs_offsets) {
      const std::vector<table::Fragment>& all = context_->snapshot->manifest().fragments;
      ARROW_ASSIGN_OR_RAISE(auto starts, context_->snapshot->LiveRowStarts());
      before = (*starts)[static_cast<size_t>(&reader->fragment() - all.data())];
    }
    ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::Array>> arrays,
                          reader->Read(columns, rows, before));
    for (size_t i = 0; i < columns.size(); ++i) pieces[i].push_back(std::move(arrays[i]));
    begin = end;
  }
  std::vector<std::shared_ptr<arrow::Array>> out(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (pieces[i].size() == 1) {
      out[i] = std::move(pieces[i].front());
    } else if (pieces[i].empty()) {
      ARROW_ASSIGN_OR_RAISE(out[i],
                            arrow::MakeEmptyArray(context_->columns.columns[columns[i]].arrow->type()));
    } else {
      ARROW_ASSIGN_OR_RAISE(out[i], arrow::Concatenate(pieces[i]));
    }
  }
  return out;
}

Result<std::vector<std::shared_ptr<arrow::Array>>> TakeReader::Read(std::span<const uint64_t> addresses,
                                                                    std::span<const int> columns) {
  // Strictly ascending addresses, the common case, need no second pass over the values.
  if (std::adjacent_find(addresses.begin(), addresses.end(), std::greater_equal<>()) == addresses.end()) {
    return ReadSorted(addresses, columns);
  }
  std::vector<uint64_t> sorted(addresses.begin(), addresses.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::Array>> arrays, ReadSorted(sorted, columns));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                        arrow::AllocateBuffer(static_cast<int64_t>(addresses.size() * sizeof(int32_t))));
  auto* out = reinterpret_cast<int32_t*>(positions->mutable_data());
  if (sorted.size() > static_cast<size_t>(INT32_MAX)) {
    return InvalidArgument("one take of {} rows is too many: take at most 2^31 - 1", sorted.size());
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    out[i] =
        static_cast<int32_t>(std::lower_bound(sorted.begin(), sorted.end(), addresses[i]) - sorted.begin());
  }
  const arrow::Int32Array indices(static_cast<int64_t>(addresses.size()), std::move(positions));
  EnsureCompute();
  for (std::shared_ptr<arrow::Array>& array : arrays) {
    ARROW_ASSIGN_OR_RAISE(
        array, arrow::compute::Take(*array, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
  }
  return arrays;
}

}  // namespace lance::scan
