#include <bit>
#include <cmath>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/byte_size.h>

#include "lance/scan/exec/compute.h"
#include "lance/scan/exec/operators.h"

namespace lance::scan {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

// Maps floating-point numbers to integers of the same order, NaN above infinity, so that NaN is ordered like
// a number (Arrow puts it next to the nulls).
template <typename Float, typename Int>
Result<std::shared_ptr<arrow::Array>> ToOrdered(const arrow::Array& array,
                                                const std::shared_ptr<arrow::DataType>& type) {
  const auto* from = array.data()->GetValues<Float>(1);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(array.length() * static_cast<int64_t>(sizeof(Int))));
  auto* to = reinterpret_cast<Int*>(buffer->mutable_data());
  for (int64_t i = 0; i < array.length(); ++i) {
    const Int bits = std::bit_cast<Int>(from[i]);
    to[i] = bits < 0 ? static_cast<Int>(bits ^ std::numeric_limits<Int>::max()) : bits;
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (array.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity,
                          arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                                      array.offset(), array.length()));
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, array.length(), {std::move(validity), std::move(buffer)}));
}

Result<std::shared_ptr<arrow::Array>> Sortable(std::shared_ptr<arrow::Array> array) {
  switch (array->type_id()) {
    case arrow::Type::FLOAT:
      return ToOrdered<float, int32_t>(*array, arrow::int32());
    case arrow::Type::DOUBLE:
      return ToOrdered<double, int64_t>(*array, arrow::int64());
    case arrow::Type::HALF_FLOAT:
      return ToOrdered<int16_t, int16_t>(*array, arrow::int16());
    case arrow::Type::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
      return arrow::compute::Cast(*array, type.value_type());
    }
    case arrow::Type::STRUCT:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
      return NotSupported("ordering by a column of type {}", array->type()->ToString());
    default:
      return array;
  }
}

class SortStream : public BatchStream {
 public:
  SortStream(std::vector<SortKey> keys, std::optional<uint64_t> limit, std::optional<uint64_t> memory_limit,
             std::shared_ptr<RunState> run, std::unique_ptr<BatchStream> input)
      : keys_(std::move(keys)),
        limit_(limit),
        memory_limit_(memory_limit),
        run_(std::move(run)),
        input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    if (input_ == nullptr) return nullptr;
    EnsureCompute();
    while (true) {
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input_->Next());
      if (batch == nullptr) break;
      held_rows_ += static_cast<uint64_t>(batch->num_rows());
      held_.push_back(std::move(batch));
      // Sorting what is held now and then keeps a limited sort small at a cost that is linear over all.
      if (limit_.has_value() && held_rows_ > std::max<uint64_t>(kMinHeldRows, 4 * *limit_)) {
        ARROW_ASSIGN_OR_RAISE(BatchPtr first, SortHeld());
        held_rows_ = static_cast<uint64_t>(first->num_rows());
        held_ = {std::move(first)};
      }
      ARROW_RETURN_NOT_OK(CheckMemory());
    }
    input_ = nullptr;
    if (held_.empty()) return nullptr;
    ARROW_ASSIGN_OR_RAISE(BatchPtr sorted, SortHeld());
    held_.clear();
    NodeMetrics& node = run_->at(NodeRole::kSort);
    node.rows.fetch_add(static_cast<uint64_t>(sorted->num_rows()), std::memory_order_relaxed);
    node.batches.fetch_add(1, std::memory_order_relaxed);
    if (sorted->num_rows() == 0) return nullptr;
    return sorted;
  }

 private:
  static constexpr uint64_t kMinHeldRows = 65536;

  Status CheckMemory() const {
    if (!memory_limit_.has_value()) return Status::OK();
    int64_t bytes = 0;
    for (const BatchPtr& batch : held_) bytes += arrow::util::TotalBufferSize(*batch);
    if (static_cast<uint64_t>(bytes) > *memory_limit_) {
      return ResourceExhausted(
          "ordering the rows takes more than the memory limit of {} bytes: "
          "set a limit on the rows, or raise it",
          *memory_limit_);
    }
    return Status::OK();
  }

  Result<BatchPtr> SortHeld() const {
    NodeTimer timer(run_->at(NodeRole::kSort));
    ARROW_ASSIGN_OR_RAISE(BatchPtr all, arrow::ConcatenateRecordBatches(held_));
    arrow::ArrayVector key_arrays;
    arrow::FieldVector key_fields;
    std::vector<arrow::compute::SortKey> sort_keys;
    for (const SortKey& key : keys_) {
      std::shared_ptr<arrow::Array> array = all->GetColumnByName(key.column);
      if (array == nullptr) return Internal("order by '{}': the column was not read", key.column);
      ARROW_ASSIGN_OR_RAISE(array, GetMember(std::move(array), key.members));
      ARROW_ASSIGN_OR_RAISE(array, Sortable(std::move(array)));
      std::string name = std::to_string(key_fields.size());
      key_fields.push_back(arrow::field(name, array->type()));
      key_arrays.push_back(std::move(array));
      sort_keys.emplace_back(
          arrow::FieldRef(std::move(name)),
          key.ascending ? arrow::compute::SortOrder::Ascending : arrow::compute::SortOrder::Descending,
          key.nulls_first ? arrow::compute::NullPlacement::AtStart : arrow::compute::NullPlacement::AtEnd);
    }
    auto keys = arrow::RecordBatch::Make(arrow::schema(std::move(key_fields)), all->num_rows(),
                                         std::move(key_arrays));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> order,
                          arrow::compute::SortIndices(keys, arrow::compute::SortOptions(sort_keys)));
    if (limit_.has_value() && static_cast<uint64_t>(order->length()) > *limit_) {
      order = order->Slice(0, static_cast<int64_t>(*limit_));
    }
    ARROW_ASSIGN_OR_RAISE(arrow::Datum sorted,
                          arrow::compute::Take(all, order, arrow::compute::TakeOptions::NoBoundsCheck()));
    return sorted.record_batch();
  }

  std::vector<SortKey> keys_;
  std::optional<uint64_t> limit_;
  std::optional<uint64_t> memory_limit_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
  std::vector<BatchPtr> held_;
  uint64_t held_rows_ = 0;
};

}  // namespace

std::unique_ptr<BatchStream> MakeSort(std::vector<SortKey> keys, std::optional<uint64_t> limit,
                                      std::optional<uint64_t> memory_limit, std::shared_ptr<RunState> run,
                                      std::unique_ptr<BatchStream> input) {
  return std::make_unique<SortStream>(std::move(keys), limit, memory_limit, std::move(run), std::move(input));
}

}  // namespace lance::scan
