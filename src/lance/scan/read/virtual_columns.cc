#include "lance/scan/read/virtual_columns.h"

#include <numeric>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "lance/base/row_address.h"
#include "lance/runtime/buffer_pool.h"
#include "lance/table/deletion.h"
#include "lance/table/row_ids.h"

namespace lance::scan {
namespace {

// Allocates a uint64 array for `rows` and lets `fill(range, out)` write each range.
template <typename Fill>
Result<std::shared_ptr<arrow::ArrayData>> MakeUInt64(std::span<const RowRange> rows, Fill&& fill) {
  const uint64_t count = CountRows(rows);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        runtime::AllocatePooled(count * sizeof(uint64_t)));
  auto* out = reinterpret_cast<uint64_t*>(values->mutable_data());
  for (const RowRange& range : rows) {
    fill(range, out);
    out += range.length;
  }
  return arrow::ArrayData::Make(arrow::uint64(), static_cast<int64_t>(count), {nullptr, std::move(values)},
                                0);
}

Status CheckInside(const char* what, uint64_t fragment_id, uint64_t size, std::span<const RowRange> rows) {
  if (!rows.empty() && rows.back().end() > size) {
    return Corruption("fragment {}: {} cover {} rows, row {} is needed", fragment_id, what, size,
                      rows.back().end() - 1);
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> RowAddresses(uint64_t fragment_id, std::span<const RowRange> rows) {
  ARROW_ASSIGN_OR_RAISE(auto data, MakeUInt64(rows, [&](const RowRange& range, uint64_t* out) {
                          std::iota(out, out + range.length, RowAddress::Of(fragment_id, range.start).value);
                        }));
  return arrow::MakeArray(std::move(data));
}

Result<std::shared_ptr<arrow::Array>> RowIds(uint64_t fragment_id, const table::RowIdSequence* ids,
                                             std::span<const RowRange> rows,
                                             const table::DeletionVector* deleted) {
  if (ids != nullptr) {
    ARROW_RETURN_NOT_OK(CheckInside("row ids", fragment_id, ids->size(), rows));
  }
  ARROW_ASSIGN_OR_RAISE(auto data, MakeUInt64(rows, [&](const RowRange& range, uint64_t* out) {
                          if (ids == nullptr) {
                            std::iota(out, out + range.length,
                                      RowAddress::Of(fragment_id, range.start).value);
                          } else {
                            ids->Read(range, out);
                          }
                        }));
  if (deleted == nullptr) return arrow::MakeArray(std::move(data));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity, arrow::AllocateEmptyBitmap(data->length));
  int64_t row = 0;
  int64_t nulls = 0;
  for (const RowRange& range : rows) {
    for (uint64_t offset = range.start; offset < range.end(); ++offset, ++row) {
      const bool live = !deleted->Contains(offset);
      arrow::bit_util::SetBitTo(validity->mutable_data(), row, live);
      nulls += !live;
    }
  }
  data->buffers[0] = std::move(validity);
  data->null_count = nulls;
  return arrow::MakeArray(std::move(data));
}

Result<std::shared_ptr<arrow::Array>> RowOffsets(uint64_t before, const table::DeletionVector* deletions,
                                                 std::span<const RowRange> rows) {
  ARROW_ASSIGN_OR_RAISE(auto data, MakeUInt64(rows, [&](const RowRange& range, uint64_t* out) {
                          // Inside one range of live rows offsets are consecutive.
                          const uint64_t deleted =
                              deletions == nullptr ? 0 : deletions->CountBelow(range.start);
                          std::iota(out, out + range.length, before + range.start - deleted);
                        }));
  return arrow::MakeArray(std::move(data));
}

Result<std::shared_ptr<arrow::Array>> RowVersions(uint64_t fragment_id,
                                                  const table::VersionSequence* versions,
                                                  std::span<const RowRange> rows) {
  if (versions != nullptr) {
    ARROW_RETURN_NOT_OK(CheckInside("row versions", fragment_id, versions->size(), rows));
  }
  ARROW_ASSIGN_OR_RAISE(auto data, MakeUInt64(rows, [&](const RowRange& range, uint64_t* out) {
                          if (versions == nullptr) {
                            std::fill(out, out + range.length, uint64_t{1});
                          } else {
                            versions->Read(range, out);
                          }
                        }));
  return arrow::MakeArray(std::move(data));
}

std::shared_ptr<arrow::ArrayData> Retype(std::shared_ptr<arrow::ArrayData> data,
                                         const std::shared_ptr<arrow::DataType>& type) {
  if (data->type.get() == type.get()) return data;
  std::shared_ptr<arrow::ArrayData> out = data->Copy();
  out->type = type;
  const int fields = type->num_fields();
  if (type->id() != arrow::Type::EXTENSION && static_cast<int>(out->child_data.size()) == fields) {
    for (int i = 0; i < fields; ++i) {
      out->child_data[i] = Retype(out->child_data[i], type->field(i)->type());
    }
  }
  return out;
}

}  // namespace lance::scan
