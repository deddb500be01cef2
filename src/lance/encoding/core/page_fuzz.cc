// Pages from hostile bytes. Input: one byte for type and version, u16 rows, u16 bytes of the layout, u8
// number of buffers, u16 size of each, then layout and buffers. What opens is read whole and in pieces.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include <arrow/api.h>

#include "lance/encoding/core/page.h"

namespace {

using lance::ByteRange;
using lance::RowRange;
using lance::encoding::BufferPtr;

std::shared_ptr<arrow::DataType> TypeOf(uint8_t choice) {
  static const std::vector<std::shared_ptr<arrow::DataType>> types{
      arrow::int32(),
      arrow::int64(),
      arrow::uint8(),
      arrow::int16(),
      arrow::boolean(),
      arrow::utf8(),
      arrow::large_binary(),
      arrow::fixed_size_binary(3),
      arrow::decimal128(20, 0),
      arrow::fixed_size_list(arrow::float32(), 4),
      arrow::fixed_size_list(arrow::fixed_size_list(arrow::int16(), 3), 2),
      arrow::fixed_size_list(arrow::boolean(), 7),
      arrow::dictionary(arrow::int8(), arrow::utf8()),
      arrow::dictionary(arrow::int32(), arrow::int64()),
      arrow::struct_({arrow::field("a", arrow::uint64()), arrow::field("b", arrow::uint64())}),
      arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
      arrow::null(),
      arrow::fixed_size_list(arrow::float32(), 128)};
  return types[choice % types.size()];
}

class Memory : public lance::encoding::ByteSource {
 public:
  Memory(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint64_t size() const override { return size_; }
  lance::Result<std::vector<BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override {
    std::vector<BufferPtr> out;
    for (const ByteRange& range : ranges) {
      if (range.offset > size_ || range.length > size_ - range.offset) return lance::IOError("outside");
      // Each in memory of its own and without Arrow's padding, so that reads past the end are seen.
      const uint8_t* from = data_ + range.offset;
      out.push_back(arrow::Buffer::FromVector(std::vector<uint8_t>(from, from + range.length)));
    }
    return out;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

void Read(const lance::encoding::PageReader& reader, Memory* memory, std::vector<RowRange> rows) {
  auto task = reader.Plan(rows);
  if (!task.ok()) return;
  auto buffers = memory->ReadMany((*task)->ranges());
  if (!buffers.ok()) return;
  auto page = (*task)->Decode(std::move(*buffers));
  if (!page.ok()) return;
  // Touch what came out.
  auto array = arrow::MakeArray(page->values);
  if (!array->Validate().ok()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) return 0;
  auto u16 = [&](size_t at) { return static_cast<size_t>(data[at] | data[at + 1] << 8); };
  const uint8_t choice = data[0];
  const size_t rows = u16(1);
  const size_t layout = u16(3);
  const size_t num_buffers = data[5] % 8;
  size_t at = 6 + num_buffers * 2;
  if (at > size) return 0;
  lance::encoding::PageInfo info{.num_rows = rows, .where = "fuzz"};
  size_t start = at + std::min(layout, size - at);
  info.encoding.assign(reinterpret_cast<const char*>(data + at), start - at);
  for (size_t i = 0; i < num_buffers; ++i) {
    size_t length = std::min(u16(6 + i * 2), size - start);
    info.buffers.push_back({start, length});
    start += length;
  }
  Memory memory(data, size);
  lance::encoding::PageFormat format{2, (choice & 0x80) != 0 ? 2 : 1};
  auto reader = lance::encoding::OpenStructuralPage(info, format, TypeOf(choice & 0x7f), &memory);
  if (!reader.ok() || rows == 0) return 0;
  Read(**reader, &memory, {{0, rows}});
  Read(**reader, &memory, {{rows - 1, 1}});
  std::vector<RowRange> scattered;
  for (size_t row = 0; row < rows; row += 3)
    scattered.push_back({row, std::min<size_t>(1 + row % 2, rows - row)});
  Read(**reader, &memory, scattered);
  return 0;
}
