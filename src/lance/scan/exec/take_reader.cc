#include "lance/scan/exec/take_reader.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/base/row_address.h"
#include "lance/runtime/session.h"
#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/compute.h"
#include "lance/scan/exec/parallel_for.h"

namespace lance::scan {
namespace {

// Values (rows times columns) below which a piece is not worth a thread of its own.
constexpr size_t kMinPieceCells = 1024;

// Rows of one fragment, addresses ascending and distinct.
RowRanges ToRanges(std::span<const uint64_t> addresses) {
  RowRanges ranges;
  for (uint64_t address : addresses) AppendRange(&ranges, {RowAddress{address}.offset(), 1});
  return ranges;
}

// The distinct addresses, ascending; positions[i] is where addresses[i] is among them.
std::vector<uint64_t> SortDistinct(std::span<const uint64_t> addresses, int32_t* positions) {
  std::vector<std::pair<uint64_t, int32_t>> order(addresses.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = {addresses[i], static_cast<int32_t>(i)};
  if (!std::is_sorted(addresses.begin(), addresses.end())) std::sort(order.begin(), order.end());
  std::vector<uint64_t> distinct;
  distinct.reserve(order.size());
  for (const auto& [address, index] : order) {
    if (distinct.empty() || distinct.back() != address) distinct.push_back(address);
    positions[index] = static_cast<int32_t>(distinct.size() - 1);
  }
  return distinct;
}

}  // namespace

TakeReader::TakeReader(std::shared_ptr<const ReadContext> context)
    : context_(std::move(context)),
      needs_offsets_(context_->columns.Find(VirtualName(ColumnSource::kRowOffset)) >= 0) {}

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

struct TakeReader::Piece {
  FragmentReader* fragment = nullptr;
  std::span<const uint64_t> addresses;
  uint64_t live_rows_before = 0;
};

// One piece a fragment; large ones are cut so that threads share them.
Result<std::vector<TakeReader::Piece>> TakeReader::Split(std::span<const uint64_t> addresses,
                                                         size_t columns) {
  const table::Snapshot& snapshot = *context_->snapshot;
  runtime::ThreadPool* pool = snapshot.session()->thread_pool();
  size_t piece_rows = addresses.size();
  if (pool != nullptr) {
    const size_t threads = static_cast<size_t>(pool->num_threads());
    piece_rows =
        std::max(kMinPieceCells / std::max<size_t>(columns, 1), addresses.size() / (2 * threads) + 1);
  }
  std::vector<Piece> pieces;
  for (size_t begin = 0; begin < addresses.size();) {
    const uint32_t id = RowAddress{addresses[begin]}.fragment_id();
    // The rows of a fragment end before the first address of the next one.
    const auto last = std::upper_bound(addresses.begin() + static_cast<ptrdiff_t>(begin), addresses.end(),
                                       RowAddress::Of(id, UINT32_MAX).value);
    const size_t end = static_cast<size_t>(last - addresses.begin());
    Piece piece;
    ARROW_ASSIGN_OR_RAISE(piece.fragment, Fragment(addresses[begin]));
    if (RowAddress{addresses[end - 1]}.offset() >= piece.fragment->physical_rows()) {
      return InvalidArgument("row {} does not exist in fragment {} with {} addressable rows",
                             RowAddress{addresses[end - 1]}.offset(), id, piece.fragment->physical_rows());
    }
    if (needs_offsets_) {
      ARROW_ASSIGN_OR_RAISE(auto starts, snapshot.LiveRowStarts());
      const std::vector<table::Fragment>& all = snapshot.manifest().fragments;
      piece.live_rows_before = (*starts)[static_cast<size_t>(&piece.fragment->fragment() - all.data())];
    }
    for (; begin < end; begin += piece_rows) {
      piece.addresses = addresses.subspan(begin, std::min(piece_rows, end - begin));
      pieces.push_back(piece);
    }
    begin = end;
  }
  return pieces;
}

Result<std::vector<std::shared_ptr<arrow::ChunkedArray>>> TakeReader::ReadSorted(
    std::span<const uint64_t> addresses, std::span<const int> columns) {
  ARROW_ASSIGN_OR_RAISE(std::vector<Piece> pieces, Split(addresses, columns.size()));
  std::vector<std::vector<std::shared_ptr<arrow::Array>>> read(pieces.size());
  // Few cells are read faster than a thread wakes up.
  const bool parallel = addresses.size() * columns.size() > kMinPieceCells;
  ARROW_RETURN_NOT_OK(ParallelFor(parallel ? context_->snapshot->session()->thread_pool() : nullptr,
                                  pieces.size(), [&](size_t i) -> Status {
                                    const Piece& piece = pieces[i];
                                    return piece.fragment
                                        ->Read(columns, ToRanges(piece.addresses), piece.live_rows_before)
                                        .Value(&read[i]);
                                  }));
  std::vector<std::shared_ptr<arrow::ChunkedArray>> out(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    arrow::ArrayVector chunks;
    chunks.reserve(pieces.size());
    for (auto& arrays : read) chunks.push_back(std::move(arrays[i]));
    const auto& type = context_->columns.columns[columns[i]].arrow->type();
    out[i] = std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
  }
  return out;
}

Result<std::vector<std::shared_ptr<arrow::Array>>> TakeReader::Read(std::span<const uint64_t> addresses,
                                                                    std::span<const int> columns) {
  ARROW_ASSIGN_OR_RAISE(auto chunked, ReadChunked(addresses, columns));
  std::vector<std::shared_ptr<arrow::Array>> out(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (chunked[i]->num_chunks() == 1) {
      out[i] = chunked[i]->chunk(0);
    } else if (chunked[i]->num_chunks() == 0) {
      ARROW_ASSIGN_OR_RAISE(out[i], arrow::MakeEmptyArray(chunked[i]->type()));
    } else {
      ARROW_ASSIGN_OR_RAISE(out[i], arrow::Concatenate(chunked[i]->chunks()));
    }
  }
  return out;
}

Result<std::vector<std::shared_ptr<arrow::ChunkedArray>>> TakeReader::ReadChunked(
    std::span<const uint64_t> addresses, std::span<const int> columns) {
  // Strictly ascending addresses, the common case, need no second pass over the values.
  if (std::adjacent_find(addresses.begin(), addresses.end(), std::greater_equal<>()) == addresses.end()) {
    return ReadSorted(addresses, columns);
  }
  LANCE_CHECK_ARG(addresses.size() <= static_cast<size_t>(INT32_MAX),
                  "one take of {} rows is too many: take at most 2^31 - 1", addresses.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                        arrow::AllocateBuffer(static_cast<int64_t>(addresses.size() * sizeof(int32_t))));
  const std::vector<uint64_t> distinct =
      SortDistinct(addresses, reinterpret_cast<int32_t*>(positions->mutable_data()));
  ARROW_ASSIGN_OR_RAISE(auto arrays, ReadSorted(distinct, columns));
  const arrow::Int32Array indices(static_cast<int64_t>(addresses.size()), std::move(positions));
  EnsureCompute();
  for (std::shared_ptr<arrow::ChunkedArray>& array : arrays) {
    // Arrow takes from one chunk faster than from several.
    std::shared_ptr<arrow::Array> whole = array->num_chunks() == 1 ? array->chunk(0) : nullptr;
    if (whole == nullptr) {
      ARROW_ASSIGN_OR_RAISE(whole, arrow::Concatenate(array->chunks()));
    }
    ARROW_ASSIGN_OR_RAISE(
        whole, arrow::compute::Take(*whole, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    array = std::make_shared<arrow::ChunkedArray>(std::move(whole));
  }
  return arrays;
}

}  // namespace lance::scan
