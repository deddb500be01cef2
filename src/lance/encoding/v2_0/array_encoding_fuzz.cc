// One 2.0 page from arbitrary bytes: u8 type | u8 rows | u8 number of buffers | u16 length of the encoding |
// ArrayEncoding | the rest, split evenly into the buffers.
#include <algorithm>

#include <arrow/api.h>

#include "lance/base/span_reader.h"
#include "lance/encoding/v2_0/describe.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/encoding/v2_0/old_file_for_tests.h"
#include "lance/proto/parse.h"

namespace {

using namespace lance;
using namespace lance::encoding;
using v2_0::OldFileForTests;

std::shared_ptr<arrow::DataType> PickType(uint8_t number) {
  const std::shared_ptr<arrow::DataType> types[] = {
      arrow::int32(),
      arrow::uint8(),
      arrow::uint64(),
      arrow::boolean(),
      arrow::utf8(),
      arrow::large_binary(),
      arrow::decimal128(10, 2),
      arrow::fixed_size_binary(3),
      arrow::fixed_size_list(arrow::float32(), 3),
      arrow::fixed_size_list(arrow::boolean(), 3),
      arrow::dictionary(arrow::int8(), arrow::utf8()),
      arrow::dictionary(arrow::uint16(), arrow::int64()),
      arrow::struct_(
          {arrow::field("a", arrow::uint64()), arrow::field("b", arrow::fixed_size_list(arrow::int8(), 3))}),
      arrow::null(),
  };
  return types[number % std::size(types)];
}

Status ReadPage(std::span<const uint8_t> bytes) {
  SpanReader reader(bytes);
  ARROW_ASSIGN_OR_RAISE(auto type, reader.ReadLE<uint8_t>("type"));
  ARROW_ASSIGN_OR_RAISE(auto num_rows, reader.ReadLE<uint8_t>("rows"));
  ARROW_ASSIGN_OR_RAISE(auto num_buffers, reader.ReadLE<uint8_t>("buffers"));
  ARROW_ASSIGN_OR_RAISE(auto length, reader.ReadLE<uint16_t>("length"));
  ARROW_ASSIGN_OR_RAISE(auto message, reader.ReadBytes(length, "encoding"));
  (void)v2_0::DescribeEncoding(std::string(message.begin(), message.end()));
  pb20::ArrayEncoding encoding;
  if (!pb::Parse(message, &encoding)) return Status::OK();

  auto file = std::make_shared<OldFileForTests>();
  std::vector<ByteRange> buffers(num_buffers % 6);
  for (size_t i = 0; i < buffers.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto part, reader.ReadBytes(reader.remaining() / (buffers.size() - i), "buffer"));
    buffers[i] = file->Put({reinterpret_cast<const char*>(part.data()), part.size()});
  }
  const int column = file->AddColumn(0);
  file->AddPage(column, encoding, num_rows, std::move(buffers));
  ARROW_ASSIGN_OR_RAISE(auto field, v2_0::OpenLeaf(column, PickType(type), file));
  if (num_rows == 0) return Status::OK();
  const uint64_t middle = num_rows / 2;
  for (const RowRanges& rows :
       {RowRanges{{0, num_rows}}, RowRanges{{middle, 1}}, RowRanges{{0, 1}, {middle + 1, 1}}}) {
    if (rows.back().end() > num_rows) continue;
    ARROW_ASSIGN_OR_RAISE(auto task, field->Plan(rows));
    ARROW_ASSIGN_OR_RAISE(auto read, file->ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(auto data, task->Decode(std::move(read)));
    // Whatever the bytes, an array that comes out is safe to walk.
    if (!arrow::MakeArray(data)->Validate().ok()) __builtin_trap();
  }
  return Status::OK();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ReadPage({data, size});
  return 0;
}
