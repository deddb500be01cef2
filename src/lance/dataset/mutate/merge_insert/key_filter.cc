#include "lance/dataset/mutate/merge_insert/key_filter.h"

#include <cstring>

#include <arrow/api.h>
#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>

#include "lance/dataset/mutate/merge_insert/merge_source.h"

namespace lance::dataset {
namespace {

// The reference's configuration: filters of another one cannot be compared.
constexpr uint64_t kItems = 8192;
constexpr double kProbability = 0.00057;
constexpr size_t kBytes = 16384;

void AppendLittleEndian(uint64_t value, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

// False for types that are not tracked.
bool AppendKey(const arrow::Array& key, int64_t row, std::string* out) {
  switch (key.type_id()) {
    case arrow::Type::INT64:
      AppendLittleEndian(static_cast<uint64_t>(static_cast<const arrow::Int64Array&>(key).Value(row)), out);
      return true;
    case arrow::Type::UINT64:
      AppendLittleEndian(static_cast<const arrow::UInt64Array&>(key).Value(row), out);
      return true;
    case arrow::Type::INT32:
      AppendLittleEndian(
          static_cast<uint64_t>(int64_t{static_cast<const arrow::Int32Array&>(key).Value(row)}), out);
      return true;
    case arrow::Type::UINT32:
      AppendLittleEndian(static_cast<const arrow::UInt32Array&>(key).Value(row), out);
      return true;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      *out += static_cast<const arrow::BinaryArray&>(key).GetView(row);
      return true;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      *out += static_cast<const arrow::LargeBinaryArray&>(key).GetView(row);
      return true;
    default:
      return false;
  }
}

// Keys of several columns are each followed by a zero byte.
bool KeyBytes(const arrow::ArrayVector& keys, int64_t row, std::string* out) {
  out->clear();
  for (const auto& key : keys) {
    if (key->IsNull(row) || !AppendKey(*key, row, out)) return false;
    if (keys.size() > 1) out->push_back('\0');
  }
  return true;
}

void Insert(uint64_t hash, std::string* bits) {
  static constexpr uint32_t kSalt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                        0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
  const size_t block = ((hash >> 32) * (kBytes / 32)) >> 32;
  for (size_t word = 0; word < 8; ++word) {
    const uint32_t bit = (static_cast<uint32_t>(hash) * kSalt[word]) >> 27;
    char& byte = (*bits)[block * 32 + word * 4 + bit / 8];
    byte = static_cast<char>(byte | (1 << (bit % 8)));
  }
}

}  // namespace

bool IsPrimaryKey(const schema::Schema& table, const std::vector<std::string>& on) {
  auto key = ResolveKeys(table, {});
  return key.ok() && *key == on;
}

table::operation::KeyExistenceFilter MakeKeyFilter(const schema::Schema& table,
                                                   const std::vector<std::string>& on,
                                                   const arrow::ArrayVector& keys,
                                                   std::span<const uint32_t> rows) {
  table::operation::KeyExistenceFilter out;
  for (const std::string& name : on) out.field_ids.push_back(table.FindTopLevel(name)->id);
  out.bloom.assign(kBytes, '\0');
  out.bloom_num_bits = kBytes * 8;
  out.bloom_num_items = kItems;
  out.bloom_probability = kProbability;
  std::string bytes;
  for (const uint32_t row : rows) {
    if (KeyBytes(keys, row, &bytes)) Insert(XXH64(bytes.data(), bytes.size(), 0), &out.bloom);
  }
  return out;
}

}  // namespace lance::dataset
