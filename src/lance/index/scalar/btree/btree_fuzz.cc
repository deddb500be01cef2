#include <cstddef>
#include <cstring>

#include <arrow/api.h>

#include "lance/index/scalar/btree/lookup.h"
#include "lance/index/scalar/btree/names.h"
#include "lance/index/scalar/btree/page.h"

// What the two files of a BTREE hold, as the file reader gives it: any values in the right or in other
// columns. The first byte picks the type of values, the second how many are null; then the values, at most 8
// bytes each.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lance::index;
  if (size < 3) return 0;
  const std::shared_ptr<arrow::DataType> types[] = {arrow::int64(),
                                                    arrow::float32(),
                                                    arrow::uint8(),
                                                    arrow::utf8(),
                                                    arrow::fixed_size_binary(3),
                                                    arrow::decimal128(20, 2),
                                                    arrow::list(arrow::int8()),
                                                    arrow::boolean()};
  const auto& type = types[data[0] % 8];
  const uint8_t nulls = data[1];
  const bool swap = data[2] % 16 == 0;
  data += 3;
  size -= 3;
  const auto rows = static_cast<int64_t>(size / 16);
  const auto make = [&](const std::shared_ptr<arrow::DataType>& of,
                        size_t at) -> std::shared_ptr<arrow::Array> {
    auto builder = arrow::MakeBuilder(of).ValueOrDie();
    for (int64_t i = 0; i < rows; ++i) {
      const uint8_t* from = data + static_cast<size_t>(i) * 16 + at;
      uint64_t number = 0;
      std::memcpy(&number, from, 4);
      if (at < 8 && i < nulls) {
        (void)builder->AppendNull();
      } else if (of->id() == arrow::Type::STRING) {
        (void)static_cast<arrow::StringBuilder&>(*builder).Append(reinterpret_cast<const char*>(from),
                                                                  number % 4);
      } else if (of->id() == arrow::Type::FIXED_SIZE_BINARY) {
        (void)static_cast<arrow::FixedSizeBinaryBuilder&>(*builder).Append(from);
      } else if (of->id() == arrow::Type::DECIMAL128) {
        (void)static_cast<arrow::Decimal128Builder&>(*builder).Append(
            arrow::Decimal128(static_cast<int64_t>(number)));
      } else if (of->id() == arrow::Type::UINT32) {
        (void)static_cast<arrow::UInt32Builder&>(*builder).Append(static_cast<uint32_t>(number));
      } else if (of->id() == arrow::Type::UINT64) {
        (void)static_cast<arrow::UInt64Builder&>(*builder).Append(number);
      } else if (of->id() == arrow::Type::INT64) {
        (void)static_cast<arrow::Int64Builder&>(*builder).Append(static_cast<int64_t>(number));
      } else if (of->id() == arrow::Type::FLOAT) {
        float value;
        std::memcpy(&value, from, 4);
        (void)static_cast<arrow::FloatBuilder&>(*builder).Append(value);
      } else {
        (void)builder->AppendEmptyValue();
      }
    }
    return builder->Finish().ValueOrDie();
  };
  const auto first = make(type, 0), second = make(type, 4);
  const auto lookup = BTreeLookup::Parse(
      *arrow::RecordBatch::Make(arrow::schema({arrow::field(swap ? "x" : kBTreeMinColumn, type),
                                               arrow::field(kBTreeMaxColumn, type),
                                               arrow::field(kBTreeNullCountColumn, arrow::uint32()),
                                               arrow::field(kBTreePageColumn, arrow::uint32())}),
                                rows, {first, second, make(arrow::uint32(), 8), make(arrow::uint32(), 12)}),
      1 << 16);
  const auto key_type = KeyType::Make(type);
  if (!key_type.ok()) return 0;
  const auto page = BTreePage::Parse(
      *key_type, *arrow::RecordBatch::Make(arrow::schema({arrow::field(kBTreeValuesColumn, type),
                                                          arrow::field(kBTreeIdsColumn, arrow::uint64())}),
                                           rows, {first, make(arrow::uint64(), 8)}));
  const auto wanted = Keys::Of(*key_type, second);
  if (!wanted.ok()) return 0;
  std::vector<uint64_t> found;
  for (size_t row = 0; row < wanted->size(); ++row) {
    if (wanted->IsNull(row)) continue;
    if (lookup.ok()) (void)lookup->FindPage(*wanted, row, 0);
    if (page.ok()) (void)(*page)->LowerBound(*wanted, row, 0);
  }
  const KeyRange range{std::string(reinterpret_cast<const char*>(data), size % 9), std::nullopt};
  if (lookup.ok()) (void)lookup->Find(range);
  if (page.ok()) (*page)->FindRange(range, &found);
  return 0;
}
