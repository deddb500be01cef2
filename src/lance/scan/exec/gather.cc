#include "lance/scan/exec/gather.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "lance/runtime/buffer_pool.h"

namespace lance::scan {
namespace {

// Strings up to this length are copied whole, whatever their length: a loop or a branch on it costs more.
// Pooled buffers have as many bytes of padding behind them.
constexpr int64_t kCopyAtOnce = 64;

template <typename T>
Result<std::shared_ptr<arrow::Buffer>> GatherFixed(const arrow::ArrayData& array,
                                                   std::span<const uint32_t> positions) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        runtime::AllocatePooled(positions.size() * sizeof(T)));
  const T* from = array.GetValues<T>(1);
  T* to = reinterpret_cast<T*>(out->mutable_data());
  for (size_t i = 0; i < positions.size(); ++i) to[i] = from[positions[i]];
  return out;
}

struct Bytes16 {
  uint64_t halves[2];
};

Result<std::shared_ptr<arrow::Buffer>> GatherWidth(const arrow::ArrayData& array, int bytes,
                                                   std::span<const uint32_t> positions) {
  switch (bytes) {
    case 1:
      return GatherFixed<uint8_t>(array, positions);
    case 2:
      return GatherFixed<uint16_t>(array, positions);
    case 4:
      return GatherFixed<uint32_t>(array, positions);
    case 8:
      return GatherFixed<uint64_t>(array, positions);
    case 16:
      return GatherFixed<Bytes16>(array, positions);
    default:
      return nullptr;
  }
}

template <typename Offset>
Result<std::shared_ptr<arrow::ArrayData>> GatherBytes(const arrow::ArrayData& array,
                                                      std::span<const uint32_t> positions) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        runtime::AllocatePooled((positions.size() + 1) * sizeof(Offset)));
  const Offset* from = array.GetValues<Offset>(1);
  auto* to = reinterpret_cast<Offset*>(offsets->mutable_data());
  Offset total = 0;
  to[0] = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    total += from[positions[i] + 1] - from[positions[i]];
    to[i + 1] = total;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        runtime::AllocatePooled(static_cast<uint64_t>(total)));
  const arrow::Buffer* source = array.buffers[2].get();
  const uint8_t* source_bytes = source == nullptr ? nullptr : source->data();
  const int64_t source_size = source == nullptr ? 0 : source->size();
  uint8_t* target = bytes->mutable_data();
  for (size_t i = 0; i < positions.size(); ++i) {
    const int64_t start = from[positions[i]];
    const int64_t length = to[i + 1] - to[i];
    if (length <= kCopyAtOnce && start + kCopyAtOnce <= source_size) [[likely]] {
      std::memcpy(target + to[i], source_bytes + start, kCopyAtOnce);
    } else if (length > 0) {
      std::memcpy(target + to[i], source_bytes + start, static_cast<size_t>(length));
    }
  }
  return arrow::ArrayData::Make(array.type, static_cast<int64_t>(positions.size()),
                                {nullptr, std::move(offsets), std::move(bytes)}, 0);
}

Result<std::shared_ptr<arrow::Buffer>> GatherValidity(const arrow::ArrayData& array,
                                                      std::span<const uint32_t> positions) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        runtime::AllocatePooled((positions.size() + 7) / 8));
  const uint8_t* bits = array.buffers[0]->data();
  uint8_t* to = out->mutable_data();
  for (size_t i = 0; i < positions.size(); i += 8) {
    unsigned byte = 0;
    for (size_t j = i; j < std::min(i + 8, positions.size()); ++j) {
      byte |= static_cast<unsigned>(arrow::bit_util::GetBit(bits, array.offset + positions[j])) << (j - i);
    }
    to[i / 8] = static_cast<uint8_t>(byte);
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> Gather(const arrow::ArrayData& array,
                                                 std::span<const uint32_t> positions) {
  std::shared_ptr<arrow::ArrayData> out;
  switch (array.type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      ARROW_ASSIGN_OR_RAISE(out, GatherBytes<int32_t>(array, positions));
      break;
    }
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: {
      ARROW_ASSIGN_OR_RAISE(out, GatherBytes<int64_t>(array, positions));
      break;
    }
    default: {
      const bool plain = arrow::is_integer(array.type->id()) || arrow::is_floating(array.type->id()) ||
                         arrow::is_temporal(array.type->id()) || arrow::is_decimal(array.type->id());
      if (!plain) return nullptr;
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                            GatherWidth(array, array.type->byte_width(), positions));
      if (values == nullptr) return nullptr;
      out = arrow::ArrayData::Make(array.type, static_cast<int64_t>(positions.size()),
                                   {nullptr, std::move(values)}, 0);
    }
  }
  if (array.MayHaveNulls()) {
    ARROW_ASSIGN_OR_RAISE(out->buffers[0], GatherValidity(array, positions));
    out->null_count = arrow::kUnknownNullCount;
  }
  return out;
}

}  // namespace lance::scan
