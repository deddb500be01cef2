#include "lance/index/scalar/btree/page.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/scalar/btree/names.h"

namespace lance::index {

Result<std::shared_ptr<const BTreePage>> BTreePage::Parse(const KeyType& type,
                                                          const arrow::RecordBatch& batch) {
  auto values = batch.GetColumnByName(kBTreeValuesColumn);
  const auto ids = batch.GetColumnByName(kBTreeIdsColumn);
  LANCE_CHECK_BYTES(values != nullptr && ids != nullptr, "columns {} and {} are missing", kBTreeValuesColumn,
                    kBTreeIdsColumn);
  LANCE_CHECK_BYTES(values->type()->Equals(*type.type()), "column {} is {} instead of {}", kBTreeValuesColumn,
                    values->type()->ToString(), type.type()->ToString());
  LANCE_CHECK_BYTES(ids->type_id() == arrow::Type::UINT64 && ids->null_count() == 0,
                    "column {} is {} with {} nulls, not uint64 without", kBTreeIdsColumn,
                    ids->type()->ToString(), ids->null_count());
  auto out = std::make_shared<BTreePage>();
  out->num_nulls_ = static_cast<uint64_t>(values->null_count());
  const auto nulls = values->null_count();
  values = values->Slice(nulls);
  LANCE_CHECK_BYTES(values->null_count() == 0, "nulls come after keys");
  if (!type.is_number()) {
    // The page is a small part of what was read, which would be kept whole.
    ARROW_ASSIGN_OR_RAISE(values, arrow::Concatenate({values}));
  }
  ARROW_ASSIGN_OR_RAISE(out->keys_, Keys::Of(type, std::move(values)));
  for (size_t i = 1; i < out->keys_.size(); ++i) {
    LANCE_CHECK_BYTES(out->keys_.Compare(i - 1, out->keys_, i) <= 0, "row {} is out of order", i);
  }
  const uint64_t* from = static_cast<const arrow::UInt64Array&>(*ids).raw_values();
  out->ids_.assign(from, from + ids->length());
  return out;
}

void BTreePage::FindNulls(std::vector<uint64_t>* out) const {
  out->insert(out->end(), ids_.begin(), ids_.begin() + static_cast<int64_t>(num_nulls_));
}

void BTreePage::FindRange(const KeyRange& range, std::vector<uint64_t>* out) const {
  const auto lower = [&](std::string_view key, size_t low) {
    size_t high = keys_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (keys_.IsBelow(middle, key)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const size_t first = range.low.empty() ? 0 : lower(range.low, 0);
  const size_t end = range.high.has_value() ? lower(*range.high, first) : keys_.size();
  const auto ids = ids_.begin() + static_cast<int64_t>(num_nulls_);
  out->insert(out->end(), ids + static_cast<int64_t>(first), ids + static_cast<int64_t>(end));
}

size_t BTreePage::LowerBound(const Keys& other, size_t row, size_t from) const {
  // Keys that are looked up in order are near each other: steps that double, then a search between.
  size_t step = 1, low = from, high = from;
  while (high < keys_.size() && keys_.Compare(high, other, row) < 0) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  high = std::min(high, keys_.size());
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (keys_.Compare(middle, other, row) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace lance::index
