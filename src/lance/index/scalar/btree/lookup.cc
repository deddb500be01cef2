#include "lance/index/scalar/btree/lookup.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/scalar/btree/names.h"

namespace lance::index {
namespace {

Result<std::shared_ptr<arrow::Array>> Column(const arrow::RecordBatch& batch, const char* name) {
  auto column = batch.GetColumnByName(name);
  LANCE_CHECK_BYTES(column != nullptr, "column {} is missing", name);
  return column;
}

Result<std::vector<uint32_t>> Numbers(const arrow::RecordBatch& batch, const char* name) {
  ARROW_ASSIGN_OR_RAISE(const auto column, Column(batch, name));
  LANCE_CHECK_BYTES(column->type_id() == arrow::Type::UINT32 && column->null_count() == 0,
                    "column {} is {} with {} nulls, not uint32 without", name, column->type()->ToString(),
                    column->null_count());
  const uint32_t* values = static_cast<const arrow::UInt32Array&>(*column).raw_values();
  return std::vector<uint32_t>(values, values + column->length());
}

}  // namespace

Result<BTreeLookup> BTreeLookup::Parse(const arrow::RecordBatch& batch, uint64_t num_pages) {
  ARROW_ASSIGN_OR_RAISE(const auto mins, Column(batch, kBTreeMinColumn));
  ARROW_ASSIGN_OR_RAISE(const auto maxs, Column(batch, kBTreeMaxColumn));
  LANCE_CHECK_BYTES(mins->type()->Equals(*maxs->type()), "columns {} and {} are {} and {}", kBTreeMinColumn,
                    kBTreeMaxColumn, mins->type()->ToString(), maxs->type()->ToString());
  BTreeLookup out;
  ARROW_ASSIGN_OR_RAISE(out.type_, KeyType::Make(mins->type()));
  ARROW_ASSIGN_OR_RAISE(out.mins_, Keys::Of(out.type_, mins));
  ARROW_ASSIGN_OR_RAISE(out.maxs_, Keys::Of(out.type_, maxs));
  ARROW_ASSIGN_OR_RAISE(out.null_counts_, Numbers(batch, kBTreeNullCountColumn));
  ARROW_ASSIGN_OR_RAISE(out.pages_, Numbers(batch, kBTreePageColumn));
  const size_t rows = out.pages_.size();
  while (out.first_keyed_ < rows && out.maxs_.IsNull(out.first_keyed_)) ++out.first_keyed_;
  for (size_t i = 0; i < rows; ++i) {
    LANCE_CHECK_BYTES(out.pages_[i] < num_pages, "page {} does not exist: there are {}", out.pages_[i],
                      num_pages);
    if (i < out.first_keyed_) continue;
    LANCE_CHECK_BYTES(!out.maxs_.IsNull(i), "page {} of nulls comes after keys", i);
    const bool first = i == out.first_keyed_;
    LANCE_CHECK_BYTES(first || !out.mins_.IsNull(i), "page {} begins with nulls after keys", i);
    const bool fits = out.mins_.IsNull(i) || out.mins_.Compare(i, out.maxs_, i) <= 0;
    const bool ascends = first || out.maxs_.Compare(i - 1, out.mins_, i) <= 0;
    LANCE_CHECK_BYTES(fits && ascends, "the keys of page {} are out of order", i);
  }
  if (out.first_keyed_ < rows) {
    ARROW_ASSIGN_OR_RAISE(out.min_, mins->GetScalar(static_cast<int64_t>(out.first_keyed_)));
    ARROW_ASSIGN_OR_RAISE(out.max_, maxs->GetScalar(static_cast<int64_t>(rows) - 1));
  }
  return out;
}

std::pair<size_t, size_t> BTreeLookup::Find(const KeyRange& range) const {
  size_t low = first_keyed_, high = pages_.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (maxs_.IsBelow(middle, range.low)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const size_t first = low;
  high = pages_.size();
  while (low < high && range.high.has_value()) {
    const size_t middle = (low + high) / 2;
    if (mins_.IsNull(middle) || mins_.IsBelow(middle, *range.high)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {first, high};
}

size_t BTreeLookup::FindPage(const Keys& keys, size_t row, size_t from) const {
  size_t low = std::max(from, first_keyed_), high = pages_.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (maxs_.Compare(middle, keys, row) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool BTreeLookup::BeginsAfter(size_t index, const Keys& keys, size_t row) const {
  return !mins_.IsNull(index) && mins_.Compare(index, keys, row) > 0;
}

uint64_t BTreeLookup::memory_bytes() const {
  return sizeof(*this) + mins_.memory_bytes() + maxs_.memory_bytes() + pages_.size() * 8;
}

}  // namespace lance::index
