#include "lance/file/file_writer.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/testing/random_arrays.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

using testing::RandomArrays;

std::shared_ptr<arrow::Field> Nullable(std::shared_ptr<arrow::DataType> type) {
  return arrow::field("a", std::move(type));
}

std::shared_ptr<arrow::Field> Marked(std::shared_ptr<arrow::DataType> type, const std::string& key,
                                     const std::string& value = "true", bool nullable = true) {
  return arrow::field("a", std::move(type), nullable, arrow::key_value_metadata({key}, {value}));
}

// Dictionaries may differ in order: what counts are the values.
std::shared_ptr<arrow::Array> Plain(const std::shared_ptr<arrow::Array>& array) {
  auto values_of = [](const arrow::DataType& type) {
    return static_cast<const arrow::DictionaryType&>(type).value_type();
  };
  if (array->type_id() == arrow::Type::DICTIONARY) {
    return arrow::compute::Cast(*array, values_of(*array->type())).ValueOrDie();
  }
  if (array->type_id() == arrow::Type::LIST &&
      array->type()->field(0)->type()->id() == arrow::Type::DICTIONARY) {
    return arrow::compute::Cast(*array, arrow::list(values_of(*array->type()->field(0)->type())))
        .ValueOrDie();
  }
  return array;
}

struct Written {
  std::shared_ptr<FileReader> file;
  WrittenFile info;
  schema::Schema schema;
};

Result<Written> WriteFile(const arrow::RecordBatchVector& batches, const WriteOptions& options,
                          std::optional<schema::Schema> schema = std::nullopt) {
  static int counter = 0;
  auto store = store::MakeMemoryStore("writer-test");
  const std::string key = "file" + std::to_string(counter++);
  if (!schema) {
    ARROW_ASSIGN_OR_RAISE(schema, schema::FromArrow(*batches[0]->schema()));
  }
  ARROW_ASSIGN_OR_RAISE(auto object, store->Create(key));
  ARROW_ASSIGN_OR_RAISE(auto writer, FileWriter::Make(std::move(object), *schema, options));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer->Write(*batch));
  Written out;
  ARROW_ASSIGN_OR_RAISE(out.info, writer->Finish());
  ARROW_ASSIGN_OR_RAISE(auto readable, store->Open(key));
  EXPECT_EQ(readable->size(), out.info.size_bytes);
  ARROW_ASSIGN_OR_RAISE(out.file, FileReader::Open(readable));
  out.schema = *schema;
  return out;
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::shared_ptr<arrow::Field>& field,
                                            const std::shared_ptr<arrow::Array>& array) {
  return arrow::RecordBatch::Make(arrow::schema({field}), array->length(), {array});
}

// Writes the parts as batches and reads all of them, and some rows, back.
Status RoundTrip(const std::shared_ptr<arrow::Field>& field, const arrow::ArrayVector& parts,
                 const WriteOptions& options, std::string* description = nullptr) {
  arrow::RecordBatchVector batches;
  for (const auto& part : parts) batches.push_back(BatchOf(field, part));
  ARROW_ASSIGN_OR_RAISE(Written written, WriteFile(batches, options));
  arrow::ArrayVector plain;
  for (const auto& part : parts) plain.push_back(Plain(part));
  ARROW_ASSIGN_OR_RAISE(auto whole, arrow::Concatenate(plain));
  const auto rows = static_cast<uint64_t>(whole->length());
  if (written.file->num_rows() != rows) return Internal("{} rows of {}", written.file->num_rows(), rows);
  if (description != nullptr) {
    for (int i = 0; i < written.file->num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, written.file->Describe(i));
      for (const auto& page : column.pages) *description += page.encoding + "\n";
    }
  }
  std::vector<RowRanges> selections = {{}, {}};
  if (rows > 0) selections[0] = {{0, rows}};
  for (uint64_t row = rows / 7; row < rows; row += 1 + rows / 11) selections[1].push_back({row, 1});
  for (const RowRanges& selection : selections) {
    ARROW_ASSIGN_OR_RAISE(auto batch, written.file->Read(written.schema, selection));
    arrow::ArrayVector wanted = {whole->Slice(0, 0)};
    for (const RowRange& range : selection) {
      wanted.push_back(whole->Slice(static_cast<int64_t>(range.start), static_cast<int64_t>(range.length)));
    }
    ARROW_ASSIGN_OR_RAISE(auto expected, arrow::Concatenate(wanted));
    ARROW_RETURN_NOT_OK(batch->column(0)->ValidateFull());
    if (!Plain(batch->column(0))->Equals(*Plain(expected))) {
      return Internal("{} rows differ: {}", expected->length(),
                      expected->length() < 50 ? batch->column(0)->ToString() + expected->ToString() : "");
    }
  }
  return Status::OK();
}

struct TypeCase {
  const char* name;
  std::shared_ptr<arrow::Field> field;
  int least_minor = 1;
};

std::vector<TypeCase> Types() {
  auto f = [](const char* name, std::shared_ptr<arrow::DataType> type, bool nullable = true) {
    return arrow::field(name, std::move(type), nullable);
  };
  auto pair = arrow::struct_({f("x", arrow::int32()), f("y", arrow::utf8())});
  auto fixed_pair = arrow::struct_({f("x", arrow::int32(), false), f("y", arrow::float64(), false)});
  auto mixed_pair = arrow::struct_(
      {f("x", arrow::int32(), false), f("y", arrow::utf8(), false), f("z", arrow::large_binary(), false)});
  auto wide = arrow::struct_({f("x", arrow::fixed_size_binary(300), false), f("y", arrow::int8(), false)});
  return {
      {"null", Nullable(arrow::null())},
      {"bool", Nullable(arrow::boolean())},
      {"int8", Nullable(arrow::int8())},
      {"uint16", Nullable(arrow::uint16())},
      {"int32", Nullable(arrow::int32())},
      {"int64_required", arrow::field("a", arrow::int64(), false)},
      {"float16", Nullable(arrow::float16())},
      {"float", Nullable(arrow::float32())},
      {"double", Nullable(arrow::float64())},
      {"date", Nullable(arrow::date32())},
      {"timestamp", Nullable(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))},
      {"duration", Nullable(arrow::duration(arrow::TimeUnit::NANO))},
      {"decimal128", Nullable(arrow::decimal128(20, 3))},
      {"decimal256", Nullable(arrow::decimal256(50, 3))},
      {"fixed_binary", Nullable(arrow::fixed_size_binary(7))},
      {"fixed_binary_wide", Nullable(arrow::fixed_size_binary(300))},
      {"string", Nullable(arrow::utf8())},
      {"binary", Nullable(arrow::binary())},
      {"large_string", Nullable(arrow::large_utf8())},
      {"dictionary8", Nullable(arrow::dictionary(arrow::int8(), arrow::utf8()))},
      {"dictionary32", Nullable(arrow::dictionary(arrow::int32(), arrow::large_utf8()))},
      {"dictionary_numbers", Nullable(arrow::dictionary(arrow::int16(), arrow::int64()))},
      {"vector", Nullable(arrow::fixed_size_list(arrow::float32(), 5))},
      {"vector_wide", Nullable(arrow::fixed_size_list(arrow::float32(), 100))},
      {"vector_bool", Nullable(arrow::fixed_size_list(arrow::boolean(), 3))},
      {"vector_nested", Nullable(arrow::fixed_size_list(arrow::fixed_size_list(arrow::int16(), 3), 2))},
      {"vector_required", arrow::field("a", arrow::fixed_size_list(arrow::float32(), 80), false)},
      {"struct", Nullable(pair)},
      {"struct_nested", Nullable(arrow::struct_({f("p", pair), f("q", arrow::boolean())}))},
      {"list", Nullable(arrow::list(arrow::int32()))},
      {"large_list", Nullable(arrow::large_list(arrow::utf8()))},
      {"list_list", Nullable(arrow::list(arrow::list(arrow::int16())))},
      {"list_struct", Nullable(arrow::list(pair))},
      {"list_struct_list",
       Nullable(arrow::list(arrow::struct_({f("l", arrow::list(arrow::utf8())), f("n", arrow::int8())})))},
      {"struct_list", Nullable(arrow::struct_({f("l", arrow::list(pair)), f("n", arrow::int8())}))},
      {"list_vector", Nullable(arrow::list(arrow::fixed_size_list(arrow::float32(), 4)))},
      {"list_vector_wide", Nullable(arrow::list(arrow::fixed_size_list(arrow::float32(), 70)))},
      {"list_required", arrow::field("a", arrow::list(f("item", arrow::int32(), false)), false)},
      {"list_dictionary", Nullable(arrow::list(arrow::dictionary(arrow::int16(), arrow::utf8())))},
      {"list_null", Nullable(arrow::list(arrow::null()))},
      {"map", Nullable(arrow::map(arrow::utf8(), arrow::list(arrow::int32())))},
      {"packed", Marked(fixed_pair, "lance-encoding:packed")},
      {"packed_wide", Marked(wide, "lance-encoding:packed")},
      {"packed_variable", Marked(mixed_pair, "lance-encoding:packed"), 2},
      {"list_packed",
       Nullable(arrow::list(arrow::field("item", fixed_pair, true,
                                         arrow::key_value_metadata({"lance-encoding:packed"}, {"true"}))))},
      {"struct_vector", Nullable(arrow::fixed_size_list(pair, 3)), 2},
      {"struct_vector_list",
       Nullable(
           arrow::fixed_size_list(arrow::struct_({f("l", arrow::list(arrow::int32())), f("s", pair)}), 2)),
       2},
      {"int_fullzip", Marked(arrow::int32(), "lance-encoding:structural-encoding", "fullzip")},
      {"bool_fullzip", Marked(arrow::boolean(), "lance-encoding:structural-encoding", "fullzip")},
      {"string_fullzip", Marked(arrow::utf8(), "lance-encoding:structural-encoding", "fullzip")},
      {"list_fullzip", Nullable(arrow::list(arrow::field(
                           "item", arrow::utf8(), true,
                           arrow::key_value_metadata({"lance-encoding:structural-encoding"}, {"fullzip"}))))},
      {"wide_miniblock",
       Marked(arrow::fixed_size_binary(400), "lance-encoding:structural-encoding", "miniblock")},
  };
}

class EveryType : public ::testing::TestWithParam<std::tuple<size_t, int>> {};

TEST_P(EveryType, ComesBackAsItWas) {
  const TypeCase type = Types()[std::get<0>(GetParam())];
  WriteOptions options;
  options.version = {2, std::get<1>(GetParam())};
  if (options.version.minor < type.least_minor) GTEST_SKIP() << "not in this version";
  // Dictionaries of many batches outgrow small indices when they are read as one.
  const bool one_batch = std::string(type.name) == "dictionary8";
  uint32_t seed = 1;
  for (double nulls : {0.0, 0.2, 1.0}) {
    for (double empties : {0.0, 0.3, 1.0}) {
      for (int64_t rows : {0, 1, 7, 1023, 1025, 4097, 9000}) {
        if (rows > 4097 && nulls == 1.0) continue;
        RandomArrays random(++seed, {nulls, empties, seed % 3 == 0 ? 40 : 6, seed % 2 == 0 ? 3u : 100000u});
        arrow::ArrayVector parts;
        for (int64_t left = rows; left > 0 || parts.empty();) {
          const int64_t part = seed % 4 == 0 && !one_batch ? std::min<int64_t>(left, 1 + seed % 700) : left;
          parts.push_back(random.Make(*type.field, part));
          left -= part;
        }
        options.data_cache_bytes = seed % 3 == 1 ? 5000 : 0;
        std::string description;
        ASSERT_OK(WithContext(RoundTrip(type.field, parts, options, &description),
                              fmt::format("{} rows, seed {}, {}", rows, seed, description)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EveryType,
                         ::testing::Combine(::testing::Range(size_t{0}, Types().size()),
                                            ::testing::Values(1, 2)),
                         [](const auto& info) {
                           return std::string(Types()[std::get<0>(info.param)].name) + "_2_" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace lance::file
