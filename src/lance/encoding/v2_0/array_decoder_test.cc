// Pages made by hand: the encodings that today's writer no longer makes but older releases did, and what must
// be refused. What it does make is tested against its own files in file/old_versions_test.cc.
#include <arrow/api.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <zstd.h>

#include "lance/encoding/v2_0/describe.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/encoding/v2_0/old_file_for_tests.h"

namespace lance::encoding::v2_0 {
namespace {

class OldPage : public testing::Test {
 protected:
  std::shared_ptr<OldFileForTests> file = std::make_shared<OldFileForTests>();
  pb20::ArrayEncoding encoding;

  static void SetFlat(pb20::ArrayEncoding* node, uint64_t bits, uint32_t buffer,
                      const char* scheme = nullptr) {
    node->mutable_flat()->set_bits_per_value(bits);
    node->mutable_flat()->mutable_buffer()->set_buffer_index(buffer);
    if (scheme != nullptr) node->mutable_flat()->mutable_compression()->set_scheme(scheme);
  }

  /// Reads `rows` of a column that consists of `encoding`.
  Result<std::shared_ptr<arrow::Array>> Read(const std::shared_ptr<arrow::DataType>& type, uint64_t num_rows,
                                             std::vector<ByteRange> buffers, RowRanges rows = {}) {
    const int column = file->AddColumn(0);
    file->AddPage(column, encoding, num_rows, std::move(buffers));
    if (rows.empty()) rows = {{0, num_rows}};
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenLeaf(column, type, file));
    return Run(reader.get(), rows);
  }
  Result<std::shared_ptr<arrow::Array>> Run(FieldReader* reader, const RowRanges& rows) {
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan(rows));
    ARROW_ASSIGN_OR_RAISE(auto buffers, file->ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(auto data, task->Decode(std::move(buffers)));
    auto array = arrow::MakeArray(data);
    ARROW_RETURN_NOT_OK(array->ValidateFull());
    return array;
  }
  /// Values as a reader of the test writes them: [1, null, "a"].
  static std::string Text(const arrow::Array& array) {
    std::string out;
    for (int64_t i = 0; i < array.length(); ++i) {
      auto scalar = array.GetScalar(i).ValueOrDie();
      out += i == 0 ? "" : ", ";
      if (!scalar->is_valid) {
        out += "null";
      } else if (arrow::is_base_binary_like(scalar->type->id())) {
        out += "\"" + static_cast<const arrow::BaseBinaryScalar&>(*scalar).value->ToString() + "\"";
      } else {
        out += scalar->ToString();
      }
    }
    return "[" + out + "]";
  }
  static void ExpectJson(const Result<std::shared_ptr<arrow::Array>>& actual, const char* json) {
    ASSERT_TRUE(actual.ok()) << actual.status().ToString();
    EXPECT_EQ(Text(**actual), json);
  }
  static void ExpectError(const Result<std::shared_ptr<arrow::Array>>& actual, ErrorKind kind,
                          const char* text) {
    ASSERT_FALSE(actual.ok()) << (*actual)->ToString();
    EXPECT_TRUE(Is(actual.status(), kind)) << actual.status().ToString();
    EXPECT_NE(actual.status().message().find(text), std::string::npos) << actual.status().ToString();
    EXPECT_NE(actual.status().message().find(", page 0: "), std::string::npos) << actual.status().ToString();
  }
  /// 0, 1, 2 ... packed at `width` bits, LSB first.
  static std::string Pack(const std::vector<uint64_t>& values, unsigned width) {
    std::string out((values.size() * width + 7) / 8, '\0');
    size_t bit = 0;
    for (uint64_t value : values) {
      for (unsigned i = 0; i < width; ++i, ++bit) {
        if (value >> i & 1) out[bit / 8] = static_cast<char>(out[bit / 8] | 1 << (bit % 8));
      }
    }
    return out;
  }
};

TEST_F(OldPage, UnpacksUnsignedBits) {
  auto* packed = encoding.mutable_nullable()->mutable_no_nulls()->mutable_values()->mutable_bitpacked();
  packed->set_compressed_bits_per_value(3);
  packed->set_uncompressed_bits_per_value(32);
  packed->mutable_buffer()->set_buffer_index(0);
  auto buffer = file->Put(Pack({7, 0, 5, 2, 1, 6, 3, 4, 7}, 3));
  ExpectJson(Read(arrow::uint32(), 9, {buffer}), "[7, 0, 5, 2, 1, 6, 3, 4, 7]");
  ExpectJson(Read(arrow::uint32(), 9, {buffer}, {{2, 1}, {5, 4}}), "[5, 6, 3, 4, 7]");
}

TEST_F(OldPage, WidensTheSignOfPackedBits) {
  auto* packed = encoding.mutable_bitpacked();
  packed->set_compressed_bits_per_value(5);
  packed->set_uncompressed_bits_per_value(16);
  packed->set_signed_(true);
  auto buffer = file->Put(Pack({31, 15, 16, 0, 30}, 5));
  ExpectJson(Read(arrow::int16(), 5, {buffer}), "[-1, 15, -16, 0, -2]");
}

TEST_F(OldPage, UnpacksBitsOfEveryWidth) {
  for (unsigned width = 1; width <= 64; ++width) {
    std::vector<uint64_t> values;
    for (uint64_t i = 0; i < 40; ++i) {
      values.push_back(i * 0x9E3779B97F4A7C15 >> (64 - width));
    }
    auto* packed = encoding.mutable_bitpacked();
    packed->set_compressed_bits_per_value(width);
    packed->set_uncompressed_bits_per_value(64);
    auto array = Read(arrow::uint64(), 40, {file->Put(Pack(values, width))}, {{1, 3}, {7, 33}}).ValueOrDie();
    const auto* read = static_cast<const arrow::UInt64Array&>(*array).raw_values();
    EXPECT_EQ(std::vector<uint64_t>(read, read + 3),
              std::vector<uint64_t>(values.begin() + 1, values.begin() + 4));
    EXPECT_EQ(std::vector<uint64_t>(read + 3, read + 36),
              std::vector<uint64_t>(values.begin() + 7, values.end()))
        << width;
  }
}

// FastLanes order for 32-bit words: value i lies in lane i % 32; row r of the lane holds
// values ORDER[r / 8] * 16 + (r % 8) * 128 + lane.
TEST_F(OldPage, UnpacksFastLanesBlocks) {
  constexpr unsigned kWidth = 11;
  constexpr unsigned kOrder[] = {0, 4, 2, 6, 1, 5, 3, 7};
  std::vector<uint32_t> words;
  for (uint32_t block = 0; block < 3; ++block) {
    std::vector<uint32_t> packed(kWidth * 32, 0);
    for (unsigned lane = 0; lane < 32; ++lane) {
      for (unsigned row = 0; row < 32; ++row) {
        const uint32_t index = kOrder[row / 8] * 16 + row % 8 * 128 + lane;
        const uint64_t value = (block * 1024 + index) % 2048;
        const unsigned bit = row * kWidth;
        const uint64_t shifted = value << (bit % 32);
        packed[32 * (bit / 32) + lane] |= static_cast<uint32_t>(shifted);
        if (shifted >> 32 != 0) packed[32 * (bit / 32 + 1) + lane] |= static_cast<uint32_t>(shifted >> 32);
      }
    }
    words.insert(words.end(), packed.begin(), packed.end());
  }
  auto* packed = encoding.mutable_bitpacked_for_non_neg();
  packed->set_compressed_bits_per_value(kWidth);
  packed->set_uncompressed_bits_per_value(32);
  auto buffer = file->PutValues(words);
  const RowRanges rows{{0, 1}, {1023, 2}, {1030, 1000}, {2048, 452}};
  auto array = Read(arrow::int32(), 2500, {buffer}, rows).ValueOrDie();
  int64_t at = 0;
  for (const RowRange& range : rows) {
    for (uint64_t row = range.start; row < range.end(); ++row, ++at) {
      ASSERT_EQ(static_cast<const arrow::Int32Array&>(*array).Value(at), static_cast<int32_t>(row % 2048))
          << row;
    }
  }
  ExpectError(Read(arrow::int32(), 3073, {buffer}), ErrorKind::kCorruption, "do not fit a buffer");
}

TEST_F(OldPage, ExpandsBuffersInAllFormsThatReleasesWrote) {
  std::vector<int64_t> values(500);
  for (int64_t i = 0; i < 500; ++i) values[i] = i / 7;
  const std::string_view raw(reinterpret_cast<const char*>(values.data()), 4000);
  std::string zstd(ZSTD_compressBound(raw.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), raw.data(), raw.size(), 3));
  std::string lz4(LZ4_compressBound(4000), '\0');
  lz4.resize(LZ4_compress_default(raw.data(), lz4.data(), 4000, static_cast<int>(lz4.size())));
  const uint64_t size64 = 4000;
  const uint32_t size32 = 4000;
  const std::string prefixed = std::string(reinterpret_cast<const char*>(&size64), 8) + zstd;
  const std::string block = std::string(reinterpret_cast<const char*>(&size32), 4) + lz4;
  for (const auto& [scheme, bytes] :
       {std::pair("zstd", zstd), {"zstd", prefixed}, {"lz4", block}, {"none", std::string(raw)}}) {
    SetFlat(&encoding, 64, 0, scheme);
    auto array = Read(arrow::int64(), 500, {file->Put(bytes)}, {{3, 1}, {100, 400}}).ValueOrDie();
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*array).Value(0), 0);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*array).Value(400), 71);
    if (std::string(scheme) == "none") continue;
    ExpectError(Read(arrow::int64(), 501, {file->Put(bytes)}), ErrorKind::kCorruption, "needs 4008");
    ExpectError(Read(arrow::int64(), 500, {file->Put(bytes.substr(0, bytes.size() - 5))}),
                ErrorKind::kCorruption, "");
  }
  SetFlat(&encoding, 64, 0, "snappy");
  ExpectError(Read(arrow::int64(), 500, {file->Put(raw)}), ErrorKind::kNotSupported, "'snappy'");
}

TEST_F(OldPage, DoesNotBelieveAbsurdCompressedSizes) {
  const uint64_t size = uint64_t{1} << 60;
  auto* binary = encoding.mutable_binary();
  SetFlat(binary->mutable_indices(), 64, 0);
  SetFlat(binary->mutable_bytes(), 8, 1, "zstd");
  binary->set_null_adjustment(100);
  auto ends = file->PutValues<uint64_t>({1, 2});
  auto bytes = file->Put(std::string(reinterpret_cast<const char*>(&size), 8) + "0123456789");
  ExpectError(Read(arrow::utf8(), 2, {ends, bytes}), ErrorKind::kCorruption, "cannot expand");
}

TEST_F(OldPage, ReadsStringsOfOneWidth) {
  auto* some = encoding.mutable_nullable()->mutable_some_nulls();
  SetFlat(some->mutable_validity(), 1, 0);
  auto* fixed = some->mutable_values()->mutable_fixed_size_binary();
  fixed->set_byte_width(3);
  SetFlat(fixed->mutable_bytes(), 8, 1);
  auto validity = file->Put(std::string("\x0b", 1));
  auto bytes = file->Put("abcdefghijkl");
  ExpectJson(Read(arrow::utf8(), 4, {validity, bytes}), R"(["abc", "def", null, "jkl"])");
  ExpectJson(Read(arrow::large_binary(), 4, {validity, bytes}, {{1, 1}, {3, 1}}), R"(["def", "jkl"])");
  ExpectError(Read(arrow::utf8(), 5, {validity, bytes}), ErrorKind::kCorruption, "do not fit a buffer");
}

TEST_F(OldPage, ReadsStringsStoredAsListsOfBytes) {
  auto* list = encoding.mutable_list();
  SetFlat(list->mutable_offsets()->mutable_nullable()->mutable_no_nulls()->mutable_values(), 64, 0);
  list->set_num_items(6);
  list->set_null_offset_adjustment(7);
  const int strings = file->AddColumn(5);
  file->AddPage(strings, encoding, 4, {file->PutValues<uint64_t>({2, 9, 2, 6})});
  pb20::ArrayEncoding bytes;
  SetFlat(&bytes, 8, 0);
  file->AddPage(file->AddColumn(-1), bytes, 6, {file->Put("abcdef")});
  schema::Field field;
  field.name = "s";
  field.id = 5;
  field.logical_type = "string";
  auto reader = OpenField(field, {}, file).ValueOrDie();
  ExpectJson(Run(reader.get(), {{0, 4}}), R"(["ab", null, "", "cdef"])");
  ExpectJson(Run(reader.get(), {{1, 1}, {3, 1}}), R"([null, "cdef"])");
}

TEST_F(OldPage, LooksThroughZoneMaps) {
  pb20::ColumnEncoding zones;
  zones.mutable_zone_index()->set_rows_per_zone(10);
  zones.mutable_zone_index()->mutable_inner()->mutable_values();
  const int column = file->AddColumn(1, zones);
  SetFlat(&encoding, 32, 0);
  file->AddPage(column, encoding, 2, {file->PutValues<int32_t>({4, 5})});
  schema::Field field;
  field.name = "i";
  field.id = 1;
  field.logical_type = "int32";
  auto reader = OpenField(field, {}, file).ValueOrDie();
  ExpectJson(Run(reader.get(), {{0, 2}}), "[4, 5]");
}

TEST_F(OldPage, LeavesOutEmptyPages) {
  SetFlat(&encoding, 32, 0);
  const int column = file->AddColumn(0);
  file->AddPage(column, pb20::ArrayEncoding(), 0, {});
  file->AddPage(column, encoding, 2, {file->PutValues<int32_t>({1, 2})});
  file->AddPage(column, pb20::ArrayEncoding(), 0, {});
  file->AddPage(column, encoding, 1, {file->PutValues<int32_t>({3})});
  auto reader = OpenLeaf(column, arrow::int32(), file).ValueOrDie();
  EXPECT_EQ(reader->num_rows(), 3u);
  EXPECT_EQ(reader->PageStarts(), (std::vector<uint64_t>{0, 2}));
  ExpectJson(Run(reader.get(), {{1, 2}}), "[2, 3]");
  EXPECT_TRUE(Is(reader->Plan(RowRanges{{2, 2}}).status(), ErrorKind::kCorruption));
}

TEST_F(OldPage, TakesFewBytesForFewStrings) {
  std::vector<uint64_t> ends;
  std::string bytes;
  for (int i = 0; i < 10000; ++i) {
    bytes += "value number " + std::to_string(i);
    ends.push_back(bytes.size());
  }
  auto* binary = encoding.mutable_binary();
  SetFlat(binary->mutable_indices(), 64, 0);
  SetFlat(binary->mutable_bytes(), 8, 1);
  binary->set_null_adjustment(bytes.size() + 1);
  const std::vector<ByteRange> buffers{file->PutValues(ends), file->Put(bytes)};
  ExpectJson(Read(arrow::utf8(), 10000, buffers, {{0, 1}, {5000, 2}, {9999, 1}}),
             R"(["value number 0", "value number 5000", "value number 5001", "value number 9999"])");
  EXPECT_EQ(file->num_reads, 2u);
  EXPECT_LE(file->num_bytes_read, 200u);
  file->num_reads = 0;
  ASSERT_TRUE(Read(arrow::utf8(), 10000, buffers).ok());
  EXPECT_EQ(file->num_reads, 1u) << "a whole page is read at once";
}

TEST_F(OldPage, HandsOutPlainValuesWithoutACopy) {
  SetFlat(&encoding, 32, 0);
  const int column = file->AddColumn(0);
  file->AddPage(column, encoding, 4, {file->PutValues<int32_t>({1, 2, 3, 4})});
  auto reader = OpenLeaf(column, arrow::int32(), file).ValueOrDie();
  auto task = reader->Plan(RowRanges{{0, 4}}).ValueOrDie();
  auto buffers = file->ReadMany(task->ranges()).ValueOrDie();
  const uint8_t* data = buffers[0]->data();
  EXPECT_EQ(task->Decode(buffers).ValueOrDie()->buffers[1]->data(), data);
}

TEST_F(OldPage, JoinsDifferentDictionariesOfPages) {
  auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const int column = file->AddColumn(0);
  auto add = [&](std::vector<int8_t> codes, std::vector<uint64_t> ends, const char* bytes) {
    pb20::ArrayEncoding page;
    SetFlat(page.mutable_dictionary()->mutable_indices(), 8, 0);
    auto* items = page.mutable_dictionary()->mutable_items()->mutable_binary();
    SetFlat(items->mutable_indices(), 64, 1);
    SetFlat(items->mutable_bytes(), 8, 2);
    items->set_null_adjustment(100);
    page.mutable_dictionary()->set_num_dictionary_items(static_cast<uint32_t>(ends.size()));
    file->AddPage(column, page, codes.size(),
                  {file->PutValues(codes), file->PutValues(ends), file->Put(bytes)});
  };
  add({0, 1, 0}, {1, 3}, "abb");            // a, bb
  add({1, 0, 2, 1}, {2, 5, 105}, "bbccc");  // bb, ccc, null
  auto reader = OpenLeaf(column, type, file).ValueOrDie();
  auto array = Run(reader.get(), {{0, 7}}).ValueOrDie();
  const auto& read = static_cast<const arrow::DictionaryArray&>(*array);
  auto text = [&](int64_t i) {
    return read.IsNull(i)
               ? "null"
               : static_cast<const arrow::StringArray&>(*read.dictionary()).GetString(read.GetValueIndex(i));
  };
  std::vector<std::string> texts;
  for (int64_t i = 0; i < read.length(); ++i) texts.push_back(text(i));
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "bb", "a", "ccc", "bb", "null", "ccc"}));
}

TEST_F(OldPage, RefusesWhatContradictsItself) {
  SetFlat(&encoding, 32, 3);
  auto buffer = file->PutValues<int32_t>({1, 2, 3});
  ExpectError(Read(arrow::int32(), 3, {buffer}), ErrorKind::kCorruption, "page buffer 3 of 1");
  SetFlat(&encoding, 64, 0);
  ExpectError(Read(arrow::int32(), 1, {buffer}), ErrorKind::kCorruption, "8-byte values");
  SetFlat(&encoding, 32, 0);
  ExpectError(Read(arrow::int32(), 4, {buffer}), ErrorKind::kCorruption, "4 values of 4 bytes");
  ExpectError(Read(arrow::int32(), uint64_t{1} << 62, {buffer}), ErrorKind::kCorruption, "");
  SetFlat(&encoding, 5, 0);
  ExpectError(Read(arrow::int32(), 1, {buffer}), ErrorKind::kCorruption, "5 bits");
  encoding.mutable_constant();
  ExpectError(Read(arrow::int32(), 1, {buffer}), ErrorKind::kNotSupported, "constant");
  encoding.Clear();
  ExpectError(Read(arrow::int32(), 1, {buffer}), ErrorKind::kNotSupported, "does not have");
}

TEST_F(OldPage, RefusesDescendingStringEnds) {
  auto* binary = encoding.mutable_binary();
  SetFlat(binary->mutable_indices(), 64, 0);
  SetFlat(binary->mutable_bytes(), 8, 1);
  binary->set_null_adjustment(6);
  auto bytes = file->Put("abcde");
  ExpectJson(Read(arrow::utf8(), 3, {file->PutValues<uint64_t>({2, 8, 5}), bytes}), R"(["ab", null, "cde"])");
  ExpectError(Read(arrow::utf8(), 3, {file->PutValues<uint64_t>({2, 1, 5}), bytes}), ErrorKind::kCorruption,
              "descend");
  ExpectError(Read(arrow::utf8(), 3, {file->PutValues<uint64_t>({2, 7, 5}), bytes}), ErrorKind::kCorruption,
              "descend");
  binary->set_null_adjustment(1000);
  ExpectError(Read(arrow::utf8(), 3, {file->PutValues<uint64_t>({2, 4, 6}), bytes}), ErrorKind::kCorruption,
              "byte 6 of 5");
}

TEST_F(OldPage, RefusesDictionaryCodesOutsideTheDictionary) {
  auto* dictionary = encoding.mutable_dictionary();
  SetFlat(dictionary->mutable_indices(), 8, 0);
  auto* items = dictionary->mutable_items()->mutable_binary();
  SetFlat(items->mutable_indices(), 64, 1);
  SetFlat(items->mutable_bytes(), 8, 2);
  items->set_null_adjustment(100);
  dictionary->set_num_dictionary_items(2);
  auto ends = file->PutValues<uint64_t>({1, 3});
  auto bytes = file->Put("abb");
  ExpectJson(Read(arrow::utf8(), 3, {file->PutValues<uint8_t>({2, 0, 1}), ends, bytes}),
             R"(["bb", null, "a"])");
  ExpectError(Read(arrow::utf8(), 3, {file->PutValues<uint8_t>({2, 0, 3}), ends, bytes}),
              ErrorKind::kCorruption, "code 3");
  ExpectError(
      Read(arrow::dictionary(arrow::int8(), arrow::utf8()), 1, {file->PutValues<uint8_t>({2}), ends, bytes}),
      ErrorKind::kCorruption, "index 2 of 2");
}

TEST(DescribeOldEncoding, NamesEveryPart) {
  pb20::ArrayEncoding encoding;
  auto* some = encoding.mutable_nullable()->mutable_some_nulls();
  some->mutable_validity()->mutable_flat()->set_bits_per_value(1);
  some->mutable_values()->mutable_flat()->set_bits_per_value(32);
  some->mutable_values()->mutable_flat()->mutable_compression()->set_scheme("zstd");
  EXPECT_EQ(DescribeEncoding(encoding.SerializeAsString()), "nullable(flat(32, zstd), validity flat(1))");
  EXPECT_EQ(DescribeEncoding("\xff\xff"), "invalid array encoding");
}

}  // namespace
}  // namespace lance::encoding::v2_0
