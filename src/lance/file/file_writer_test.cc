#include "lance/file/file_writer.h"

#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/bit_util.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/encoding/core/blob.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/testing/random_arrays.h"
#include "lance/runtime/thread_pool.h"
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
      {"int_lz4", Marked(arrow::int32(), "lance-encoding:compression", "lz4")},
      {"double_zstd", Marked(arrow::float64(), "lance-encoding:compression", "zstd")},
      {"int_uncompressed", Marked(arrow::int64(), "lance-encoding:compression", "none")},
      {"string_lz4", Marked(arrow::utf8(), "lance-encoding:compression", "lz4")},
      {"string_fsst", Marked(arrow::binary(), "lance-encoding:compression", "fsst")},
      {"string_uncompressed", Marked(arrow::large_utf8(), "lance-encoding:compression", "none")},
      {"string_small_chunks", Marked(arrow::utf8(), "lance-encoding:minichunk-size", "256")},
      {"split_never", Marked(arrow::int64(), "lance-encoding:bss", "off")},
      {"runs_never", Marked(arrow::int16(), "lance-encoding:rle-threshold", "0.0")},
      {"wide_miniblock",
       Marked(arrow::fixed_size_binary(400), "lance-encoding:structural-encoding", "miniblock")},
  };
}

class EveryType : public ::testing::TestWithParam<std::tuple<size_t, int>> {};

TEST_P(EveryType, ComesBackAsItWas) {
  const TypeCase type = Types()[std::get<0>(GetParam())];
  WriteOptions options;
  options.version = {2, std::get<1>(GetParam())};
  if (type.least_minor > 1 && options.version.minor < type.least_minor) GTEST_SKIP() << "not in this version";
  // Version 2.0 has no place for null structs, and no maps.
  const std::string name = type.name;
  const bool may_refuse = options.version.minor == 0 && (name.find("struct") != name.npos ||
                                                         name.find("packed") != name.npos || name == "map");
  // Dictionaries of many batches outgrow small indices when they are read as one.
  const bool one_batch = name == "dictionary8";
  uint32_t seed = 1;
  for (double nulls : {0.0, 0.2, 1.0}) {
    for (double empties : {0.0, 0.3, 1.0}) {
      for (int64_t rows : {0, 1, 1023, 1025, 4100}) {
        if (rows > 1025 && nulls == 1.0) continue;
        RandomArrays random(++seed, {nulls, empties, seed % 3 == 0 ? 40 : 6, seed % 2 == 0 ? 3u : 100000u});
        arrow::ArrayVector parts;
        for (int64_t left = rows; left > 0 || parts.empty();) {
          const int64_t part = seed % 4 == 0 && !one_batch ? std::min<int64_t>(left, 1 + seed % 700) : left;
          parts.push_back(random.Make(*type.field, part));
          left -= part;
        }
        options.data_cache_bytes = seed % 3 == 1 ? 5000 : 0;
        std::string description;
        const Status status = RoundTrip(type.field, parts, options, &description);
        if (may_refuse && (Is(status, ErrorKind::kNotSupported) || Is(status, ErrorKind::kInvalidArgument)))
          continue;
        ASSERT_OK(WithContext(status, fmt::format("{} rows, seed {}, {}", rows, seed, description)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EveryType,
                         ::testing::Combine(::testing::Range(size_t{0}, Types().size()),
                                            ::testing::Values(0, 1, 2)),
                         [](const auto& info) {
                           return std::string(Types()[std::get<0>(info.param)].name) + "_2_" +
                                  std::to_string(std::get<1>(info.param));
                         });

// One page of each kind of values, by what it must be stored as.
struct ChoiceCase {
  const char* name;
  std::shared_ptr<arrow::Array> array;
  const char* encoding;  ///< part of the description
  int least_minor = 1;
};

template <typename Builder, typename Make>
std::shared_ptr<arrow::Array> Build(int64_t rows, Make&& make) {
  Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(make(i)).ok());
  return builder.Finish().ValueOrDie();
}

std::vector<ChoiceCase> Choices() {
  std::mt19937_64 random(5);
  auto text = [&](int64_t i) {
    return "the carefully final deposits number " + std::to_string(i * 7919 % 100003);
  };
  constexpr int64_t kRows = 50'000;
  return {
      {"Runs", Build<arrow::Int32Builder>(kRows, [](int64_t i) { return static_cast<int32_t>(i / 300); }),
       "Rle"},
      {"SmallNumbers",
       Build<arrow::Int64Builder>(kRows, [&](int64_t) { return static_cast<int64_t>(random() % 1000); }),
       "InlineBitpacking"},
      {"SortedNumbers", Build<arrow::Int64Builder>(kRows, [](int64_t i) { return i * 3; }),
       "ByteStreamSplit"},
      {"RandomNumbers",
       Build<arrow::Int64Builder>(kRows, [&](int64_t) { return static_cast<int64_t>(random()); }), "Flat"},
      {"FewStrings",
       Build<arrow::StringBuilder>(kRows, [&](int64_t) { return std::string(1, "ANR"[random() % 3]); }),
       "dictionary"},
      {"FewDoubles",
       Build<arrow::DoubleBuilder>(kRows, [&](int64_t) { return static_cast<double>(random() % 11) / 100; }),
       "dictionary", 2},
      {"Text", Build<arrow::StringBuilder>(kRows, text), "Fsst"},
      {"LongText",
       Build<arrow::StringBuilder>(300,
                                   [&](int64_t i) {
                                     std::string out;
                                     for (int64_t j = 0; j < 40; ++j) out += text(i + j);
                                     return out;
                                   }),
       "Fsst"},
      {"OneNumber", Build<arrow::Int64Builder>(kRows, [](int64_t) { return int64_t{-7}; }), "Constant", 2},
      {"OneString", Build<arrow::StringBuilder>(kRows, [](int64_t) { return std::string("lance"); }),
       "Constant", 2},
      {"VeryLongBinary",
       Build<arrow::BinaryBuilder>(
           5, [](int64_t i) { return std::string(100'000, static_cast<char>('a' + i)); }),
       "General"},
  };
}

TEST(FileWriter, PicksTheShortestEncoding) {
  for (const ChoiceCase& choice : Choices()) {
    for (int minor : {1, 2}) {
      if (minor < choice.least_minor) continue;
      WriteOptions options;
      options.version = {2, minor};
      std::string description;
      ASSERT_OK(WithContext(RoundTrip(Nullable(choice.array->type()), {choice.array}, options, &description),
                            choice.name + description));
      EXPECT_THAT(description, ::testing::HasSubstr(choice.encoding)) << choice.name << " in 2." << minor;
    }
  }
}

TEST(FileWriter, WritesTheSameFileWithThreads) {
  auto field = Nullable(arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8()),
                                        arrow::field("l", arrow::list(arrow::float32()))}));
  RandomArrays random(12, {});
  arrow::RecordBatchVector batches;
  for (int i = 0; i < 9; ++i) batches.push_back(BatchOf(field, random.Make(*field, 3000)));
  runtime::ThreadPool pool(3);
  WriteOptions options;
  options.data_cache_bytes = 20000;
  ASSERT_OK_AND_ASSIGN(Written alone, WriteFile(batches, options));
  options.pool = &pool;
  ASSERT_OK_AND_ASSIGN(Written shared, WriteFile(batches, options));
  ASSERT_GT(alone.info.size_bytes, 100'000u);
  ByteRange all{0, alone.info.size_bytes};
  ASSERT_OK_AND_ASSIGN(auto bytes, alone.file->ReadMany({&all, 1}));
  ASSERT_OK_AND_ASSIGN(auto others, shared.file->ReadMany({&all, 1}));
  EXPECT_TRUE(bytes[0]->Equals(*others[0]));
}

TEST(FileWriter, StoresBlobsApart) {
  auto field = Marked(arrow::large_binary(), "lance-encoding:blob");
  WriteOptions options;
  for (int minor : {0, 1}) {
    options.version = {2, minor};
    RandomArrays random(3, {0.3, 0.3, 300, 100});
    auto array = random.Make(*field, 400);
    ASSERT_OK_AND_ASSIGN(Written written, WriteFile({BatchOf(field, array), BatchOf(field, array)}, options));
    RowRanges rows = {{0, 800}};
    ASSERT_OK_AND_ASSIGN(auto batch, written.file->Read(written.schema, rows, BlobHandling::kBytes));
    EXPECT_TRUE(batch->column(0)->Slice(0, 400)->Equals(*array));
    EXPECT_TRUE(batch->column(0)->Slice(400)->Equals(*array));
  }
}

std::shared_ptr<arrow::Field> BlobV2Field(const std::string& name) {
  auto type =
      arrow::struct_({arrow::field("data", arrow::large_binary()), arrow::field("uri", arrow::utf8())});
  return arrow::field(name, type, true,
                      arrow::key_value_metadata({"ARROW:extension:name"}, {"lance.blob.v2"}));
}

TEST(FileWriter, PlacesBlobsBySize) {
  auto field = BlobV2Field("b");
  const std::vector<std::optional<std::string>> values = {
      "abc", std::nullopt, "", std::string(70'000, 'p'), std::string(5 << 20, 'd'), std::string(70'001, 'q'),
      "uri"};
  arrow::LargeBinaryBuilder data;
  arrow::StringBuilder uri;
  auto valid = arrow::AllocateBitmap(static_cast<int64_t>(values.size())).ValueOrDie();
  for (size_t i = 0; i < values.size(); ++i) {
    const bool external = values[i] == "uri";
    ASSERT_OK(!values[i] || external ? data.AppendNull() : data.Append(*values[i]));
    ASSERT_OK(external ? uri.Append("file:///tmp/x") : uri.AppendNull());
    arrow::bit_util::SetBitTo(valid->mutable_data(), static_cast<int64_t>(i), values[i].has_value());
  }
  arrow::ArrayVector members = {data.Finish().ValueOrDie(), uri.Finish().ValueOrDie()};
  auto array = std::make_shared<arrow::StructArray>(field->type(), values.size(), members, valid);
  auto store = store::MakeMemoryStore("writer-test-sidecars");
  WriteOptions options;
  options.create_sidecar = [&](uint32_t id) { return store->Create("side" + std::to_string(id)); };
  ASSERT_OK_AND_ASSIGN(Written written, WriteFile({BatchOf(field, array)}, options));
  EXPECT_THAT(written.info.fields, ::testing::ElementsAre(0));
  const schema::Schema& stored = written.file->schema();
  ASSERT_EQ(stored.fields[0].children.size(), 5u);
  RowRanges rows = {{0, values.size()}};
  ASSERT_OK_AND_ASSIGN(auto batch, written.file->Read(stored, rows));
  ASSERT_OK_AND_ASSIGN(auto places, encoding::LocateBlobs(*batch->column_data(0)));
  using encoding::BlobKind;
  const std::vector<std::optional<BlobKind>> kinds = {
      BlobKind::kInline,    std::nullopt,      BlobKind::kInline,  BlobKind::kPacked,
      BlobKind::kDedicated, BlobKind::kPacked, BlobKind::kExternal};
  for (size_t i = 0; i < kinds.size(); ++i) {
    ASSERT_EQ(places[i].has_value(), kinds[i].has_value()) << i;
    if (kinds[i]) {
      EXPECT_EQ(places[i]->kind, *kinds[i]) << i;
    }
  }
  EXPECT_EQ(places[6]->uri, "file:///tmp/x");
  EXPECT_EQ(places[5]->position, 70'000u);
  EXPECT_EQ(places[5]->blob_id, places[3]->blob_id);
  ASSERT_OK_AND_ASSIGN(auto pack, store->Get("side" + std::to_string(places[3]->blob_id)));
  EXPECT_EQ(pack->ToString(), *values[3] + *values[5]);
  ASSERT_OK_AND_ASSIGN(auto alone, store->Get("side" + std::to_string(places[4]->blob_id)));
  EXPECT_EQ(alone->size(), 5 << 20);
  // Without sidecars all bytes lie in the file.
  ASSERT_OK_AND_ASSIGN(Written inside, WriteFile({BatchOf(field, array->Slice(0, 6))}, {}));
  rows = {{0, 6}};
  ASSERT_OK_AND_ASSIGN(auto bytes, inside.file->Read(inside.file->schema(), rows, BlobHandling::kBytes));
  const auto& read = static_cast<const arrow::LargeBinaryArray&>(*bytes->column(0));
  for (int64_t i = 0; i < 6; ++i) {
    ASSERT_EQ(read.IsNull(i), !values[static_cast<size_t>(i)].has_value());
    if (!read.IsNull(i)) {
      EXPECT_EQ(read.GetView(i), *values[static_cast<size_t>(i)]);
    }
  }
  EXPECT_ERROR(
      ErrorKind::kInvalidArgument, "exactly one of `data` and `uri`",
      WriteFile({BatchOf(field, std::make_shared<arrow::StructArray>(field->type(), 7, members))}, {})
          .status());
}

TEST(FileWriter, KeepsGlobalBuffersAndMetadata) {
  auto store = store::MakeMemoryStore("writer-test-globals");
  ASSERT_OK_AND_ASSIGN(auto schema, schema::FromArrow(*arrow::schema({Nullable(arrow::int32())})));
  ASSERT_OK_AND_ASSIGN(auto object, store->Create("f"));
  ASSERT_OK_AND_ASSIGN(auto writer, FileWriter::Make(std::move(object), schema));
  const std::string bytes = "bytes of the caller";
  ASSERT_OK_AND_ASSIGN(uint32_t index, writer->AddGlobalBuffer(
                                           {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
  EXPECT_EQ(index, 1u);
  writer->AddSchemaMetadata("key", "value");
  ASSERT_OK_AND_ASSIGN(WrittenFile written, writer->Finish());
  EXPECT_EQ(written.num_rows, 0u);
  EXPECT_THAT(written.fields, ::testing::ElementsAre(0));
  EXPECT_THAT(written.column_indices, ::testing::ElementsAre(0));
  ASSERT_OK_AND_ASSIGN(auto readable, store->Open("f"));
  ASSERT_OK_AND_ASSIGN(auto file, FileReader::Open(readable));
  EXPECT_EQ(file->schema().metadata.at("key"), "value");
  ASSERT_OK_AND_ASSIGN(auto buffer, file->ReadGlobalBuffer(1));
  EXPECT_EQ(buffer->ToString(), bytes);
}

TEST(FileWriter, ListsOnlyLeavesAsFields) {
  auto field = arrow::field("a", arrow::struct_({arrow::field("x", arrow::int32()),
                                                 arrow::field("l", arrow::list(arrow::utf8()))}));
  RandomArrays random(3, {});
  ASSERT_OK_AND_ASSIGN(Written written, WriteFile({BatchOf(field, random.Make(*field, 10))}, {}));
  EXPECT_THAT(written.info.fields, ::testing::ElementsAre(1, 3));
  EXPECT_THAT(written.info.column_indices, ::testing::ElementsAre(0, 1));
}

TEST(FileWriter, FindsColumnsAndMembersByName) {
  auto wanted = arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())});
  auto turned = arrow::struct_({arrow::field("y", arrow::utf8()), arrow::field("z", arrow::int8()),
                                arrow::field("x", arrow::int32())});
  ASSERT_OK_AND_ASSIGN(auto schema, schema::FromArrow(*arrow::schema({arrow::field("s", wanted)})));
  RandomArrays random(8, {});
  auto array = random.Make(*arrow::field("s", turned), 100);
  auto other = random.Make(*arrow::field("o", arrow::int8()), 100);
  auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("o", arrow::int8()), arrow::field("s", turned)}), 100, {other, array});
  ASSERT_OK_AND_ASSIGN(Written written, WriteFile({batch}, {}, schema));
  RowRanges rows = {{0, 100}};
  ASSERT_OK_AND_ASSIGN(auto read, written.file->Read(schema, rows));
  const auto& from = static_cast<const arrow::StructArray&>(*array);
  const auto& to = static_cast<const arrow::StructArray&>(*read->column(0));
  EXPECT_TRUE(to.GetFlattenedField(0).ValueOrDie()->Equals(*from.GetFlattenedField(2).ValueOrDie()));
  EXPECT_TRUE(to.GetFlattenedField(1).ValueOrDie()->Equals(*from.GetFlattenedField(0).ValueOrDie()));
}

TEST(FileWriter, RefusesWhatTheSchemaForbids) {
  auto schema = schema::FromArrow(*arrow::schema({arrow::field("a", arrow::int32(), false)})).ValueOrDie();
  RandomArrays random(3, {0.5});
  auto write = [&](const arrow::Field& field) {
    auto array = random.Make(field, 50);
    return WriteFile({BatchOf(field.WithName(field.name()), array)}, {}, schema).status();
  };
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "not nullable", write(*arrow::field("a", arrow::int32())));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "has the type int64", write(*arrow::field("a", arrow::int64())));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "no column a", write(*arrow::field("b", arrow::int32())));
}

TEST(FileWriter, CutsPagesOnRows) {
  auto field = Nullable(arrow::list(arrow::list(arrow::int32())));
  // A row of 100,000 empty lists has more levels than a chunk can say.
  auto inner = std::make_shared<arrow::Int32Builder>();
  auto middle = std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(), inner);
  arrow::ListBuilder outer(arrow::default_memory_pool(), middle);
  for (int row = 0; row < 20; ++row) {
    ASSERT_OK(outer.Append());
    for (int i = 0; i < (row % 3 == 0 ? 100'000 : 5); ++i) ASSERT_OK(middle->AppendEmptyValue());
    ASSERT_OK(middle->Append());
    ASSERT_OK(inner->AppendValues({row, row + 1}));
  }
  auto array = outer.Finish().ValueOrDie();
  for (int minor : {1, 2}) {
    WriteOptions options;
    options.version = {2, minor};
    std::string description;
    ASSERT_OK(RoundTrip(field, {array}, options, &description));
  }
}

TEST(FileWriter, AbortsWhatWasNotFinished) {
  auto store = store::MakeMemoryStore("writer-test-abort");
  ASSERT_OK_AND_ASSIGN(auto schema, schema::FromArrow(*arrow::schema({Nullable(arrow::int32())})));
  {
    ASSERT_OK_AND_ASSIGN(auto object, store->Create("f"));
    ASSERT_OK_AND_ASSIGN(auto writer, FileWriter::Make(std::move(object), schema));
  }
  ASSERT_OK_AND_ASSIGN(bool exists, store->Exists("f"));
  EXPECT_FALSE(exists);
}

}  // namespace
}  // namespace lance::file
